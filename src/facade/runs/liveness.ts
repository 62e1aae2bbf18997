import type { RunOwner } from '../../runs/run.ts'
import { isAlive } from '../calls/process-mark.ts'

/** A process of another host is taken for gone once it has given no sign of life for so long, as seen from here. */
const silentMs = 60_000

/**
 * Tells whether processes that own runs are gone. One of this host is looked up; of another, its signs of life are
 * watched by this process's own clock that never jumps, because the clocks of two hosts may differ.
 */
export class Liveness {
  readonly #seen = new Map<string, { beat: number; since: number }>()

  isGone(owner: RunOwner): boolean {
    const alive = isAlive(owner)
    if (alive !== undefined) return !alive
    const now = performance.now()
    const seen = this.#seen.get(owner.token)
    if (seen === undefined || seen.beat !== owner.beat) {
      this.#seen.set(owner.token, { beat: owner.beat, since: now })
      return false
    }
    return now - seen.since > silentMs
  }
}
