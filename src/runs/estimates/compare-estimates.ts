import { type Nanos, nanos } from '../../money/nanos.ts'
import type { CostEstimate } from '../cost-estimate.ts'

/** One estimate for each choice of models, side by side. */
export interface EstimateComparison {
  /** Names of the choices, in the order in which they were asked for. */
  readonly names: readonly string[]
  readonly estimates: readonly CostEstimate[]
  readonly rows: readonly ComparisonRow[]
  /** How much more each comes to than the first, with the buffer; null where either of them is a lower bound, so that nobody knows. */
  readonly differences: readonly (Nanos | null)[]
}

/** What one stage comes to with each of them, without the buffer. */
export interface ComparisonRow {
  readonly stage: string | null
  /** Null where nobody knows a price. */
  readonly costs: readonly (Nanos | null)[]
  /** Whether calls without a price are left out. */
  readonly isLowerBound: readonly boolean[]
}

/** Puts estimates of the same calls side by side, by stage in the order of the first. */
export function compareEstimates(named: ReadonlyMap<string, CostEstimate>): EstimateComparison {
  const estimates = [...named.values()]
  const stages = [...new Set(estimates.flatMap(({ parts }) => parts.map(({ stage }) => stage)))]
  const sums = estimates.map(sumByStage)
  const [first] = estimates
  return {
    names: [...named.keys()],
    estimates,
    rows: stages.map((stage) => ({
      stage,
      costs: sums.map((sum) => sum.get(stage) ?? null),
      isLowerBound: estimates.map(({ unpriced }) => unpriced.some((left) => left.stage === stage)),
    })),
    differences: estimates.map((estimate) => (first === undefined ? null : differenceTo(first, estimate))),
  }
}

function differenceTo(first: CostEstimate, { costNanos, unpriced }: CostEstimate): Nanos | null {
  return first.unpriced.length + unpriced.length > 0 ? null : nanos(costNanos - first.costNanos)
}

/** What each stage of an estimate comes to; null where none of its calls has a price. */
export function sumByStage({ parts }: CostEstimate): Map<string | null, Nanos | null> {
  const sums = new Map<string | null, Nanos | null>()
  for (const { stage, costNanos } of parts) {
    const before = sums.get(stage) ?? null
    sums.set(stage, costNanos === null ? before : nanos((before ?? 0n) + costNanos))
  }
  return sums
}
