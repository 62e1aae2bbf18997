import { slotMs } from '../time/calendar.ts'
import { type Claim, fitsBeside } from './admit.ts'
import { tally } from './counter.ts'
import type { Gate } from './gate.ts'
import type { Applied } from './scope.ts'

/**
 * When a claim that does not fit will: at the end of the window, or when enough slices of a rolling one have passed.
 * Null where the window has no end, or where only open holds stand in the way.
 */
export function roomAgainAt(gate: Gate, { active }: Applied, claim: Claim): number | null {
  const { window } = active.budget
  if (window.kind !== 'rolling') return active.windowAt(gate.nowMs).end
  const spanMs = window.hours * 60 * 60 * 1000
  const { spent, presumed } = tally(claim.counters)
  let settled = spent + presumed
  if (fitsBeside(claim, claim.worst ?? 0n, settled)) return null
  for (const slice of claim.counters.toSorted((a, b) => a.start - b.start)) {
    settled -= slice.spent + slice.presumed
    // The oldest slice counts whole, so it is out when the one after it is the oldest.
    if (fitsBeside(claim, claim.worst ?? 0n, settled)) return slice.start + spanMs + slotMs
  }
  return null
}
