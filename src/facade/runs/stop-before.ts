import type { Labels } from '../../ledger/charge.ts'
import { limitText } from '../../runs/cap.ts'
import type { Cap, LimitReached, Run } from '../../runs/run.ts'
import { capitalised } from '../../text/sentence.ts'
import type { RunHolds } from './run-holds.ts'
import { type LeftAs, pausedText } from './run-left.ts'
import type { RunLimits } from './run-limits.ts'

/** Why a stage does not begin. */
export interface Stop {
  readonly as: Exclude<LeftAs, 'lost'>
  readonly message: string
  readonly limit: LimitReached | null
}

/** The stage that is next, and what it may need. */
interface Next {
  readonly next: string
  readonly labels: Labels
  readonly amounts: Cap
  /** Whether the run waits already. */
  readonly isPaused: boolean
}

/** What somebody wants of a run, or its limits say, before its next stage; undefined where that may begin. */
export async function stopBefore(
  { limits, holds }: { readonly limits: RunLimits; readonly holds: RunHolds },
  run: Run,
  { next, labels, amounts, isPaused }: Next,
): Promise<Stop | undefined> {
  const { id, wanted, state } = run
  if (wanted === 'stop') return { as: 'stopped', message: `The run "${id}" was stopped before the stage "${next}".`, limit: null }
  // One that somebody paused waits until somebody resumes it.
  const isAsked = wanted === 'pause' || (isPaused && state === 'paused' && run.limit === null)
  const found = isAsked ? ({ action: 'pause', limit: null } as const) : await limits.before(run, holds.run, labels, amounts)
  if (found === undefined) return undefined
  const { action, limit } = found
  if (action === 'pause')
    return { as: 'paused', message: `The run "${id}" is paused before the stage "${next}". ${pausedText(id, limit)}`, limit }
  const why = limit === null ? '' : ` ${capitalised(limitText(limit))}.`
  return { as: 'terminated', message: `The run "${id}" was terminated before the stage "${next}".${why}`, limit }
}
