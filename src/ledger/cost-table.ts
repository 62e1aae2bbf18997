import { type Nanos, toUsd } from '../money/nanos.ts'
import { type Meter, meters } from '../usage/meters.ts'
import { fromScaled } from '../usage/usage.ts'
import type { SortKey } from './cost-query.ts'
import { addMeasures, type Measures, zeroMeasures } from './measures.ts'
import { addMeterTotals, addToMeter, meterEntries, type MeterTotals, zeroMeterTotals } from './meter-totals.ts'

/** Sums that belong together: one group of an answer, or its total. What a subscription covers is kept apart. */
export interface CostSums {
  readonly metered: Measures
  readonly plan: Measures
  readonly meters: MeterTotals
  runs: number
}

/** One row of an answer. Costs are what counts as spent; `plan…` is what a subscription covered, at list prices. */
export interface CostRow {
  /** Values of the fields asked by, in their order; null where the label is missing. */
  readonly key: readonly (string | null)[]
  readonly calls: number
  readonly costNanos: Nanos
  readonly planNanos: Nanos
  readonly planCalls: number
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  /** Distinct runs; null where several rows are folded into one, because those cannot be added up. */
  readonly runs: number | null
  readonly unpricedCalls: number
  readonly partialCalls: number
  readonly estimatedCalls: number
  readonly estimatedNanos: Nanos
  /** Whether calls of the group have no price, or none for a part of them: then the cost is at least this. */
  readonly isLowerBound: boolean
  /** Where rows are by meter: the quantity in the meter's unit. */
  readonly quantity?: number
}

export interface CostTable {
  readonly rows: readonly CostRow[]
  /** Rows beyond the limit, summed. */
  readonly others: CostRow | null
  readonly otherCount: number
  readonly total: CostRow
}

/** One sum that a rollup row, or a charge, contributes. */
export interface Fact {
  readonly key: readonly (string | null)[]
  readonly isPlan: boolean
  readonly measures: Measures
  readonly meters: MeterTotals | undefined
}

const separator = '\u0000'

/** Adds up facts by key. */
export class CostTableBuilder {
  readonly #groups = new Map<string, { key: readonly (string | null)[]; sums: CostSums }>()
  readonly #total = emptySums()
  readonly #meterPlace: number

  /** `meterPlace`: where in the key the meter stands, or -1. Facts come with null there. */
  constructor(meterPlace: number) {
    this.#meterPlace = meterPlace
  }

