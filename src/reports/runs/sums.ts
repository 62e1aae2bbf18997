import { addMeasures, type Measures, zeroMeasures } from '../../ledger/measures.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'

/** What calls came to: spent, and, apart from it, what a subscription covered. */
export interface Sums {
  readonly metered: Measures
  readonly plan: Measures
}

export function zeroSums(): Sums {
  return { metered: zeroMeasures(), plan: zeroMeasures() }
}

export function addToSums(sums: Sums, basis: string, measures: Measures): void {
  addMeasures(basis === 'plan' ? sums.plan : sums.metered, measures)
}

export function costOf({ metered }: Sums): Nanos {
  return metered.costNanos as Nanos
}

export function callsOf({ metered, plan }: Sums): number {
  return metered.calls + plan.calls
}

/** Tokens of all calls in the fields of reports. */
export function tokensJson({ metered, plan }: Sums) {
  const input = metered.inputTokens + plan.inputTokens
  const read = metered.cacheReadTokens + plan.cacheReadTokens
  const written = metered.cacheWriteTokens + plan.cacheWriteTokens
  const output = metered.outputTokens + plan.outputTokens
  return {
    input_tokens: input,
    cache_read_tokens: read,
    cache_write_tokens: written,
    output_tokens: output,
    total_tokens: input + read + written + output,
  }
}

/** What is not known in full, or not spent, in the fields of reports. `isUntracked`: nothing is booked, so nothing is known. */
export function doubtsJson({ metered, plan }: Sums, isUntracked = false) {
  const unpriced = metered.unpricedCalls + plan.unpricedCalls
  const partial = metered.partialCalls + plan.partialCalls
  return {
    unpriced_calls: unpriced,
    partial_calls: partial,
    is_lower_bound: isUntracked || unpriced + partial > 0,
    plan_cost_usd: toUsd(plan.costNanos as Nanos),
    plan_cost_nanos: plan.costNanos.toString(),
    plan_calls: plan.calls,
  }
}

/** Said of a run of which nothing is known because cost tracking is off. */
export const untrackedText = 'Cost tracking is off, so no call of it is booked, and nobody knows what it cost.'

/** Stands for the value of a label that is missing. */
export const none = 'none'

/** Dollars by value, the dearest first. */
export function usdByValue(nanos: ReadonlyMap<string, bigint>): Record<string, number> {
  const dearestFirst = [...nanos].toSorted(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1))
  return Object.fromEntries(dearestFirst.map(([value, cost]) => [value, toUsd(cost as Nanos)]))
}
