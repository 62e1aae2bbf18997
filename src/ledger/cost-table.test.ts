import { describe, expect, test } from 'vitest'
import type { SortKey } from './cost-query.ts'
import { CostTableBuilder, perRun } from './cost-table.ts'
import { zeroMeasures } from './measures.ts'

interface Given {
  readonly name: string | null
  readonly cost?: bigint
  readonly calls?: number
  readonly tokens?: number
  readonly plan?: boolean
  readonly runs?: number
  readonly unpriced?: number
}

function table(given: readonly Given[], sort?: SortKey, descending?: boolean, limit?: number) {
  const builder = new CostTableBuilder(-1)
  for (const { name, cost = 0n, calls = 1, tokens = 0, plan = false, unpriced = 0, runs = 0 } of given) {
    const measures = { ...zeroMeasures(), calls, costNanos: cost, inputTokens: tokens, unpricedCalls: unpriced }
    builder.add({ key: [name], isPlan: plan, measures, meters: undefined })
    if (runs > 0) builder.addRuns([name], runs)
  }
  return builder.build(sort, descending, -1, limit)
}

const names = (...args: Parameters<typeof table>) => table(...args).rows.map((row) => row.key[0])

const rows: Given[] = [
  { name: 'b', cost: 5n, calls: 9, tokens: 1, runs: 1 },
  { name: null, cost: 1n, calls: 1, tokens: 7, unpriced: 1 },
  { name: 'a', cost: 9n, calls: 3, tokens: 3, runs: 4 },
  { name: 'c', cost: 6n, calls: 2, tokens: 2, plan: true },
]

describe('rows come', () => {
  test.each([
    [undefined, undefined, ['a', 'b', null, 'c']],
    ['cost', false, ['c', null, 'b', 'a']],
    ['calls', undefined, ['b', 'a', 'c', null]],
    ['tokens', undefined, [null, 'a', 'c', 'b']],
    ['runs', undefined, ['a', 'b', 'c', null]],
    ['plan', undefined, ['c', null, 'a', 'b']],
    ['unpriced', undefined, [null, 'c', 'a', 'b']],
    ['name', undefined, ['a', 'b', 'c', null]],
    ['name', true, [null, 'c', 'b', 'a']],
  ] satisfies [SortKey | undefined, boolean | undefined, (string | null)[]][])('by %s, descending %s', (sort, descending, expected) => {
    expect(names(rows, sort, descending)).toEqual(expected)
  })
})

describe('a limit', () => {
  test('sums the rest in a row of its own', () => {
    const { rows: kept, others, otherCount, total } = table(rows, 'calls', undefined, 1)
    expect(kept.map((row) => row.key[0])).toEqual(['b'])
    expect(otherCount).toBe(3)
    expect(others).toMatchObject({
      key: [],
      calls: 6,
      costNanos: 10n,
      planNanos: 6n,
      planCalls: 2,
      totalTokens: 12,
      unpricedCalls: 1,
      // Distinct runs of several rows cannot be added up.
      runs: null,
    })
    expect(total).toMatchObject({ calls: 15, costNanos: 15n, planNanos: 6n, totalTokens: 13 })
  })

  test('that holds all rows leaves no rest', () => {
    expect(table(rows, undefined, undefined, 4)).toMatchObject({ others: null, otherCount: 0 })
  })
})

describe('an average run', () => {
  test('costs its share, and is unknown where there is none', () => {
    const [row] = table([{ name: 'x', cost: 3_000_000_000n, tokens: 100, runs: 4 }]).rows
    const [none] = table([{ name: 'y', cost: 3n }]).rows
    expect(row && perRun(row)).toEqual({ costUsd: 0.75, tokens: 25 })
    expect(none && perRun(none)).toEqual({ costUsd: null, tokens: null })
  })
})
