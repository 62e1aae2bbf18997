import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import type { CostQuery } from '../ledger/cost-query.ts'
import type { Purser } from '../purser.ts'

const all: CostQuery = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
const day = { groupBy: ['day'] }

/** Two calls of a model without a price, one of a model whose price changes, one of a model whose price stands. */
async function ledger(): Promise<Purser> {
  const purser = await openTemporaryLedger()
  await purser.recordMany([
    { id: 'n1', at: '2026-02-01', provider: 'acme', model: 'new', usage: { inputTokens: 10 }, labels: { run: 'r1' } },
    { id: 'n2', at: '2026-02-02', provider: 'acme', model: 'new', usage: { inputTokens: 20, outputTokens: 5 }, labels: { run: 'r1' } },
    { id: 'b1', at: '2026-02-02', provider: 'acme', model: 'big', usage: { inputTokens: 100 }, labels: { run: 'r2' } },
    { id: 's1', at: '2026-02-03', provider: 'acme', model: 'half-known', usage: { inputTokens: 7 } },
    { id: 'o1', at: '2026-02-03', provider: 'acme', model: 'other', usage: { images: 1 }, costUsd: 0.05 },
  ])
  return purser
}

/** `new` costs 4 in and has no price out; `big` costs 1 instead of 2; `half-known` 5 as before. */
const laterCards = [
  acmeCard('new', { inputTokens: '0.000000004' }),
  acmeCard('big', { inputTokens: '0.000000001' }),
  acmeCard('half-known', { inputTokens: '0.000000005' }),
]

async function reopened(purser: Purser): Promise<Purser> {
  return openTemporaryLedger({ db: purser.location, ownerCards: laterCards })
}

describe('repricing', () => {
  test('takes no price off, nor a part of one, where today’s cards know less', async () => {
    const first = await openTemporaryLedger()
    await first.record({ id: 'whole', provider: 'acme', model: 'big', usage: { inputTokens: 100, outputTokens: 10 } })
    await first.record({ id: 'gone', provider: 'acme', model: 'half-known', usage: { inputTokens: 100 } })
    const purser = await openTemporaryLedger({ db: first.location, ownerCards: [acmeCard('big', { inputTokens: '0.000000001' })] })
    const report = await purser.reprice({ apply: true })
    expect(report).toMatchObject({ corrected: 0, differenceNanos: 0n })
    expect(report.models.map(({ model, losing }) => [model, losing])).toEqual([
      ['big', 1],
      ['half-known', 1],
    ])
    // 100 × 2 + 10 × 10, and 100 × 5
    expect((await purser.costs()).total).toMatchObject({ costNanos: 800n, isLowerBound: false })
  })

  test('first shows what it would change, and changes nothing', async () => {
    const purser = await reopened(await ledger())
    const progress: number[] = []
    const report = await purser.reprice({ apply: false, onProgress: (n) => progress.push(n) })
    expect(report).toEqual({
      applied: false,
      examined: 5,
      corrected: 3,
      // 40 + 80 − 100
      differenceNanos: 20n,
      planDifferenceNanos: 0n,
      models: [
        { provider: 'acme', model: 'new', charges: 2, beforeNanos: 0n, afterNanos: 120n, newlyPriced: 2, losing: 0 },
        { provider: 'acme', model: 'big', charges: 1, beforeNanos: 200n, afterNanos: 100n, newlyPriced: 0, losing: 0 },
      ],
    })
    expect((await purser.costs(all)).total).toMatchObject({ costNanos: 50_000_235n, unpricedCalls: 2 })
  })

  test('books corrections in the days of the calls, adds no call, and moves the count of unpriced ones', async () => {
    const purser = await reopened(await ledger())
    expect(await purser.reprice({ apply: true })).toMatchObject({ applied: true, corrected: 3, differenceNanos: 20n })
    const { rows, total } = await purser.costs({ ...all, ...day })
    expect(rows.map((row) => [row.key[0], row.calls, row.costNanos, row.unpricedCalls, row.partialCalls])).toEqual([
      ['2026-02-01', 1, 40n, 0, 0],
      // The output of the second call still has no price.
      ['2026-02-02', 2, 180n, 0, 1],
      ['2026-02-03', 2, 50_000_035n, 0, 0],
    ])
    expect(total).toMatchObject({ calls: 5, runs: 2, totalTokens: 142 })
    expect(await purser.charge('n1')).toMatchObject({ status: 'unpriced', costNanos: null })
    expect(await purser.charge('n1~1')).toMatchObject({
      status: 'priced',
      restates: 'unpriced',
      costNanos: 40n,
      usage: {},
      labels: { run: 'r1' },
    })
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('done again finds nothing to correct', async () => {
    const purser = await reopened(await ledger())
    await purser.reprice({ apply: true })
    expect(await purser.reprice({ apply: true })).toMatchObject({ examined: 5, corrected: 0, differenceNanos: 0n, models: [] })
  })

  test('there and back ends where it began', async () => {
    const purser = await ledger()
    const before = await purser.costs({ ...all, ...day })
    await (await reopened(purser)).reprice({ apply: true, model: 'big' })
    expect((await purser.costs(all)).total.costNanos).toBe(50_000_135n)
    await purser.reprice({ apply: true, provider: 'acme', model: 'big' })
    expect(await purser.costs({ ...all, ...day })).toEqual(before)
    expect(await purser.charge('b1~2')).toMatchObject({ costNanos: 100n, corrects: 'b1' })
  })

  test('can be kept to a period, a provider or a model, and be broken off', async () => {
    const purser = await reopened(await ledger())
    const since = { sinceMs: Date.parse('2026-02-02'), untilMs: Date.parse('2026-02-03') }
    expect(await purser.reprice({ apply: false, ...since })).toMatchObject({ examined: 2, corrected: 2 })
    expect(await purser.reprice({ apply: false, provider: 'openai' })).toMatchObject({ examined: 0 })
    expect(await purser.reprice({ apply: true, signal: AbortSignal.abort() })).toMatchObject({ examined: 0, corrected: 0 })
  })

  test('of many calls goes in steps', async () => {
    const purser = await openTemporaryLedger()
    await purser.recordMany(
      Array.from({ length: 1200 }, (_, n) => ({
        id: `m${n}`,
        at: '2026-02-01',
        provider: 'acme',
        model: 'new',
        usage: { inputTokens: 1 },
      })),
    )
    const progress: number[] = []
    const report = await (await reopened(purser)).reprice({ apply: true, onProgress: (n) => progress.push(n) })
    expect(report).toMatchObject({ corrected: 1200, differenceNanos: 4800n })
    expect(progress).toEqual([1000])
    expect((await purser.costs(all)).total).toMatchObject({ calls: 1200, costNanos: 4800n, unpricedCalls: 0 })
  })
})
