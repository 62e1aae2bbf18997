import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Booking } from '../../src/ledger/book-charge.ts'
import type { CostQuery, Filter } from '../../src/ledger/cost-query.ts'
import type { CostRow } from '../../src/ledger/cost-table.ts'
import { answerCosts } from '../../src/reports/answer-costs.ts'
import type { Usage } from '../../src/usage/usage.ts'
import { type NaiveCall, naiveCosts, type NaiveRow } from './naive-ledger.ts'
import { book, draft, openTemporaryStore } from './temporary-ledger.ts'

const quarter = 15 * 60_000
const zones = ['UTC', 'Europe/Paris', 'Asia/Kolkata', 'America/New_York'] as const

/** Around the changes of the clock in Paris and New York, the turn of a year, and an ordinary day. */
const anchors = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2025-12-31T23:00Z',
  '2026-02-20T10:00Z',
].map((text) => Date.parse(text))
const instant = fc
  .tuple(fc.constantFrom(...anchors), fc.integer({ min: -40 * 60, max: 40 * 60 }))
  .map(([anchor, minutes]) => anchor + minutes * 60_000 + 123)
const bound = fc
  .tuple(fc.constantFrom(...anchors), fc.integer({ min: -100, max: 100 }))
  .map(([anchor, quarters]) => anchor + quarters * quarter)

const usage: fc.Arbitrary<Usage> = fc.record(
  {
    inputTokens: fc.integer({ min: 1, max: 1000 }),
    cacheReadTokens: fc.integer({ min: 1, max: 1000 }),
    cacheWrite5mTokens: fc.integer({ min: 1, max: 1000 }),
    outputTokens: fc.integer({ min: 1, max: 1000 }),
    audioSeconds: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: ['inputTokens'] },
)

/** Most calls are alike, so that many of them meet in one sum. */
const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(usual, ...others) })

const dimensions = fc.record(
  {
    project: fc.constantFrom('atlas', 'azure', 'Ünïcode ☂'),
    stage: fc.constantFrom('write', 'review'),
    service: fc.constantFrom('whisperx', 'local'),
    // A name that every JavaScript object answers to.
    toString: fc.constantFrom('odd'),
  },
  { requiredKeys: [] },
)
const subjects = fc.record({ run: fc.constantFrom('r1', 'r2', 'r3'), ticket: fc.constantFrom('T-1', 'T-2') }, { requiredKeys: [] })
const labels = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: fc.constant({ project: 'atlas' }) }, { weight: 1, arbitrary: dimensions }), subjects)
  .map(([plain, own]) => ({ ...plain, ...own }))

interface Script {
  readonly call: Omit<NaiveCall, 'id'>
  /** Later records of the same call, each with more. */
  readonly growth: readonly Usage[]
}

const script: fc.Arbitrary<Script> = fc.record({
  call: fc
    .record({
      at: instant,
      model: mostly('big', 'half-known', 'local', 'mystery'),
      labels,
      basis: mostly('metered', 'plan', 'free'),
      outcome: mostly('ok', 'error', 'cut'),
      serviceTier: fc.constant('standard'),
      region: fc.constant(null),
      estimated: fc.boolean(),
      stated: fc.constantFrom(null, null, 777n),
      usage,
    })
    .map((call) => (call.model === 'mystery' ? { ...call, serviceTier: 'batch', region: 'us' } : call)) as fc.Arbitrary<Script['call']>,
  growth: fc.array(usage, { maxLength: 2 }),
})

const fields = [
  'model',
  'basis',
  'outcome',
  'provider',
  'tier',
  'speed',
  'region',
  'service',
  'project',
  'stage',
  'toString',
  'unknownLabel',
]
const filterFields = [...fields, 'run', 'ticket']
const filter: fc.Arbitrary<Filter> = fc.record({
  field: fc.constantFrom(...filterFields),
  op: fc.constantFrom('equals', 'not', 'anyOf', 'noneOf', 'prefix', 'absent', 'present'),
  values: fc.subarray(['atlas', 'a', 'big', 'plan', 'r1', 'T-2', 'odd', 'whisperx', 'acme', 'ok'], { minLength: 1, maxLength: 3 }),
})

