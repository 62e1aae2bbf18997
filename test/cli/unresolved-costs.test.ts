import { join } from 'node:path'
import { expect, test } from 'vitest'
import { costsShape } from '../../src/json/json-shapes.ts'
import { Purser } from '../../src/purser.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { done } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

const flat = (text: string): string => text.replace(/\s+/g, ' ')

// gpt-4o is $2.50 and $10 a million: 2 bytes, 256 tokens for the request and 16 for the message are 274 × 2,500 = 685,000 nanos, and
// an answer of one token 10,000: $0.000695.
const body = { model: 'gpt-4o', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] }

/** A call whose answer says nothing of usage, as some gateways send it. */
async function unreadableCall(machine: Machine, labels: Readonly<Record<string, string>>): Promise<string> {
  const options = { db: join(machine.folder, 'ledger.db'), serviceTiers: { openai: ['standard'] as const }, onWarning: () => undefined }
  const purser = await Purser.open(options)
  const called = await purser.call({ request: { provider: 'openai', api: 'chat', body }, labels }, async () => ({ id: 'x', choices: [] }))
  if (!called.granted) throw new Error(called.message)
  expect(await called.booked).toEqual({ charge: null, outcome: 'kept' })
  await purser.close()
  return called.hold ?? ''
}

async function budgetedMachine(): Promise<Machine> {
  const machine = newMachine()
  machine.write('purser.yaml', 'db: ledger.db\n')
  await done(machine, ['budgets', 'set', 'daily', '--limit', '5', '--window', 'day'])
  return machine
}

test('a call whose answer carries no usage is told where the costs show no call', async () => {
  const machine = await budgetedMachine()
  await unreadableCall(machine, { project: 'film' })
  await unreadableCall(machine, { project: 'other' })
  const none = { presumedHolds: 0, presumedUsd: 0, presumedNanos: '0', openHolds: 0, openUsd: 0, openNanos: '0' }
  const both = { ...none, openHolds: 2, openUsd: 0.00139, openNanos: '1390000' }
  expect(await machine.json(costsShape, ['costs'])).toMatchObject({ total: { calls: 0 }, unresolved: both })
  const asked = async (...args: string[]) => (await machine.json(costsShape, ['costs', ...args])).unresolved
  const one = { ...none, openHolds: 1, openUsd: 0.000695, openNanos: '695000' }
  expect(await asked('--where', 'project=film')).toEqual(one)
  expect(await asked('--where', 'project=film|other')).toEqual(both)
  expect(await asked('--where', 'project!=film', '--period', 'today')).toEqual(one)
  expect(await asked('--where', 'provider=openai')).toEqual(both)
  expect(await asked('--where', 'service=acme')).toEqual(none)
  expect(await asked('--until', '2026-01-01')).toEqual(none)
  // How a call ended is known of booked ones only.
  expect(await asked('--where', 'outcome=ok')).toBeNull()
  expect(flat((await machine.run(['costs', '--where', 'project=film'])).out)).toContain(
    'held: $0.000695 in 1 open hold, no part of the cost: of a call under way, or with an answer that could not be read.',
  )
  expect((await machine.run(['costs', '--where', 'outcome=ok'])).out).not.toContain('held:')
})

test('once its hold ran out it is told as presumed, until somebody says what it came to', async () => {
  const machine = await budgetedMachine()
  const path = join(machine.folder, 'ledger.db')
  const hold = await unreadableCall(machine, { project: 'film' })
  // An hour later, when holds of ten minutes have run out.
  const later = openSqliteStore({ path, create: false, timezone: 'UTC', subjects: defaultSubjects, now: () => Date.now() + 3_600_000 })
  expect(await later.gate('holds', {})).toMatchObject([{ id: hold, state: 'presumed' }])
  await later.close()
  expect((await machine.json(costsShape, ['costs'])).unresolved).toMatchObject({ presumedHolds: 1, presumedUsd: 0.000695, openHolds: 0 })
  expect(flat((await machine.run(['costs'])).out)).toContain(
    'presumed: $0.000695 in 1 hold, no part of the cost: nobody knows what that call came to. `purser hold list` shows it.',
  )
  await done(machine, ['hold', 'resolve', hold, '--cost', '0.10'])
  const resolved = await machine.json(costsShape, ['costs'])
  expect(resolved).toMatchObject({ total: { costUsd: 0.1 }, unresolved: { presumedHolds: 0, presumedNanos: '0' } })
})

test('the cap that is held for a run as a whole is no call', async () => {
  const machine = await budgetedMachine()
  const purser = await Purser.open({ db: join(machine.folder, 'ledger.db') })
  await purser.run({ id: 'film-7', budget: '1.00' }, async () => {
    expect((await machine.json(costsShape, ['costs'])).unresolved).toMatchObject({ openHolds: 0, presumedHolds: 0 })
  })
  await purser.close()
})
