import type { ChargeDraft } from '../ledger/draft-charge.ts'
import type { BudgetRecord } from './budget-record.ts'

export interface GateEvent {
  readonly kind: string
  readonly body: Readonly<Record<string, unknown>>
}

/** The charge of a hold as it goes to the store. */
export interface HeldBooking {
  readonly draft: ChargeDraft
  /** Where the draft is the first part of a call that serves several: the others. */
  readonly otherParts?: readonly ChargeDraft[] | undefined
  /** `same`: a charge of that id must be this very one. `duplicate`: somebody else booked the call already. */
  readonly onExisting: 'same' | 'duplicate'
  readonly ignore: readonly (keyof ChargeDraft)[]
}

/** What the gate changes in a ledger beside its rows. */
export interface GateEffects {
  readonly append: (event: GateEvent) => void
  /** Books a charge; the counters are told by `Gate.count`. */
  readonly book: (booking: HeldBooking) => { readonly outcome: 'booked' | 'duplicate'; readonly id: string; readonly seq: number }
  readonly putBudget: (name: string, record: BudgetRecord | null) => void
  readonly dropCounters: (revision: number) => void
  /** A number that no fact of the ledger had before. */
  readonly nextSeq: () => number
}
