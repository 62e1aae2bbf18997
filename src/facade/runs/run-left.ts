import type { LimitReached } from '../../runs/run.ts'

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
