import { type Nanos, nanos } from '../../money/nanos.ts'
import { counted } from '../../text/counted.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { withBuffer } from './estimate-sums.ts'
import { ascending, fewestSamples, nearestRank } from './percentile.ts'

/** What one stage of one past run came to. */
export interface PastCost {
  readonly run: string
  readonly stage: string | null
  readonly costNanos: Nanos
  readonly calls: number
  /** Whether calls of it have no price, so that nobody knows what it cost. */
  readonly isLowerBound: boolean
}

/** Half of the past came to at most `p50`, nine of ten to at most `p90`. */
export interface Spread {
  readonly p50: Nanos
  readonly p90: Nanos
  readonly samples: number
}

/** What past runs say of the next one. */
export type HistoryEstimate =
  | {
      readonly enough: true
      /** What half of the runs came to, with the buffer; a part for each stage with what half of its runs came to. */
      readonly estimate: CostEstimate
      readonly run: Spread
      /** By stage, where at least three runs had it. */
      readonly stages: readonly (Spread & { readonly stage: string | null })[]
      /** Runs that do not count, because calls of theirs have no price. */
      readonly leftOut: number
    }
  | { readonly enough: false; readonly samples: number; readonly leftOut: number; readonly message: string }

/**
 * Estimates a run, or a stage where only its costs are given, by what such runs came to: percentiles by nearest rank. With
 * fewer than three runs there is no figure.
 */
export function estimateHistory(past: readonly PastCost[], { at, bufferPercent }: { at: number; bufferPercent: number }): HistoryEstimate {
  const runs = Map.groupBy(past, ({ run }) => run)
  const known = [...runs.values()].filter((stages) => stages.every(({ isLowerBound }) => !isLowerBound))
  const leftOut = runs.size - known.length
  if (known.length < fewestSamples) return { enough: false, samples: known.length, leftOut, message: tooFew(known.length, leftOut) }
  const run = spreadOf(known.map((stages) => stages.reduce((sum, { costNanos }) => sum + costNanos, 0n)))
  const byStage = [...Map.groupBy(known.flat(), ({ stage }) => stage)].filter(([, costs]) => costs.length >= fewestSamples)
  const stages = byStage.map(([stage, costs]) => ({ stage, ...spreadOf(costs.map(({ costNanos }) => costNanos)) }))
  const callsOf = (costs: readonly PastCost[]): number => nearestRank(ascending(costs.map(({ calls }) => calls)), 50)
  const estimate: CostEstimate = {
    source: 'history',
    costNanos: withBuffer(run.p50, bufferPercent),
    bufferPercent,
    calls: nearestRank(ascending(known.map((costs) => costs.reduce((sum, { calls }) => sum + calls, 0))), 50),
    tokens: null,
    parts: byStage.map(([stage, costs], index) => ({
      stage,
      role: null,
      pass: null,
      provider: null,
      model: null,
      calls: callsOf(costs),
      usage: {},
      costNanos: stages[index]?.p50 ?? null,
    })),
    unpriced: [],
    quantiles: run,
    profile: null,
    catalog: null,
    madeAt: at,
  }
  return { enough: true, estimate, run, stages, leftOut }
}

function spreadOf(costs: readonly bigint[]): Spread {
  const sorted = ascending(costs)
  return { p50: nanos(nearestRank(sorted, 50)), p90: nanos(nearestRank(sorted, 90)), samples: sorted.length }
}

function tooFew(samples: number, leftOut: number): string {
  const found = samples === 0 ? 'No such run has ended' : `Only ${counted(samples, 'such run')} ${samples === 1 ? 'has' : 'have'} ended`
  const rest = leftOut === 0 ? '' : ` ${counted(leftOut, 'other')} cannot be counted, because calls without a price are among them.`
  return `${found}; an estimate by the past takes ${fewestSamples}.${rest}`
}
