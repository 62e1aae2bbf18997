import { PurserError } from '../errors.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldId } from './hold.ts'

/** A hold after something was done to it. */
export interface HoldOutcome {
  readonly id: HoldId
  readonly state: Hold['state']
  readonly expiresAt: number
  /** The charge that was booked, or had been before. */
  readonly charge: string | null
  /** Budgets whose counter the charge took more from than the hold had set aside. */
  readonly overrun: readonly { readonly budget: string; readonly by: bigint }[]
}

export function outcomeOf(hold: Hold): HoldOutcome {
  return { id: hold.id, state: hold.state, expiresAt: hold.expiresAt, charge: null, overrun: [] }
}

export function findHold(gate: Gate, id: HoldId): Hold {
  const hold = gate.rows.hold(id)
  if (hold === undefined) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no hold "${id}". \`purser hold list\` shows those that are open or presumed.`)
  }
  return hold
}

export function isEnded({ state }: Hold): boolean {
  return state === 'settled' || state === 'released'
}

export function ended({ id, state }: Hold, wanted: string): PurserError {
  const what = state === 'presumed' ? 'ran out and is presumed spent' : `is ${state}`
  const next =
    state === 'presumed'
      ? 'Settle it late, or resolve it.'
      : 'A call that was made after all is booked with `purser record`, without a hold.'
  return new PurserError('PURSER_HOLD_ENDED', `The hold "${id}" ${what} and cannot be ${wanted}. ${next}`)
}
