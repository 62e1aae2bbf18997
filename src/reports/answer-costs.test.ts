import { describe, expect, test } from 'vitest'
import { book, booking, openTemporaryStore } from '../../test/ledger/temporary-ledger.ts'
import type { CostQuery } from '../ledger/cost-query.ts'
import type { Store } from '../stores/store.ts'
import { answerCosts } from './answer-costs.ts'

const at = (text: string): number => Date.parse(text)

function question(more: Partial<CostQuery> = {}): CostQuery {
  return { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [], ...more }
}

async function keysAndCosts(store: Store, more: Partial<CostQuery>): Promise<[string, bigint][]> {
  const { rows } = await answerCosts(store, question(more))
  return rows.map((row) => [row.key.join(' '), row.costNanos])
}

describe('groups', () => {
  test('a ledger without calls answers with no rows and a total of zero', async () => {
    const { rows, others, total } = await answerCosts(openTemporaryStore(), question({ groupBy: ['model', 'run'] }))
    expect(rows).toEqual([])
    expect(others).toBeNull()
    expect(total).toMatchObject({ key: [], calls: 0, costNanos: 0n, planNanos: 0n, runs: 0, unpricedCalls: 0 })
  })

  test('there is no row for calls without a run where every call has one', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'a', labels: { run: 'r1' } }), booking({ id: 'b', labels: { run: 'r2' }, model: 'half-known' }))
    expect(await keysAndCosts(store, { groupBy: ['run'] })).toEqual([
      ['r2', 500n],
      ['r1', 200n],
    ])
  })

  test('calls without a run are a row of their own', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'a', labels: { run: 'r1' } }), booking({ id: 'b', labels: {} }))
    const { rows } = await answerCosts(store, question({ groupBy: ['run'], sort: 'name' }))
    expect(rows.map((row) => [row.key[0], row.calls, row.runs])).toEqual([
      ['r1', 1, 1],
      [null, 1, 0],
    ])
  })

  test('service is the label, else the provider', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'a', labels: { service: 'whisperx' } }), booking({ id: 'b' }), booking({ id: 'c' }))
    expect(await keysAndCosts(store, { groupBy: ['service'] })).toEqual([
      ['acme', 400n],
      ['whisperx', 200n],
    ])
  })

  test('by meter, lines are apart and a stated cost stays beside them', async () => {
    const store = openTemporaryStore()
    await book(
      store,
      booking({ id: 'a', usage: { inputTokens: 3, outputTokens: 2, audioSeconds: 1.5 } }),
      booking({ id: 'b', provider: 'nobody', model: 'dear', usage: { images: 1 }, statedNanos: 50n as never }),
    )
    const { rows, total } = await answerCosts(store, question({ groupBy: ['meter'], sort: 'name' }))
    // 3 × 2, 2 × 10 and 1.5 × 6000 nanos; the image has no line of its own.
    expect(rows.map((row) => [row.key[0], row.costNanos, row.quantity, row.calls])).toEqual([
      ['audioSeconds', 9000n, 1.5, 0],
      ['images', 0n, 1, 0],
      ['inputTokens', 6n, 3, 0],
      ['outputTokens', 20n, 2, 0],
      [null, 50n, undefined, 2],
    ])
    expect(total.costNanos).toBe(9076n)
  })

  test('what a subscription covers is not spent', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'a', basis: 'plan' }), booking({ id: 'b' }))
    const { total } = await answerCosts(store, question())
    expect(total).toMatchObject({ calls: 2, costNanos: 200n, planNanos: 200n, planCalls: 1, inputTokens: 200 })
  })
})

describe('time', () => {
  test('the repeated hour of a day on which the clock goes back comes in its order', async () => {
    const store = openTemporaryStore('Europe/Paris')
    await book(
      store,
      booking({ id: 'winter', at: at('2026-10-25T01:30:00Z'), usage: { inputTokens: 1 } }),
      booking({ id: 'summer', at: at('2026-10-25T00:30:00Z'), usage: { inputTokens: 2 } }),
      booking({ id: 'after', at: at('2026-10-25T02:30:00Z'), usage: { inputTokens: 3 } }),
    )
    expect(await keysAndCosts(store, { groupBy: ['hour'], timezone: 'Europe/Paris' })).toEqual([
      ['2026-10-25T02:00+02:00', 4n],
      ['2026-10-25T02:00+01:00', 2n],
      ['2026-10-25T03:00+01:00', 6n],
    ])
  })

  test('a day of Paris has 23 hours in March and 25 in October', async () => {
    const store = openTemporaryStore('Europe/Paris')
    const hours = (from: string, n: number) =>
      Array.from({ length: n }, (_, hour) => booking({ id: `${from}${hour}`, at: at(from) + hour * 3_600_000, usage: { inputTokens: 1 } }))
    await book(store, ...hours('2026-03-28T23:00:00Z', 24), ...hours('2026-10-24T22:00:00Z', 26))
    const { rows } = await answerCosts(store, question({ groupBy: ['day'], timezone: 'Europe/Paris' }))
    expect(rows.map((row) => [row.key[0], row.calls])).toEqual([
      ['2026-03-29', 23],
      ['2026-03-30', 1],
      ['2026-10-25', 25],
      ['2026-10-26', 1],
    ])
  })

  test('a period counts its first instant and not its last', async () => {
    const store = openTemporaryStore()
    await book(store, booking({ id: 'a', at: at('2026-02-20T00:00:00Z') }), booking({ id: 'b', at: at('2026-02-21T00:00:00Z') }))
    const days = { sinceMs: at('2026-02-20T00:00:00Z'), untilMs: at('2026-02-21T00:00:00Z') }
    expect((await answerCosts(store, question(days))).total.calls).toBe(1)
    const quarters = { sinceMs: at('2026-02-20T00:00:00Z'), untilMs: at('2026-02-21T00:15:00Z') }
    expect((await answerCosts(store, question(quarters))).total.calls).toBe(2)
  })

  test('a period off the quarters of an hour is refused with the quarter before', async () => {
    const store = openTemporaryStore()
    await expect(answerCosts(store, question({ sinceMs: at('2026-02-20T10:07:00Z') }))).rejects.toMatchObject({
      code: 'PURSER_BAD_QUERY',
      message: expect.stringContaining('2026-02-20T10:00:00.000Z') as string,
    })
  })
})

describe('questions that cannot be asked', () => {
  test.each([
    [{ groupBy: ['day', 'month'] }, 'day and month are two'],
    [{ groupBy: ['model', 'model'] }, 'twice'],
    [{ groupBy: ['costUsd'] }, 'cannot be asked by'],
    [{ groupBy: ['modle x'] }, 'cannot be asked by'],
    [{ where: [{ field: 'day', op: 'equals', values: ['2026-02-20'] }] }, 'cannot be filtered by day'],
    [{ where: [{ field: 'meter', op: 'equals', values: ['images'] }] }, 'cannot be filtered by meter'],
    [{ timezone: 'Europe/Atlantis', groupBy: ['day'] }, 'no time zone'],
    [{ timezone: '+05:17', groupBy: ['day'] }, 'no time zone'],
  ] satisfies [Partial<CostQuery>, string][])('%j', async (asked, said) => {
    await expect(answerCosts(openTemporaryStore(), question(asked))).rejects.toMatchObject({
      code: expect.stringMatching(/^PURSER_BAD_(QUERY|TIME)$/) as string,
      message: expect.stringContaining(said) as string,
    })
  })
})
