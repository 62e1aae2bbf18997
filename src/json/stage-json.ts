import type { z } from 'zod'
import { type Nanos, toUsd } from '../money/nanos.ts'
import type { Stage } from '../runs/run.ts'
import { iso } from './iso.ts'
import type { stageShape } from './run-shapes.ts'

/** A stage of a run as JSON. */
export function stageJson({ key, name, state, attempt, startedAt, endedAt, message, spent }: Stage): z.infer<typeof stageShape> {
  const cost = (spent?.cost ?? null) as Nanos | null
  return {
    key,
    name,
    state,
    attempt,
    startedAt: iso(startedAt),
    endedAt: endedAt === null ? null : iso(endedAt),
    message,
    costUsd: cost === null ? null : toUsd(cost),
  }
}
