import { describe, expect, test } from 'vitest'
import { acmeCard } from '../test/ledger/acme-cards.ts'
import { openTemporaryLedger } from '../test/ledger/temporary-ledger.ts'

import type { CostQuery } from './ledger/cost-query.ts'
import { perRun } from './ledger/cost-table.ts'

function question(more: Partial<CostQuery> = {}): CostQuery {
  return { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [], ...more }
}

const big = { provider: 'acme', model: 'big' } as const

describe('a ledger', () => {
  test('books a call under its labels and answers what it cost', async () => {
    const purser = await openTemporaryLedger()
    const charge = await purser.record({
      ...big,
      at: '2026-02-20',
      usage: { inputTokens: 1000, outputTokens: 200 },
      labels: { project: 'atlas' },
    })
    // 1000 × 2 + 200 × 10
    expect(charge).toMatchObject({ costNanos: 4000n, status: 'priced', basis: 'metered', at: Date.UTC(2026, 1, 20) })
    const { rows } = await purser.costs(question({ groupBy: ['project'] }))
    expect(rows).toMatchObject([{ key: ['atlas'], calls: 1, costNanos: 4000n, totalTokens: 1200 }])
  })

  test('tells the price of gpt-4o without booking it', async () => {
    const purser = await openTemporaryLedger()
    const usage = { inputTokens: 1000, outputTokens: 200 }
    expect(purser.price({ provider: 'openai', model: 'gpt-4o', usage, at: Date.parse('2026-02-20') })).toMatchObject({
      costNanos: 4_500_000n,
    })
    expect((await purser.costs(question())).total.calls).toBe(0)
  })

  test('gives the same charge for the same record, also where the time was left to the clock', async () => {
    const purser = await openTemporaryLedger()
    const record = { ...big, id: 'one', usage: { inputTokens: 5 } }
    const first = await purser.record(record)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await purser.record(record)).toEqual(first)
    await expect(purser.record({ ...record, usage: { inputTokens: 6 } })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect((await purser.costs(question())).total.calls).toBe(1)
  })

  test('books all records of a list or none', async () => {
    const purser = await openTemporaryLedger()
    const good = { ...big, usage: { inputTokens: 5 } }
    await expect(purser.recordAll([good, { ...good, labels: { model: 'x' } }])).rejects.toMatchObject({ code: 'PURSER_BAD_LABEL' })
    await purser.record({ ...good, id: 'taken' })
    await expect(purser.recordAll([good, { ...good, id: 'taken', usage: { inputTokens: 9 } }])).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
    })
    expect((await purser.costs(question())).total.calls).toBe(1)
    expect(await purser.recordAll([good, good])).toHaveLength(2)
  })

  test('is not changed by what the caller does with its labels afterwards', async () => {
    const purser = await openTemporaryLedger()
    const labels: Record<string, string> = { run: 'r1', project: 'atlas' }
    await purser.record({ ...big, usage: { inputTokens: 5 }, labels })
    labels['run'] = 'r2'
    labels['project'] = 'harbour'
    await purser.record({ ...big, usage: { inputTokens: 7 }, labels })
    const { rows } = await purser.costs(question({ groupBy: ['run', 'project'], sort: 'name' }))
    expect(rows.map(({ key, totalTokens }) => [...key, totalTokens])).toEqual([
      ['r1', 'atlas', 5],
      ['r2', 'harbour', 7],
    ])
  })

  test('reads a record when it is given, also the first one', async () => {
    const purser = await openTemporaryLedger()
    const labels: Record<string, string> = { stage: 'draft' }
    const first = purser.record({ ...big, usage: { inputTokens: 5 }, labels })
    labels['stage'] = 'review'
    const second = purser.record({ ...big, usage: { inputTokens: 7 }, labels })
    expect([(await first).labels, (await second).labels]).toEqual([{ stage: 'draft' }, { stage: 'review' }])
  })

  test('waits for what was asked for before it closes, and says so afterwards', async () => {
    const purser = await openTemporaryLedger()
    const pending = purser.record({ ...big, id: 'late', usage: { inputTokens: 5 } })
    await purser.close()
    expect(await pending).toMatchObject({ id: 'late', costNanos: 10n })
    await expect(purser.record({ ...big, usage: { inputTokens: 5 } })).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })
  })

  test('knows a call and its provider by any of the provider’s names', async () => {
    const purser = await openTemporaryLedger()
    const body = { id: 'msg_1', model: 'claude-sonnet-4-5', usage: { input_tokens: 100, output_tokens: 10 } }
    for (const provider of ['anthropic', 'Anthropic', 'claude']) await purser.record({ provider, api: 'messages', body, at: '2026-02-20' })
    const { rows } = await purser.costs({ groupBy: ['provider'] })
    expect(rows).toMatchObject([{ key: ['anthropic'], calls: 1 }])
    expect((await purser.costs({ where: [{ field: 'provider', op: 'equals', values: ['Claude'] }] })).total.calls).toBe(1)
  })

  test('refuses an answered call of which nobody knows what it used, and takes one that failed', async () => {
    const purser = await openTemporaryLedger()
    await expect(purser.record(big)).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
    const chat = { model: 'gpt-4o', usage: { prompt_tokens: 5000, completion_tokens: 1000, total_tokens: 6000 } }
    await expect(purser.record({ provider: 'openai', api: 'messages', body: chat })).rejects.toMatchObject({
      code: 'PURSER_UNREADABLE_USAGE',
    })
    await expect(purser.record({ provider: 'anthropic', api: 'messages', body: chat })).rejects.toMatchObject({
      code: 'PURSER_UNREADABLE_USAGE',
    })
    expect(await purser.record({ ...big, outcome: 'error' })).toMatchObject({ costNanos: 0n, outcome: 'error' })
  })

  test('refuses a stated cost that would round to nothing', async () => {
    const purser = await openTemporaryLedger()
    await expect(purser.record({ ...big, costUsd: '0.0000000001' })).rejects.toMatchObject({ code: 'PURSER_BAD_NUMBER' })
  })

  test('takes a time as a Date, and asks and prices with little said', async () => {
    const purser = await openTemporaryLedger()
    const at = new Date('2026-02-20T10:00:00Z')
    expect((await purser.record({ ...big, at, usage: { inputTokens: 1000 } })).at).toBe(at.getTime())
    expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 2000n })
    expect(purser.price({ ...big, usage: { inputTokens: 1000 } })).toMatchObject({ costNanos: 2000n })
  })

  test('books many and says how many were new', async () => {
    const purser = await openTemporaryLedger()
    const records = ['a', 'b', 'a'].map((id) => ({ ...big, id, usage: { inputTokens: 1 } }))
    expect(await purser.recordMany(records)).toEqual({ booked: 2, duplicates: 1 })
    expect(await Array.fromAsync(purser.charges())).toHaveLength(2)
    expect(await purser.charge('a')).toMatchObject({ id: 'a' })
    expect(await purser.charge('z')).toBeUndefined()
  })

  test('reads a provider’s response, and knows a response that it has booked', async () => {
    const purser = await openTemporaryLedger()
    const body = {
      id: 'chatcmpl-1',
      model: 'gpt-4o-2024-08-06',
      usage: { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200 },
    }
    const record = { provider: 'openai', model: 'gpt-4o', api: 'chat', body, at: '2026-02-20T00:00:00Z' }
    const charge = await purser.record(record)
    expect(charge).toMatchObject({ id: 'openai:chatcmpl-1', model: 'gpt-4o-2024-08-06', modelAsked: 'gpt-4o', costNanos: 4_500_000n })
    expect((await purser.record(record)).seq).toBe(charge.seq)
  })

  test('answers while it books', async () => {
    const purser = await openTemporaryLedger()
    const booking = Array.from({ length: 200 }, (_, n) =>
      purser.record({ ...big, id: `c${n}`, usage: { inputTokens: 1 }, labels: { run: `r${n % 7}` } }),
    )
    const asking = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) {
        const { rows, total } = await purser.costs(question({ groupBy: n % 2 === 0 ? ['run'] : ['model'] }))
        expect(rows.reduce((sum, row) => sum + row.calls, 0)).toBe(total.calls)
      }
    }
    await Promise.all([asking(), asking(), ...booking])
    expect((await purser.costs(question())).total).toMatchObject({ calls: 200, runs: 7 })
  })

  test('keeps the zone in which it was created', async () => {
    const purser = await openTemporaryLedger({ timezone: 'asia/kolkata' })
    await purser.record({ ...big, at: '2026-02-20T23:30:00Z', usage: { inputTokens: 1 } })
    await purser.record({ ...big, at: '2026-02-21', usage: { inputTokens: 1 } })
    const { rows } = await purser.costs(question({ groupBy: ['day'], timezone: purser.timezone }))
    expect(purser.timezone).toBe('Asia/Kolkata')
    expect(rows).toMatchObject([{ key: ['2026-02-21'], calls: 2 }])
  })

  test.each(['Europe/Atlantis', '+05:17'])('is not created in the zone %s', async (timezone) => {
    await expect(openTemporaryLedger({ timezone })).rejects.toMatchObject({ code: 'PURSER_BAD_TIME' })
  })

  test('has totals for the owner’s own subjects', async () => {
    const purser = await openTemporaryLedger({ subjects: ['episode'] })
    expect(purser.subjects).toContain('episode')
    await purser.record({ ...big, usage: { inputTokens: 1 }, labels: { episode: 'e1', scene: 's1' } })
    expect((await purser.costs(question({ groupBy: ['episode'] }))).rows).toMatchObject([{ key: ['e1'], calls: 1 }])
  })

  test.each(['model', 'two words', 'service'])('takes no subject of the name %s', async (name) => {
    await expect(openTemporaryLedger({ subjects: [name] })).rejects.toMatchObject({ code: 'PURSER_BAD_LABEL' })
  })

  test('prices by the cards of the last update, also after it is opened again', async () => {
    const purser = await openTemporaryLedger({ ownerCards: [] })
    const request = { provider: 'acme', model: 'fresh', usage: { inputTokens: 3 }, at: Date.parse('2026-02-20') }
    expect(purser.price(request).status).toBe('unpriced')
    await purser.refreshCatalog([acmeCard('fresh', { inputTokens: '0.000000007' })], 'prices.json')
    expect(purser.price(request)).toMatchObject({ status: 'priced', costNanos: 21n, card: { origin: 'refreshed' } })
    const again = await openTemporaryLedger({ db: purser.location, ownerCards: [] })
    expect(again.price(request)).toMatchObject({ costNanos: 21n })
  })

  test('closes twice without complaint', async () => {
    const purser = await openTemporaryLedger()
    await purser.close()
    await expect(purser.close()).resolves.toBeUndefined()
  })
})

