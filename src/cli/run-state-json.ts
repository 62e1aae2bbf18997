import type { z } from 'zod'
import type { Run } from '../runs/run.ts'
import type { runStateShape } from './run-shapes.ts'

/** How a run stands, as JSON. */
export function runStateJson({ id, project, state, attempt, message, wanted, cap, limit }: Run): z.infer<typeof runStateShape> {
  const texts = Object.fromEntries(Object.entries(cap ?? {}).map(([metric, amount]) => [metric, String(amount)]))
  return {
    run: id,
    project,
    state,
    attempt,
    message,
    wanted,
    cap: cap === null ? null : texts,
    limit: limit === null ? null : limitJson(limit),
  }
}

function limitJson({ budget, metric, scope, limit, spent, held, presumed, asked, resetsAt }: NonNullable<Run['limit']>) {
  return {
    budget,
    metric,
    scope,
    limit: String(limit),
    spent: String(spent),
    held: String(held),
    presumed: String(presumed),
    asked: asked === null ? null : String(asked),
    resetsAt: resetsAt === null ? null : new Date(resetsAt).toISOString(),
  }
}
