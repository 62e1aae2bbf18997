import { addMeasures, type Measures, sumsNothing, zeroMeasures } from '../../ledger/measures.ts'
import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { groupCostSchema } from '../schemas/run-cost-schemas.ts'

export type GroupCost = z.infer<typeof groupCostSchema>

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

export function costOfSums({ metered }: Sums): Nanos {
  return metered.costNanos as Nanos
}

/** Whether it is what is left of rows whose calls turned out to be elsewhere. */
export function isNothing({ metered, plan }: Sums): boolean {
  return sumsNothing(metered) && sumsNothing(plan)
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
  return Object.fromEntries(dearestFirst(nanos).map(([value, cost]) => [value, toUsd(cost as Nanos)]))
}

/** What each value spent, in nanos. */
export function spentByValue(sums: ReadonlyMap<string, Sums>): Map<string, bigint> {
  return new Map([...sums].map(([value, each]) => [value, costOfSums(each)]))
}

/** Cost, calls and tokens by value, the dearest first. */
export function groupsJson(sums: ReadonlyMap<string, Sums>): Record<string, GroupCost> {
  return Object.fromEntries(dearestFirst(spentByValue(sums)).map(([value]) => [value, groupJson(sums.get(value) ?? zeroSums())]))
}

function groupJson(sums: Sums): GroupCost {
  const cost = costOfSums(sums)
  return { cost_usd: toUsd(cost), cost_nanos: cost.toString(), calls: callsOf(sums), ...tokensJson(sums), ...doubtsJson(sums) }
}

function dearestFirst(nanos: ReadonlyMap<string, bigint>): [string, bigint][] {
  return [...nanos].toSorted(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1))
}