describe('the two questions of the agent platform', () => {
  const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
  const lastThirtyDays = { sinceMs: day('2026-01-22'), untilMs: day('2026-02-21') }
  const sonnet = { provider: 'anthropic', model: 'sonnet' } as const
  const opus = { provider: 'anthropic', model: 'opus' } as const
  const prices = (model: string, input: string, output: string) => {
    const rates = [
      { meter: 'inputTokens', usd: input, per: 1_000_000 },
      { meter: 'outputTokens', usd: output, per: 1_000_000 },
    ] as const
    return { provider: 'anthropic', model, rates, source: 'purser.yaml', checkedAt: '2026-02-01' }
  }

  async function platform() {
    const purser = await openTemporaryLedger({ ownerCards: [prices('sonnet', '3', '15'), prices('opus', '15', '75')] })
    const dev = { agentType: 'developer', agent: 'feature-dev' }
    await purser.recordAll([
      {
        ...opus,
        at: '2026-02-19T09:00:00Z',
        usage: { inputTokens: 2000, outputTokens: 1000 },
        labels: { ...dev, project: 'arpg', run: 'r1' },
      },
      { ...opus, at: '2026-02-19T23:59:59Z', usage: { inputTokens: 1000 }, labels: { ...dev, project: 'arpg', run: 'r1' } },
      { ...opus, at: '2026-02-20T00:00:00Z', usage: { outputTokens: 2000 }, labels: { ...dev, project: 'site', run: 'r2' } },
      {
        ...sonnet,
        at: '2026-02-20T12:00:00Z',
        usage: { inputTokens: 10_000, outputTokens: 2000 },
        labels: { agentType: 'support', agent: 'tester', project: 'arpg', run: 'r3' },
      },
      { ...sonnet, at: '2026-01-21T23:59:59Z', usage: { inputTokens: 999_999 }, labels: { ...dev, project: 'arpg', run: 'r0' } },
    ])
    return purser
  }

  test('daily usage by project', async () => {
    const { rows } = await (await platform()).costs(question({ groupBy: ['day', 'project'], ...lastThirtyDays }))
    // opus: 3000 × $15/M + 1000 × $75/M = $0.12; 2000 × $75/M = $0.15; sonnet: 10000 × $3/M + 2000 × $15/M = $0.06
    expect(rows.map(({ key, totalTokens, costNanos }) => [...key, totalTokens, costNanos])).toEqual([
      ['2026-02-19', 'arpg', 4000, 120_000_000n],
      ['2026-02-20', 'arpg', 12_000, 60_000_000n],
      ['2026-02-20', 'site', 2000, 150_000_000n],
    ])
  })

  test('usage by agent type, with distinct runs and averages per run, dearest first', async () => {
    const { rows, total } = await (await platform()).costs(question({ groupBy: ['agentType', 'agent'], ...lastThirtyDays }))
    expect(rows.map((row) => [...row.key, row.totalTokens, row.costNanos, row.runs, perRun(row)])).toEqual([
      ['developer', 'feature-dev', 6000, 270_000_000n, 2, { costUsd: 0.135, tokens: 3000 }],
      ['support', 'tester', 12_000, 60_000_000n, 1, { costUsd: 0.06, tokens: 12_000 }],
    ])
    expect(total).toMatchObject({ totalTokens: 18_000, costNanos: 330_000_000n, runs: 3, calls: 4 })
  })
})
