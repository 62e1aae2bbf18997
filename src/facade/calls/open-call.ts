import type { BudgetWarning } from '../../budgets/hold.ts'
import type { Denial } from '../../budgets/denial.ts'
import type { Ending } from '../../budgets/endings.ts'
import type { Charge } from '../../ledger/charge.ts'
import type { ServedRecord } from '../../ledger/parse-serves.ts'
import type { HoldRequest } from '../hold-request.ts'
import type { Unavailable } from '../unavailable.ts'
import type { HeldCall } from './settlement-desk.ts'

/** A call that is about to be made. */
export interface CallStart extends HoldRequest {
  /** Ties the attempts of one call together; each of them has a hold of its own. */
  readonly callId?: string
  /** 1 for the first attempt. */
  readonly attempt?: number
  /**
   * For whom the call is made, with the labels and the weight of each: what it comes to is split among them, unless that says
   * its own. Those of `purser.withServes` where it is left out.
   */
  readonly serves?: readonly ServedRecord[]
}

/** How a call came to be booked, once it is. */
export interface BookedCall {
  /** Null where nothing is booked: the call was refused or never sent, nobody knows how it ended, or tracking is off. */
  readonly charge: Charge | null
  /** `journaled`: the ledger could not be written; the charge waits in the journal and is booked later, once. */
  readonly outcome: 'booked' | 'released' | 'kept' | 'journaled' | 'off'
}

/**
 * A call that was granted and is under way. Exactly one of `succeed` and `end` is called once it is over; both return at
 * once, and what they book is awaited by `booked`, or by `purser.flush()` for all calls.
 */
export interface OpenCall {
  readonly granted: true
  /** The hold; null with tracking off. */
  readonly hold: string | null
  readonly warnings: readonly BudgetWarning[]
  /** The longest answer that is held for, where the request was shrunk to fit: send this as the request's limit. */
  readonly maxOutputTokens: number | undefined
  /** Aborts when the run that the call belongs to is terminated, or loses its process. */
  readonly signal: AbortSignal | undefined
  readonly booked: Promise<BookedCall>
  /** The call was answered: `call` is its usage, or its raw response with the `api` it came from. */
  readonly succeed: (call: HeldCall) => void
  /** The call ended otherwise: with what it threw, or as it ended; `call` is what had arrived, where anything had. */
  readonly end: (how: { readonly error: unknown } | Ending, call?: HeldCall) => void
  /** Keeps the hold of a long stream alive. */
  readonly extend: () => void
}

/** Opens calls: bounds and reserves, and hands out what settles them. */
export interface CallOpener {
  readonly open: (start: CallStart) => Promise<OpenCall | Denial | Unavailable>
}
