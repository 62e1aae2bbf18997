import { end, finish } from './end-hold.ts'
import { ended, findHold, type HoldOutcome, outcomeOf } from './find-hold.ts'
import type { Gate } from './gate.ts'
import type { HoldId } from './hold.ts'

/** Gives everything back: the call was not made, or the provider refused it. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
export function release(gate: Gate, id: HoldId): HoldOutcome {
  const hold = findHold(gate, id)
  if (hold.state === 'settled') throw ended(hold, 'released')
  gate.lapse()
  // One that is presumed is freed by whoever says so; one that is open may still owe what has no price.
  if (hold.state === 'presumed') end(gate, hold, 'released')
  else if (hold.state === 'open') finish(gate, hold, 'released')
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
