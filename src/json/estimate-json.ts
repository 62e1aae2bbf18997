import { iso } from './iso.ts'
import type { z } from 'zod'
import { type Nanos, toUsd } from '../money/nanos.ts'
import type { CostEstimate } from '../runs/cost-estimate.ts'
import type { EstimateComparison } from '../runs/estimates/compare-estimates.ts'
import type { Spread } from '../runs/estimates/estimate-history.ts'
import type { LearnedCorrection } from '../runs/estimates/learned-correction.ts'
import type { RepricedRun } from '../runs/estimates/repriced-run.ts'
import type { comparisonShape, estimateShape } from './estimate-shapes.ts'

type EstimateJson = Omit<z.infer<typeof estimateShape>, 'learned' | 'saved' | 'stages' | 'leftOut' | 'actual'>

/** An estimate as JSON. */
export function estimateJson({ costNanos, parts, unpriced, quantiles, factor, madeAt, ...same }: CostEstimate): EstimateJson {
  return {
    ...same,
    ...cost(costNanos),
    isLowerBound: unpriced.length > 0,
    factor: factor ?? null,
    parts: parts.map(({ costNanos: nanos, ...part }) => ({
      ...part,
      usage: { ...part.usage },
      costUsd: nanos === null ? null : toUsd(nanos),
      costNanos: nanos === null ? null : String(nanos),
    })),
    unpriced: [...unpriced],
    quantiles: quantiles === null ? null : spreadJson(quantiles),
    madeAt: iso(madeAt),
  }
}

export function spreadJson({ p50, p90, samples }: Spread): NonNullable<EstimateJson['quantiles']> {
  return { p50Usd: toUsd(p50), p50Nanos: String(p50), p90Usd: toUsd(p90), p90Nanos: String(p90), samples }
}

/** What a past run cost, as JSON. */
export function actualJson({ actualNanos, unpricedCalls, planCalls }: RepricedRun): NonNullable<z.infer<typeof estimateShape>['actual']> {
  return { ...cost(actualNanos), unpricedCalls, planCalls }
}

export function learnedJson(learned: LearnedCorrection | { readonly samples: number }): LearnedCorrection | null {
  return 'p50' in learned ? learned : null
}

/** Estimates side by side, as JSON. */
export function comparisonJson({
  names,
  estimates,
  rows,
  differences,
}: EstimateComparison): Omit<z.infer<typeof comparisonShape>, 'learned' | 'actual'> {
  return {
    names: [...names],
    estimates: estimates.map(estimateJson),
    rows: rows.map(({ stage, costs, isLowerBound }) => ({
      stage,
      costNanos: costs.map((nanos) => (nanos === null ? null : String(nanos))),
      isLowerBound: [...isLowerBound],
    })),
    differenceNanos: differences.map((difference) => (difference === null ? null : String(difference))),
  }
}

function cost(nanos: Nanos): { costUsd: number; costNanos: string } {
  return { costUsd: toUsd(nanos), costNanos: String(nanos) }
}
