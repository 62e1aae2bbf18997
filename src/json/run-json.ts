import type { z } from 'zod'
import { toUsd } from '../money/nanos.ts'
import type { ListedRun } from '../reports/runs/list-runs.ts'
import { callsOf, doubtsJson } from '../reports/runs/sums.ts'
import { varianceJson } from '../reports/runs/variance.ts'
import type { listedRunShape } from './run-shapes.ts'
import { iso } from './iso.ts'

/** A run of a list as JSON. */
export function listedRunJson({ id, project, run, started, costNanos, sums }: ListedRun): z.infer<typeof listedRunShape> {
  const doubts = doubtsJson(sums)
  const estimate = run?.estimate ?? undefined
  // A run that has not begun has cost nothing yet, which is no variance.
  const hasBegun = run?.startedAt != null
  const variance = estimate === undefined || !hasBegun ? null : varianceJson(estimate, costNanos, doubts.is_lower_bound)
  return {
    run: id,
    project,
    state: run?.state ?? null,
    message: run?.message ?? null,
    started,
    endedAt: run?.endedAt == null ? null : iso(run.endedAt),
    calls: callsOf(sums),
    costUsd: toUsd(costNanos),
    costNanos: costNanos.toString(),
    isLowerBound: doubts.is_lower_bound,
    planUsd: doubts.plan_cost_usd,
    estimateUsd: estimate === undefined ? null : toUsd(estimate.costNanos),
    estimateIsLowerBound: estimate !== undefined && estimate.unpriced.length > 0,
    varianceUsd: variance?.variance_usd ?? null,
    variancePercent: variance?.variance_percent ?? null,
  }
}
