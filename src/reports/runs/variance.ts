import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { costEstimateSchema, costVarianceSchema } from '../schemas/estimate-schemas.ts'

/**
 * A part of a whole in percent, to one decimal, half-even: -0.03 of 0.45 is -6.7. Null of nothing.
 */
export function percentOf(part: bigint, whole: bigint): number | null {
  return whole === 0n ? null : Number(divideHalfEven((whole < 0n ? -part : part) * 1000n, whole < 0n ? -whole : whole)) / 10
}

/** What a run cost against what was foreseen. */
export function varianceJson(
  { costNanos: estimated, unpriced }: Pick<CostEstimate, 'costNanos' | 'unpriced'>,
  actual: Nanos,
  isLowerBound: boolean,
): z.infer<typeof costVarianceSchema> {
  const variance = (actual - estimated) as Nanos
  return {
    estimated_usd: toUsd(estimated),
    estimated_nanos: estimated.toString(),
    actual_usd: toUsd(actual),
    actual_nanos: actual.toString(),
    variance_usd: toUsd(variance),
    variance_nanos: variance.toString(),
    variance_percent: percentOf(variance, estimated),
    is_lower_bound: isLowerBound,
    estimated_is_lower_bound: unpriced.length > 0,
  }
}

/** An estimate as reports show it. */
export function estimateJson(estimate: CostEstimate): z.infer<typeof costEstimateSchema> {
  const { source, costNanos, bufferPercent, calls, tokens, parts, unpriced, quantiles, profile, catalog, madeAt, factor } = estimate
  return {
    source,
    cost_usd: toUsd(costNanos),
    cost_nanos: costNanos.toString(),
    is_lower_bound: unpriced.length > 0,
    ...(factor !== undefined && { factor }),
    buffer_percent: bufferPercent,
    calls,
    tokens,
    parts: parts.map(({ costNanos: cost, usage, ...part }) => ({
      ...part,
      usage: { ...usage },
      cost_usd: cost === null ? null : toUsd(cost),
      cost_nanos: cost === null ? null : cost.toString(),
    })),
    unpriced: unpriced.map((each) => ({ ...each })),
    quantiles: quantiles && {
      p50_usd: toUsd(quantiles.p50),
      p50_nanos: quantiles.p50.toString(),
      p90_usd: toUsd(quantiles.p90),
      p90_nanos: quantiles.p90.toString(),
      samples: quantiles.samples,
    },
    profile,
    catalog,
    made_at: new Date(madeAt).toISOString(),
  }
}
