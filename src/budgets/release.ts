import { finish } from './end-hold.ts'
import { ended, findHold, type HoldOutcome, isEnded, outcomeOf } from './find-hold.ts'
import type { Gate } from './gate.ts'
import type { HoldId } from './hold.ts'

/**
 * Gives everything back: the call was not made, or the provider refused it. `resolving`: somebody knows that what is
 * still presumed of a call that was cut was not used; what has no price or usage stays unknown.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED
 */
export function release(gate: Gate, id: HoldId, resolving = false): HoldOutcome {
  const hold = findHold(gate, id)
  if (hold.state === 'settled') throw ended(hold, 'released')
  gate.lapse()
  if (isEnded(hold)) return outcomeOf(hold)
  if (resolving) hold.uncertain = []
  // To release once more what is over already frees nothing of what is unknown.
  if (resolving || !hold.isOver) finish(gate, hold, 'released')
  return outcomeOf(hold)
}

/** Keeps an open hold alive until a later instant; never shortens it. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
export function extend(gate: Gate, id: HoldId, ttlMs: number): HoldOutcome {
  const hold = findHold(gate, id)
  gate.lapse()
  if (hold.state !== 'open') throw ended(hold, 'extended')
  hold.expiresAt = Math.max(hold.expiresAt, gate.nowMs + ttlMs)
  gate.rows.touchHold(hold)
  return outcomeOf(hold)
}
