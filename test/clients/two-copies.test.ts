import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import OpenAI from 'openai'
import { expect, onTestFinished, test } from 'vitest'
import type * as Client from '../../src/clients/openai.ts'
import type * as Package from '../../src/index.ts'
import { Purser } from '../../src/purser.ts'
import { root } from '../cli/run-purser.ts'
import { openTemporaryLedger, temporaryFolder } from '../ledger/temporary-ledger.ts'
import { pay, usd } from '../runs/paid-call.ts'
import { cardsOf, openWire } from './wire.ts'

/** The package once more, as another version of a dependency brings it. */
async function secondCopy(): Promise<{ readonly Purser: typeof Package.Purser; readonly wrap: typeof Client.wrap }> {
  const folder = temporaryFolder()
  for (const part of ['src', 'catalog', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const load = (path: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(join(folder, 'src', path)).href)
  const copy = (await load('index.ts')) as typeof Package
  return { Purser: copy.Purser, wrap: ((await load('clients/openai.ts')) as typeof Client).wrap }
}

test('a run keeps the calls of another copy of the package within its cap', async () => {
  const purser = await openTemporaryLedger()
  const copy = await secondCopy()
  expect(copy.Purser).not.toBe(Purser)
  const other = await copy.Purser.open({ db: purser.location })
  onTestFinished(() => other.close())
  let made = 0
  const ended = await purser.run({ id: 'r', project: 'film', budget: '1.00' }, async (run) => {
    await run.stage('paint', async () => {
      for (; made < 5; made += 1) await pay(other as unknown as Purser, '0.40')
    })
  })
  // Twice $0.40 are $0.80, which leaves $0.20.
  expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', limit: usd(1), spent: usd(0.8), asked: usd(0.4) } })
  expect(made).toBe(2)
  expect((await purser.costs({ groupBy: ['run', 'stage', 'project'] })).rows).toMatchObject([
    { key: ['r', 'paint', 'film'], costNanos: usd(0.8), calls: 2 },
  ])
})

test('and those of a client that the other copy wrapped, whose refusal pauses it', async () => {
  const purser = await openTemporaryLedger({ ownerCards: cardsOf('openai') })
  const copy = await secondCopy()
  const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  const wire = await openWire(({ json, number }) =>
    json({ id: `c-${number}`, object: 'chat.completion', created: 1, model: 'test-model', choices, usage }),
  )
  const openai = copy.wrap(new OpenAI({ apiKey: 'k', baseURL: `${wire.url}/v1` }), purser, { provider: 'openai' })
  const body = { model: 'test-model', max_tokens: 1000, messages: [{ role: 'user' as const, content: 'Hello' }] }
  // An answer may be 1,000 tokens of $0.00001, and comes to $0.0006: of $0.0105 one call fits, and with what it came to the next does not.
  const ended = await purser.run({ id: 'r', budget: '0.0105' }, (run) =>
    run.stage('write', async () => {
      for (let call = 0; call < 3; call += 1) await openai.chat.completions.create(body)
    }),
  )
  expect(ended).toMatchObject({ state: 'paused', limit: { budget: 'run', spent: 600_000n } })
  expect(wire.seen).toHaveLength(1)
})