const groupBy = fc
  .tuple(
    fc.subarray(fields, { maxLength: 2 }),
    fc.subarray(['run', 'ticket'], { maxLength: 2 }),
    fc.option(fc.constantFrom('hour', 'day', 'week', 'month', 'quarter', 'year'), { nil: undefined }),
    fc.boolean(),
  )
  .map(([plain, own, unit, byMeter]) => [...(unit === undefined ? [] : [unit]), ...plain, ...own, ...(byMeter ? ['meter'] : [])])

/** Half of the questions are asked for whole days of the ledger, which other sums answer than those of hours or other zones. */
const query: fc.Arbitrary<CostQuery> = fc.record({
  groupBy,
  sinceMs: fc.option(bound, { nil: undefined, freq: 1 }),
  untilMs: fc.option(bound, { nil: undefined, freq: 1 }),
  timezone: fc.constantFrom('Europe/Paris', 'Europe/Paris', ...zones),
  weekStart: fc.constantFrom(1, 7),
  where: fc.array(filter, { maxLength: 2 }),
})

function plus(a: Usage, b: Usage): Usage {
  const sum: Record<string, number> = {}
  for (const each of [a, b]) for (const [meter, n] of Object.entries(each)) sum[meter] = (sum[meter] ?? 0) + Number(n)
  return sum
}

function recordsOf({ call, growth }: Script, id: string): { naive: NaiveCall; records: Booking[] } {
  const { stated, region, ...rest } = call
  const steps = [call.usage]
  for (const more of growth) steps.push(plus(steps.at(-1) ?? {}, more))
  const records = steps.map((step) => ({
    draft: draft({
      ...rest,
      id,
      usage: step,
      ...(region !== null && { region }),
      ...(stated !== null && { statedNanos: stated as never }),
    }),
    onExisting: 'supersede' as const,
    rank: 1 as const,
  }))
  return { naive: { ...call, id, usage: steps.at(-1) ?? call.usage }, records }
}

function toNaiveRow({ key: _, quantity, ...row }: CostRow): NaiveRow {
  const told = { ...row, runs: row.runs ?? 0 }
  return quantity === undefined ? told : { ...told, quantity }
}

const runs = { numRuns: 60, seed: 20260220 }

test('any question about any ledger is answered as if every call were looked at', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 1, maxLength: 14 }),
      fc.constantFrom('Europe/Paris', ...zones),
      fc.array(query, { minLength: 6, maxLength: 6 }),
      async (scripts, zone, queries) => {
        const store = openTemporaryStore(zone)
        const told = scripts.map((each, index) => recordsOf(each, `c${index}`))
        await book(store, ...told.flatMap(({ records }) => records))
        const calls = told.map(({ naive }) => naive)
        for (const asked of queries) {
          const expected = naiveCosts(calls, asked)
          const answer = await answerCosts(store, asked)
          const rows = new Map(answer.rows.map((row) => [JSON.stringify(row.key), toNaiveRow(row)]))
          // Distinct runs of a meter are not told; all else of a row is.
          const known = asked.groupBy.includes('meter') ? dropRuns(expected.rows) : expected.rows
          expect(asked.groupBy.includes('meter') ? dropRuns(rows) : rows).toEqual(known)
          expect(toNaiveRow(answer.total)).toEqual(expected.total)
        }
        await store.close()
      },
    ),
    runs,
  )
})

function dropRuns(rows: ReadonlyMap<string, NaiveRow>): Map<string, NaiveRow> {
  return new Map([...rows].map(([key, row]) => [key, { ...row, runs: 0 }]))
}

test('rows and the rest beyond the limit sum to the total', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 1, maxLength: 12 }),
      query,
      fc.integer({ min: 0, max: 3 }),
      async (scripts, asked, limit) => {
        const store = openTemporaryStore('Europe/Paris')
        await book(store, ...scripts.flatMap((each, index) => recordsOf(each, `c${index}`).records))
        const { rows, others, otherCount, total } = await answerCosts(store, { ...asked, limit })
        const all = others === null ? rows : [...rows, others]
        for (const measure of [
          'calls',
          'costNanos',
          'planNanos',
          'planCalls',
          'totalTokens',
          'unpricedCalls',
          'partialCalls',
          'estimatedNanos',
        ] as const) {
          expect(all.reduce((sum, row) => sum + BigInt(row[measure]), 0n)).toBe(BigInt(total[measure]))
        }
        expect(rows.length).toBeLessThanOrEqual(limit)
        expect(otherCount > 0).toBe(others !== null)
        await store.close()
      },
    ),
    { numRuns: 25, seed: 7 },
  )
})
