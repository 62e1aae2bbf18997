import type { Meter } from '../usage/meters.ts'
import { toScaled, type Usage } from '../usage/usage.ts'
import type { Charge, PriceStatus } from './charge.ts'
import { addToMeter, type MeterTotals } from './meter-totals.ts'

/** What a rollup row keeps of the charges that it sums. Costs are nanos; the four token sums add up to all tokens. */
export interface Measures {
  calls: number
  /** What counts as the cost: priced, partial, stated or reported. */
  costNanos: bigint
  unpricedCalls: number
  partialCalls: number
  estimatedCalls: number
  estimatedNanos: bigint
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
}

export const measureNames = [
  'calls',
  'costNanos',
  'unpricedCalls',
  'partialCalls',
  'estimatedCalls',
  'estimatedNanos',
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'outputTokens',
] as const satisfies readonly (keyof Measures)[]

export function zeroMeasures(): Measures {
  return {
    calls: 0,
    costNanos: 0n,
    unpricedCalls: 0,
    partialCalls: 0,
    estimatedCalls: 0,
    estimatedNanos: 0n,
    inputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
  }
}

type Countable = Pick<Charge, 'usage' | 'lines' | 'costNanos' | 'status' | 'estimated' | 'corrects' | 'restates' | 'part'>

/** Whether a charge stands for a call: no correction does, and of the parts of one call only one. */
export function addsCall({ corrects, part }: Pick<Charge, 'corrects' | 'part'>): boolean {
  return corrects === null && part?.addsCall !== false
}

/** Tokens of a usage: those read from a cache, and all others. */
export function tokensOf(usage: Usage): { readonly cacheReads: number; readonly others: number } {
  let cacheReads = 0
  let others = 0
  for (const name in usage) {
    const group = tokenGroups[name as Meter]
    if (group === 'cacheReadTokens') cacheReads += usage[name as Meter] ?? 0
    else if (group !== undefined) others += usage[name as Meter] ?? 0
  }
  return { cacheReads, others }
}

type TokenGroup = 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'outputTokens'

/** Under which of the four token sums a meter counts; the other meters count under none. */
const tokenGroups: Readonly<Partial<Record<Meter, TokenGroup>>> = {
  inputTokens: 'inputTokens',
  audioInputTokens: 'inputTokens',
  imageInputTokens: 'inputTokens',
  videoInputTokens: 'inputTokens',
  cacheReadTokens: 'cacheReadTokens',
  audioCacheReadTokens: 'cacheReadTokens',
  imageCacheReadTokens: 'cacheReadTokens',
  cacheWrite5mTokens: 'cacheWriteTokens',
  cacheWrite1hTokens: 'cacheWriteTokens',
  outputTokens: 'outputTokens',
  audioOutputTokens: 'outputTokens',
  imageOutputTokens: 'outputTokens',
  videoOutputTokens: 'outputTokens',
}

/**
 * Adds what a charge contributes, or with `sign` -1 takes it away. A correction adds no call; it moves the count of
 * unpriced calls where it gives a price to a charge that had none (`restates` is the status before). Of the parts of one call
 * one adds the call, but each counts among the unpriced, partial and estimated: what is not known is not known of each.
 */
export function addCharge(measures: Measures, totals: MeterTotals, charge: Countable, sign: 1 | -1 = 1): void {
  const nanos = sign === 1 ? (charge.costNanos ?? 0n) : -(charge.costNanos ?? 0n)
  if (addsCall(charge)) measures.calls += sign
  measures.costNanos += nanos
  measures.unpricedCalls += sign * changeOf('unpriced', charge)
  measures.partialCalls += sign * changeOf('partial', charge)
  if (charge.estimated) {
    if (charge.corrects === null) measures.estimatedCalls += sign
    measures.estimatedNanos += nanos
  }
  const { usage } = charge
  for (const name in usage) {
    if (name === 'attributes') continue
    const meter = name as Meter
    const quantity = usage[meter] ?? 0
    const group = tokenGroups[meter]
    if (group !== undefined) measures[group] += sign * quantity
    addToMeter(totals, meter, sign * toScaled(meter, quantity), 0n)
  }
  for (const line of charge.lines) {
    // A card may bill a request that the usage does not count; then the line says how many there were.
    const uncounted = line.meter === 'requests' && usage.requests === undefined ? line.quantity : 0
    addToMeter(totals, line.meter, sign * uncounted, sign === 1 ? line.costNanos : -line.costNanos)
  }
}

function changeOf(status: PriceStatus, charge: Countable): number {
  return Number(charge.status === status) - Number(charge.restates === status)
}

/** Whether nothing was summed: no call, no money, no tokens, and nothing that is not known. */
export function sumsNothing(measures: Measures): boolean {
  return measureNames.every((name) => measures[name] === 0 || measures[name] === 0n)
}

/** Adds one sum to another. */
export function addMeasures(into: Measures, from: Measures): void {
  into.calls += from.calls
  into.costNanos += from.costNanos
  into.unpricedCalls += from.unpricedCalls
  into.partialCalls += from.partialCalls
  into.estimatedCalls += from.estimatedCalls
  into.estimatedNanos += from.estimatedNanos
  into.inputTokens += from.inputTokens
  into.cacheReadTokens += from.cacheReadTokens
  into.cacheWriteTokens += from.cacheWriteTokens
  into.outputTokens += from.outputTokens
}
