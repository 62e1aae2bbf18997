import { toScaled, quantities } from '../usage/usage.ts'
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

type Countable = Pick<Charge, 'usage' | 'lines' | 'costNanos' | 'status' | 'estimated' | 'corrects' | 'restates'>

const tokenGroup = {
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
} as const

/**
 * Adds what a charge contributes, or with `sign` -1 takes it away. A correction adds no call; it moves the count of
 * unpriced calls where it gives a price to a charge that had none (`restates` is the status before).
 */
export function addCharge(measures: Measures, totals: MeterTotals, charge: Countable, sign: 1 | -1 = 1): void {
  const isCall = charge.corrects === null
  const nanos = BigInt(sign) * (charge.costNanos ?? 0n)
  if (isCall) measures.calls += sign
  measures.costNanos += nanos
  measures.unpricedCalls += sign * changeOf('unpriced', charge)
  measures.partialCalls += sign * changeOf('partial', charge)
  if (isCall && charge.estimated) measures.estimatedCalls += sign
  if (charge.estimated) measures.estimatedNanos += nanos
  for (const [meter, quantity] of quantities(charge.usage)) {
    const group = (tokenGroup as Partial<Record<string, (typeof tokenGroup)[keyof typeof tokenGroup]>>)[meter]
    if (group !== undefined) measures[group] += sign * quantity
    addToMeter(totals, meter, sign * toScaled(meter, quantity), 0n)
  }
  for (const line of charge.lines) addToMeter(totals, line.meter, 0, BigInt(sign) * line.costNanos)
}

function changeOf(status: PriceStatus, charge: Countable): number {
  return Number(charge.status === status) - Number(charge.restates === status)
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
