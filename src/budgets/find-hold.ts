import { PurserError } from '../errors.ts'
import type { ComparedField } from '../ledger/correction.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldId } from './hold.ts'

/** A hold after something was done to it. */
export interface HoldOutcome {
  readonly id: HoldId
  readonly state: Hold['state']
  readonly expiresAt: number
  /** The charge that was booked, or had been before. */
  readonly charge: string | null
  /** Where what was said of a hold corrects several charges: all of those corrections, of which `charge` is the first. */
  readonly charges?: readonly string[]
  /** Where the call was booked before without its hold, as by an import: the first field that its charge says otherwise. */
  readonly differs?: ComparedField
  /** Budgets whose counter the charge took more from than the hold had set aside. */
  readonly overrun: readonly { readonly budget: string; readonly by: bigint }[]
}

export function outcomeOf(hold: Hold): HoldOutcome {
  return { id: hold.id, state: hold.state, expiresAt: hold.expiresAt, charge: null, overrun: [] }
}

/** A hold by its id as it stands now. @throws PURSER_NOT_FOUND */
export function findHold(gate: Gate, id: HoldId): Hold {
  const hold = gate.hold(id)
  if (hold === undefined) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no hold "${id}". \`purser hold list\` shows those that are open or presumed.`)
  }
  return hold
}

export function isEnded({ state }: Hold): boolean {
  return state === 'settled' || state === 'released'
}

/** What a hold that is open answers to who wants to resolve it. */
export function stillOpen({ id }: Hold): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', `The hold "${id}" is open: settle or release it. Holds that ran out are resolved.`)
}

/** What a hold that is over answers to who wants to do something to it. */
export function ended({ id, state, isOver }: Hold, wanted: 'settled' | 'released' | 'extended' | 'split' | 'raised'): PurserError {
  return new PurserError('PURSER_HOLD_ENDED', `The hold "${id}" ${endedText(state, isOver, wanted)}`)
}

function endedText(state: Hold['state'], isOver: boolean, wanted: string): string {
  if (state === 'presumed') {
    const why = isOver
      ? 'is of a call that is over, and is presumed spent as far as nobody knows what it came to'
      : 'ran out and is presumed spent'
    return `${why}, so it cannot be ${wanted}. \`purser hold resolve\` tells what became of it.`
  }
  if (state === 'settled' && wanted === 'released') return 'is settled: its call is booked, and nothing of it is held or presumed any more.'
  const next =
    wanted === 'settled'
      ? 'Another call that was made is booked with `purser record`, without a hold.'
      : 'A new one takes `purser hold reserve`.'
  return `is ${state} and cannot be ${wanted}. ${next}`
}
