import type { Counter } from './counter.ts'
import type { Gate } from './gate.ts'
import type { Hold, Share } from './hold.ts'

/** Gives amounts of a share of a hold back. */
export function giveBackShare(gate: Gate, hold: Hold, share: Share, worst: bigint, expected: bigint): void {
  const counter = takeFromShare(gate, hold, share, worst, expected)
  if (counter !== undefined) gate.clearCause(counter)
}

/** Takes amounts out of a share of a hold, wherever its state keeps them. */
export function takeFromShare(gate: Gate, hold: Hold, share: Share, worst: bigint, expected: bigint): Counter | undefined {
  const counter = gate.rows.counterById(share.counter)
  share.worst -= worst
  share.expected -= expected
  if (counter === undefined) return undefined
  if (hold.state === 'presumed') counter.presumed -= worst
  else {
    counter.heldWorst -= worst
    counter.held -= expected
  }
  gate.rows.touch(counter)
  return counter
}

/** Gives a share back to that of the hold it was split from, which holds it again. */
export function returnShare(gate: Gate, hold: Hold, share: Share, home: Share): void {
  const { worst } = share
  const counter = hold.state === 'presumed' ? gate.rows.counterById(share.counter) : undefined
  // What was expected of what ran out is not known any more.
  const expected = hold.state === 'presumed' ? worst : share.expected
  if (counter !== undefined) {
    counter.presumed -= worst
    counter.heldWorst += worst
    counter.held += expected
    gate.rows.touch(counter)
  }
  home.worst += worst
  home.expected += expected
}
