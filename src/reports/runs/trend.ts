import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import type { projectCostSummarySchema } from '../schemas/project-cost-schemas.ts'
import { percentOf } from './variance.ts'

type Trend = NonNullable<z.infer<typeof projectCostSummarySchema>['trend']>

/**
 * Whether runs get more or less expensive. The slope is that of the least-squares line through the points (i, cost of run
 * i), i = 1 … n, rounded half-even to a nano: 12·Σ i·c − 6·(n+1)·Σ c, divided by n·(n²−1). Null below two runs.
 * https://en.wikipedia.org/wiki/Simple_linear_regression
 */
export function trendOf(costs: readonly Nanos[]): Trend | null {
  const last = costs.at(-1)
  if (last === undefined || costs.length < 2) return null
  const n = BigInt(costs.length)
  const sum = costs.reduce((total, cost) => total + cost, 0n)
  const weighted = costs.reduce((total, cost, index) => total + BigInt(index + 1) * cost, 0n)
  const slope = divideHalfEven(12n * weighted - 6n * (n + 1n) * sum, n * (n * n - 1n)) as Nanos
  const before = divideHalfEven(sum - last, n - 1n) as Nanos
  return {
    runs: costs.length,
    slope_usd_per_run: toUsd(slope),
    slope_nanos_per_run: slope.toString(),
    direction: slope > 0n ? 'more expensive' : slope < 0n ? 'less expensive' : 'as before',
    last_usd: toUsd(last),
    last_nanos: last.toString(),
    average_before_usd: toUsd(before),
    last_against_average_percent: percentOf(last - before, before),
  }
}