  add(fact: Fact): void {
    addFact(this.#total, fact)
    if (this.#meterPlace === -1) addFact(this.#group(fact.key), fact)
    else this.#addByMeter(fact)
  }

  /** Adds distinct runs to a group that has calls; the total is told apart, as a run may belong to several groups. */
  addRuns(key: readonly (string | null)[], runs: number): void {
    this.#group(key).runs += runs
  }

  addRunsToTotal(runs: number): void {
    this.#total.runs += runs
  }

  /** `timePlace`: where in the key a time stands, or -1. */
  build(sort: SortKey | undefined, descending: boolean | undefined, timePlace: number, limit: number | undefined): CostTable {
    const groups = [...this.#groups.values()]
      .map(({ key, sums }) => ({ row: this.#row(key, sums), sums }))
      .filter(({ row }) => !isEmpty(row))
    const compare = comparator(sort, descending, timePlace)
    groups.sort((a, b) => compare(a.row, b.row))
    const kept = limit === undefined ? groups : groups.slice(0, limit)
    const rest = groups.slice(kept.length)
    return {
      rows: kept.map(({ row }) => row),
      others: rest.length === 0 ? null : { ...toRow([], fold(rest.map(({ sums }) => sums))), runs: null },
      otherCount: rest.length,
      total: toRow([], this.#total),
    }
  }

  /** Each meter's lines are a row; what has no line (stated costs, calls) stays under null, so that rows sum to the total. */
  #addByMeter(fact: Fact): void {
    const rest = { ...fact.measures }
    for (const { meter, quantity, nanos } of fact.meters === undefined ? [] : meterEntries(fact.meters)) {
      const sums = this.#group(fact.key.with(this.#meterPlace, meter))
      addMeasures(fact.isPlan ? sums.plan : sums.metered, { ...zeroMeasures(), costNanos: nanos })
      addToMeter(sums.meters, meter, quantity, nanos)
      rest.costNanos -= nanos
    }
    addFact(this.#group(fact.key), { ...fact, measures: rest, meters: undefined })
  }

  #group(key: readonly (string | null)[]): CostSums {
    const text = key.map((value) => (value === null ? '-' : `+${value}`)).join(separator)
    let group = this.#groups.get(text)
    if (group === undefined) this.#groups.set(text, (group = { key, sums: emptySums() }))
    return group.sums
  }

  #row(key: readonly (string | null)[], sums: CostSums): CostRow {
    const row = toRow(key, sums)
    const meter = this.#meterPlace === -1 ? null : (key[this.#meterPlace] ?? null)
    if (meter === null) return row
    // Which meter of a call has no price is not in the sums, so the doubt is shown on all of them.
    const calls = toRow([], this.#group(key.with(this.#meterPlace, null)))
    const quantity = fromScaled(meter as Meter, sums.meters.quantities[meters[meter as Meter].code] ?? 0)
    return { ...row, isLowerBound: calls.isLowerBound, quantity }
  }
}

function emptySums(): CostSums {
  return { metered: zeroMeasures(), plan: zeroMeasures(), meters: zeroMeterTotals(), runs: 0 }
}

function addFact(sums: CostSums, fact: Fact): void {
  addMeasures(fact.isPlan ? sums.plan : sums.metered, fact.measures)
  if (fact.meters !== undefined) addMeterTotals(sums.meters, fact.meters)
}

function toRow(key: readonly (string | null)[], { metered, plan, runs }: CostSums): CostRow {
  const all = zeroMeasures()
  addMeasures(all, metered)
  addMeasures(all, plan)
  return {
    key,
    calls: all.calls,
    costNanos: metered.costNanos as Nanos,
    planNanos: plan.costNanos as Nanos,
    planCalls: plan.calls,
    inputTokens: all.inputTokens,
    cacheReadTokens: all.cacheReadTokens,
    cacheWriteTokens: all.cacheWriteTokens,
    outputTokens: all.outputTokens,
    totalTokens: all.inputTokens + all.cacheReadTokens + all.cacheWriteTokens + all.outputTokens,
    runs,
    unpricedCalls: all.unpricedCalls,
    partialCalls: all.partialCalls,
    estimatedCalls: all.estimatedCalls,
    estimatedNanos: all.estimatedNanos as Nanos,
    isLowerBound: all.unpricedCalls + all.partialCalls > 0,
  }
}

/** What is left of a group when all its calls turned out to be elsewhere. */
function isEmpty(row: CostRow): boolean {
  if (row.unpricedCalls + row.partialCalls > 0) return false
  return row.calls === 0 && row.costNanos === 0n && row.planNanos === 0n && row.totalTokens === 0 && (row.quantity ?? 0) === 0
}

function fold(groups: readonly CostSums[]): CostSums {
  const sum = emptySums()
  for (const { metered, plan } of groups) {
    addMeasures(sum.metered, metered)
    addMeasures(sum.plan, plan)
  }
  return sum
}

type Compare = (a: CostRow, b: CostRow) => number

function comparator(sort: SortKey | undefined, descending: boolean | undefined, timePlace: number): Compare {
  const key = sort ?? (timePlace === -1 ? 'cost' : 'name')
  const sign = (descending ?? key !== 'name') ? -1 : 1
  const byName: Compare = (a, b) => compareNames(a, b, timePlace)
  const by = key === 'name' ? byName : comparisons[key]
  return (a, b) => sign * by(a, b) || compareNanos(b.planNanos, a.planNanos) || b.totalTokens - a.totalTokens || byName(a, b)
}

const comparisons: Readonly<Record<Exclude<SortKey, 'name'>, Compare>> = {
  cost: (a, b) => compareNanos(a.costNanos, b.costNanos),
  plan: (a, b) => compareNanos(a.planNanos, b.planNanos),
  calls: (a, b) => a.calls - b.calls,
  tokens: (a, b) => a.totalTokens - b.totalTokens,
  runs: (a, b) => (a.runs ?? 0) - (b.runs ?? 0),
  unpriced: (a, b) => a.unpricedCalls - b.unpricedCalls,
}

function compareNanos(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNames(a: CostRow, b: CostRow, timePlace: number): number {
  for (const [index, value] of a.key.entries()) {
    const other = b.key[index] ?? null
    if (value === other) continue
    if (value === null) return 1
    if (other === null) return -1
    // The hour that a clock repeats in autumn has two names, which sort by their offsets and not as text.
    if (index === timePlace && value.slice(0, 16) === other.slice(0, 16)) return Date.parse(value) - Date.parse(other)
    return value < other ? -1 : 1
  }
  return 0
}

/** Average cost of a run in dollars, and its average tokens; null where there is no run. */
export function perRun(row: CostRow): { costUsd: number | null; tokens: number | null } {
  if (row.runs === null || row.runs === 0) return { costUsd: null, tokens: null }
  return { costUsd: toUsd((row.costNanos / BigInt(row.runs)) as Nanos), tokens: row.totalTokens / row.runs }
}
