import type { z } from 'zod'
import { figureTexts } from '../budgets/limit-figures.ts'
import type { LimitReached, Run } from '../runs/run.ts'
import { estimateJson } from './estimate-json.ts'
import { amountsJson } from './hold-json.ts'
import { iso } from './iso.ts'
import type { runShape, runStateShape } from './run-shapes.ts'

/** How a run stands, as JSON. */
export function runStateJson({ id, project, state, attempt, message, wanted, cap, limit }: Run): z.infer<typeof runStateShape> {
  return {
    run: id,
    project,
    state,
    attempt,
    message,
    wanted,
    cap: cap === null ? null : amountsJson(cap),
    limit: limit === null ? null : limitJson(limit),
  }
}

/** A run with its plan, as JSON. */
export function runJson(run: Run): z.infer<typeof runShape> {
  const { labels, createdAt, startedAt, endedAt, profile, approval = null, estimate } = run
  return {
    ...runStateJson(run),
    labels,
    createdAt: iso(createdAt),
    startedAt: startedAt === null ? null : iso(startedAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    profile,
    approval,
    estimate: estimate === null ? null : estimateJson(estimate),
  }
}

function limitJson(reached: LimitReached) {
  const { budget, metric, scope, resetsAt } = reached
  return {
    budget,
    metric,
    scope,
    ...figureTexts(reached),
    resetsAt: resetsAt === null ? null : iso(resetsAt),
  }
}
