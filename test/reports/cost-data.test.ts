import { describe, expect, test } from 'vitest'
import { parseFilter } from '../../src/ledger/cost-query.ts'
import type { Purser } from '../../src/purser.ts'
import { costDataSchema } from '../../src/reports/schemas/host-schemas.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

const big = { provider: 'acme', model: 'big' } as const

/** Two calls for one scene's script, one of them by another model; and one for another. */
async function scripts(): Promise<Purser> {
  const purser = await openTemporaryLedger()
  await purser.record({
    ...big,
    id: 'a',
    usage: { inputTokens: 100, outputTokens: 10 },
    labels: { artifact: 'scene-7.md', role: 'writer' },
  })
  await purser.record({
    ...big,
    id: 'b',
    model: 'half-known',
    usage: { inputTokens: 4 },
    labels: { artifact: 'scene-7.md', role: 'critic' },
  })
  await purser.record({ ...big, id: 'c', usage: { inputTokens: 1 }, labels: { artifact: 'scene-8.md', role: 'writer' } })
  return purser
}

const costOf = async (purser: Purser, filter: string): Promise<string> =>
  String((await purser.costs({ where: [parseFilter(filter)] })).total.costNanos)

describe('what an artifact cost', () => {
  test('is its model, tokens, cost and charges; costs asked for the artifact find the same sum', async () => {
    const purser = await scripts()
    const data = costDataSchema.parse(await purser.reports.costData({ artifact: 'scene-7.md' }))
    // 100 × 2 + 10 × 10 = 300, and 4 × 5 = 20.
    expect(data).toMatchObject({
      model: 'big',
      models: ['big', 'half-known'],
      input_tokens: 104,
      output_tokens: 10,
      estimated_cost_usd: 3.2e-7,
      cost_nanos: '320',
      call_count: 2,
      charge_ids: ['a', 'b'],
    })
    expect(await costOf(purser, 'artifact=scene-7.md')).toBe('320')
  })

  test('by filters, by charges, and for what was never made', async () => {
    const purser = await scripts()
    const data = async (of: Parameters<Purser['reports']['costData']>[0]) => costDataSchema.parse(await purser.reports.costData(of))
    expect(await data({ where: [parseFilter('role=writer')] })).toMatchObject({ cost_nanos: '302', charge_ids: ['a', 'c'] })
    expect(await data({ where: [parseFilter('artifact=scene-7.md'), parseFilter('model!=big')] })).toMatchObject({ charge_ids: ['b'] })
    expect(await data({ chargeIds: ['c', 'a', 'a', 'unknown'] })).toMatchObject({ cost_nanos: '302', charge_ids: ['c', 'a'] })
    expect(await data({ artifact: 'scene-9.md' })).toMatchObject({ model: null, models: [], cost_nanos: '0', charge_ids: [] })
    await expect(data({ where: [parseFilter('day=2026-02-20')] })).rejects.toMatchObject({ code: 'PURSER_BAD_QUERY' })
  })

  test('under a hold: the charges that were booked under it', async () => {
    const purser = await scripts()
    await purser.holds.reserve({ id: 'h', amount: { cost: 10_000_000n }, labels: { artifact: 'scene-7.md' }, ttlMs: 60_000 })
    await purser.holds.settle('h', { ...big, id: 'd', usage: { inputTokens: 50 } })
    const data = await purser.reports.costData({ hold: 'h' })
    expect(data).toMatchObject({ cost_nanos: '100', charge_ids: ['d'] })
    expect((await purser.reports.costData({ artifact: 'scene-7.md' })).charge_ids).toEqual(['a', 'b', 'd'])
  })

  test('counts a call as it stands after its price was corrected', async () => {
    const cards = [acmeCard('mystery', { inputTokens: '0.000000007' })]
    const purser = await openTemporaryLedger({ ownerCards: [] })
    await purser.record({ provider: 'acme', model: 'mystery', id: 'm', usage: { inputTokens: 10 }, labels: { artifact: 'x' } })
    expect(await purser.reports.costData({ artifact: 'x' })).toMatchObject({ unpriced_calls: 1, is_lower_bound: true, cost_nanos: '0' })
    await purser.refreshCatalog(cards, 'test')
    await purser.reprice({ apply: true })
    const data = { cost_nanos: '70', call_count: 1, unpriced_calls: 0, is_lower_bound: false, charge_ids: ['m'] }
    expect(await purser.reports.costData({ artifact: 'x' })).toMatchObject(data)
    expect(await purser.reports.costData({ chargeIds: ['m'] })).toMatchObject(data)
    expect(await costOf(purser, 'artifact=x')).toBe('70')
  })
})
