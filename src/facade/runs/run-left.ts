import { limitText } from '../../runs/cap.ts'
import type { LimitReached } from '../../runs/run.ts'
import { capitalised } from '../../text/sentence.ts'

/** How a run ends whose code is left. `lost`: another process executes it now. */
export type LeftAs = 'paused' | 'stopped' | 'terminated' | 'lost'

/** Thrown through a run's code to leave it between two stages; `purser.run` turns it into its result. */
export class RunLeft extends Error {
  readonly as: LeftAs
  readonly limit: LimitReached | null

  constructor(as: LeftAs, message: string, limit: LimitReached | null) {
    super(message)
    this.name = 'RunLeft'
    this.as = as
    this.limit = limit
  }
}

/** Why a run is paused, with the figures, and what lets it go on. */
export function pausedText(run: string, limit: LimitReached | null): string {
  const why = limit === null ? 'Somebody asked for it.' : `${capitalised(limitText(limit))}.`
  return `${why} ${nextStep(run, limit)}`
}

/** How a run is given more of what its cap limits. */
export function raiseIt(run: string, { metric }: LimitReached): string {
  const more = metric === 'cost' ? '--by USD' : `--by ${metric.toUpperCase()} --metric ${metric}`
  return `\`purser runs raise ${run} ${more}\` gives it more`
}

function nextStep(run: string, limit: LimitReached | null): string {
  if (limit === null) return `\`purser runs resume ${run}\` lets it go on.`
  if (limit.budget === 'run') return `${raiseIt(run, limit)}, and then it is resumed.`
  if (limit.budget === 'stage') return 'Its program has to give the stage a larger budget when it runs it again.'
  return 'Raise the limit, or wait for its next window, and resume it.'
}
