import { describe, expect, test } from 'vitest'
import type { Card } from '../../src/pricing/card.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const old = acmeCard('aged', { inputTokens: '0.000000004' }, { validUntil: '2026-03-01', aliases: ['elder'] })
const young = acmeCard('aged', { inputTokens: '0.000000003' }, { validFrom: '2026-03-01', aliases: ['elder'] })

async function started(): Promise<RunningServer> {
  return RunningServer.start(
    {},
    await openTemporaryLedger({ ownerCards: [young, old, acmeCard('org/large', { outputTokens: '0.00000002' })] }),
  )
}

describe('the catalog over HTTP', () => {
  test('lists providers, the models of one, and models by a part of their name', async () => {
    const server = await started()
    const { body } = await server.ask('GET', '/catalog')
    expect((body as { providers: unknown[] }).providers).toContainEqual({ provider: 'acme', models: 2 })
    const models = async (query: string) => ((await server.ask('GET', `/catalog?${query}`)).body as { models: { model: string }[] }).models
    expect(await models('provider=acme')).toMatchObject([
      { model: 'aged', origin: 'owner', validFrom: '2026-03-01' },
      { model: 'aged', validFrom: null },
      { model: 'org/large' },
    ])
    expect((await models('search=ELDER')).map(({ model }) => model)).toEqual(['aged', 'aged'])
    expect(await models('search=elder&provider=openai')).toEqual([])
    expect((await models('search=whisper')).length).toBeGreaterThan(0)
    expect(await models('provider=nobody')).toEqual([])
  })

  test('tells what a model costs over time, by any of its names', async () => {
    const server = await started()
    expect(await server.ask('GET', '/catalog/models/acme/elder?at=2026-02-01')).toMatchObject({
      status: 200,
      body: {
        inForce: { origin: 'owner', match: 'alias', card: { model: 'aged', validUntil: '2026-03-01' } },
        layers: [{ origin: 'owner', cards: [{ validUntil: '2026-03-01' }, { validFrom: '2026-03-01' }] }],
      },
    })
    expect(await server.ask('GET', '/catalog/models/acme/aged?at=2026-04-01')).toMatchObject({
      body: { inForce: { match: 'exact', card: { rates: [{ meter: 'inputTokens', usd: '0.000000003', per: 1 }] } } },
    })
    expect(await server.ask('GET', '/catalog/models/acme/org/large')).toMatchObject({
      status: 200,
      body: { inForce: { card: { model: 'org/large' } } },
    })
    expect(await server.ask('GET', '/catalog/models/acme/agd')).toMatchObject({ status: 404, body: { code: 'PURSER_NOT_FOUND' } })
    expect((await server.ask('GET', '/catalog/models/acme/aged?at=soon')).status).toBe(400)
  })

  test('prices usages, and books none', async () => {
    const server = await started()
    const aged = { provider: 'acme', model: 'aged', usage: { inputTokens: 100 } }
    // 100 × 4 nanos before March, and 100 × 3 from then on.
    const priced = await server.ask('POST', '/catalog/price', {
      body: [
        { ...aged, at: '2026-02-28' },
        { ...aged, at: '2026-03-01' },
        { ...aged, model: 'nobody' },
      ],
    })
    expect(priced).toMatchObject({
      status: 200,
      body: {
        prices: [
          { status: 'priced', costNanos: '400' },
          { status: 'priced', costNanos: '300', lines: [{ meter: 'inputTokens', quantity: 100, costNanos: '300' }] },
          { status: 'unpriced', costUsd: null, costNanos: null, reason: 'unknown-model' },
        ],
      },
    })
    const body = { choices: [], model: 'gpt-4o', usage: { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200 } }
    // 1,000 × $2.50/M + 200 × $10/M.
    expect(await server.ask('POST', '/catalog/price', { body: { provider: 'openai', api: 'chat', body } })).toMatchObject({
      body: { prices: [{ costUsd: 0.0045 }] },
    })
    expect(await server.ask('GET', '/costs')).toMatchObject({ body: { total: { calls: 0 } } })
    for (const wrong of [
      {},
      [],
      'text',
      { ...aged, usage: { wishes: 3 } },
      { ...aged, usage: { inputTokens: -1 } },
      { ...aged, colour: 'red' },
    ]) {
      expect((await server.ask('POST', '/catalog/price', { body: typeof wrong === 'string' ? '"text"' : wrong })).status).toBe(400)
    }
  })

  test('takes cards in place of shipped ones, each change beside those before, and none over the owner’s', async () => {
    const server = await started()
    const put = (cards: readonly unknown[], key?: string) => server.ask('PUT', '/catalog/cards', { body: { cards }, ...(key && { key }) })
    const costOf = async (model: string): Promise<unknown> => {
      const call = { provider: 'acme', model, usage: { inputTokens: 10 } }
      const { body } = await server.ask('POST', '/catalog/price', { body: call })
      return (body as { prices: { costNanos: string | null }[] }).prices[0]?.costNanos
    }
    const card = (model: string, nanos: number): Card => acmeCard(model, { inputTokens: `0.00000000${nanos}` })
    const answers = await Promise.all([put([card('one', 5)]), put([card('two', 6)]), put([card('aged', 9)])])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    // 10 × 5, 10 × 6, and 10 × 3 by the owner's card, which wins.
    expect([await costOf('one'), await costOf('two'), await costOf('aged')]).toEqual(['50', '60', '30'])
    expect(await put([card('one', 7)])).toMatchObject({ body: { cards: 1, replaced: 1 } })
    expect([await costOf('one'), await costOf('two')]).toEqual(['70', '60'])
    expect(await put([{ ...card('one', 7), rates: [] }, { model: 'x' }])).toMatchObject({ status: 400, body: { code: 'PURSER_BAD_CARD' } })
    expect(await put([acmeCard('one', { inputTokens: '1000000' })])).toMatchObject({
      status: 422,
      body: { code: 'PURSER_CATALOG_REJECTED' },
    })
    expect((await put([])).status).toBe(400)
    expect(await costOf('one')).toBe('70')
    const [viewer, confined] = [await server.key('viewer'), await server.key('admin', { team: 'film' })]
    expect((await put([card('one', 1)], viewer)).status).toBe(403)
    expect((await put([card('one', 1)], confined)).status).toBe(403)
  })

  test('is shown to whoever sees costs', async () => {
    const server = await started()
    const member = await server.key('member', { user: '7' })
    const ingest = await server.key('ingest')
    const price = { body: { provider: 'acme', model: 'aged', usage: { inputTokens: 1 } } }
    const statuses = async (key: string) => [
      (await server.ask('GET', '/catalog', { key })).status,
      (await server.ask('GET', '/catalog/models/acme/aged', { key })).status,
      (await server.ask('POST', '/catalog/price', { key, ...price })).status,
    ]
    expect(await statuses(member)).toEqual([200, 200, 200])
    expect(await statuses(ingest)).toEqual([403, 403, 403])
  })
})
