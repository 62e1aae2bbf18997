import { type Nanos, nanos } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { withBuffer } from './estimate-sums.ts'
import { ascending, fewestSamples, nearestRank } from './percentile.ts'

/** A run, or a stage, that came to its end with an estimate. */
export interface EstimatedPast {
  readonly estimate: Pick<CostEstimate, 'costNanos' | 'bufferPercent' | 'unpriced' | 'factor'>
  readonly actualNanos: Nanos
  /** Whether calls of it have no price, so that nobody knows what it cost. */
  readonly isLowerBound: boolean
}

/** What runs came to for each dollar that was estimated, buffer aside: `0.93` of it, by nearest rank. */
export interface LearnedCorrection {
  readonly p50: number
  readonly p90: number
  readonly samples: number
}

const million = 1_000_000n

/**
 * The ratio of actual to estimate over past runs, to six decimals. What the estimate itself was is taken: without its buffer
 * and without a correction that was learned before. Estimates that left calls out, of nothing, and of runs whose cost is not
 * known do not count. With fewer than three there is none.
 */
export function learnedCorrection(past: readonly EstimatedPast[]): LearnedCorrection | { readonly samples: number } {
  const ratios = ascending(
    past.flatMap(({ estimate, actualNanos, isLowerBound }) => {
      const plain = plainNanos(estimate)
      if (isLowerBound || estimate.unpriced.length > 0 || plain <= 0n) return []
      return [Number(divideHalfEven(actualNanos * million, plain)) / Number(million)]
    }),
  )
  if (ratios.length < fewestSamples) return { samples: ratios.length }
  return { p50: nearestRank(ratios, 50), p90: nearestRank(ratios, 90), samples: ratios.length }
}

/** An estimate as it would have come in by the median of the past. */
export function corrected(estimate: CostEstimate, factor: number): CostEstimate {
  const plain = plainNanos(estimate)
  const scaled = divideHalfEven(plain * BigInt(Math.round(factor * Number(million))), million)
  return { ...estimate, costNanos: withBuffer(scaled, estimate.bufferPercent), factor }
}

/** What was estimated before the buffer and a learned factor. */
function plainNanos({ costNanos, bufferPercent, factor = 1 }: EstimatedPast['estimate']): Nanos {
  const percents = BigInt(10_000 + Math.round(bufferPercent * 100))
  const factors = BigInt(Math.round(factor * Number(million)))
  return factors === 0n ? nanos(0n) : nanos(divideHalfEven(costNanos * 10_000n * million, percents * factors))
}
