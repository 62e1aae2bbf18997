import { PurserError } from '../errors.ts'
import { finish } from './end-hold.ts'
import { ended, findHold, type HoldOutcome, isEnded, outcomeOf, stillOpen } from './find-hold.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldId } from './hold.ts'
import { saidBefore } from './told.ts'

/**
 * Gives everything back: the call was not made, or the provider refused it. `resolving`: somebody knows that what is
 * still presumed of a call that was cut was not used; what has no price or usage stays unknown.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED; PURSER_BAD_ARGUMENT where all that is presumed has no price or usage, and,
 * resolving, where it is open; PURSER_ID_CONFLICT where something else was said of it
 */
export function release(gate: Gate, id: HoldId, resolving = false): HoldOutcome {
  const hold = findHold(gate, id)
  if (resolving && hold.state === 'settled' && hold.told.length > 0) throw saidBefore(hold, hold.told)
  if (hold.state === 'settled') throw ended(hold, 'released')
  gate.lapse()
  if (isEnded(hold)) return outcomeOf(hold)
  if (resolving && hold.state === 'open') throw stillOpen(hold)
  if (resolving && hold.isOver && hold.uncertain.length === 0) throw wasSent(hold)
  if (resolving) hold.uncertain = []
  // To release once more what is over already frees nothing of what is unknown.
  if (resolving || !hold.isOver) finish(gate, hold, 'released')
  return outcomeOf(hold)
}

/** What has no price or no usage was sent all the same. */
function wasSent({ id, unpriced }: Hold): PurserError {
  const [what, answer] =
    unpriced > 0 ? ['has no price', 'what it cost (--cost USD)'] : ['says no usage', 'what it used (--usage inputTokens=…)']
  return new PurserError(
    'PURSER_BAD_ARGUMENT',
    `A call of the hold "${id}" is booked and ${what}, so it was sent. Say ${answer} with \`purser hold resolve\`.`,
  )
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
