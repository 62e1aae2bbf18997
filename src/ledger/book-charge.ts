import type { Charge, ChargeId } from './charge.ts'
import { asItStands, assertSameCall, type ComparedField, correct, differingField, isLarger, standing } from './correction.ts'
import type { ChargeDraft } from './draft-charge.ts'
import { wholeOf } from './split-call.ts'

/** One charge to be booked, and what to do where its id is booked already. */
export interface Booking {
  readonly draft: ChargeDraft
  /** Where the draft is the first part of a call that serves several: the others, booked with it or not at all. */
  readonly otherParts?: readonly ChargeDraft[] | undefined
  /**
   * `same`: the same call gives the first charge back, another is an error. `duplicate`: the id alone decides.
   * `compare`: as `same`, also with the charge as it stands after corrections, and another call is a conflict that
   * books nothing. `supersede`: the record that ranks higher counts, among equals the larger; the difference is a
   * correction.
   */
  readonly onExisting: 'same' | 'duplicate' | 'compare' | 'supersede'
  /** 1 for the call itself, 0 for a replay of it. */
  readonly rank: 0 | 1
  /** Fields that `same` and `compare` leave out, e.g. a time that the caller left to the clock. */
  readonly ignore?: readonly (keyof ChargeDraft)[]
}

/** What became of a booking. `seq` is that of the charge or correction written, or of the charge found. */
export interface Booked {
  readonly outcome: 'booked' | 'superseded' | 'duplicate' | 'conflict'
  readonly id: ChargeId
  readonly seq: number
  /** The first field that differs, of a conflict. */
  readonly differs?: keyof ChargeDraft
}

/**
 * Books the parts of a call, each by `book`; what became of the first is what became of the call. Where that is booked
 * already, the others are too, and are only compared where the booking says so.
 */
export function bookParts<T extends Pick<Booking, 'draft' | 'otherParts' | 'onExisting'>>(booking: T, book: (part: T) => Booked): Booked {
  const { otherParts = [], onExisting } = booking
  const first = book(booking)
  const isCompared = first.outcome === 'duplicate' && (onExisting === 'same' || onExisting === 'compare')
  if (first.outcome === 'booked' || isCompared) for (const draft of otherParts) book({ ...booking, draft })
  return first
}

/** What a ledger holds under an id that is booked. The charge itself is asked for only where it decides. */
export interface BookedCall {
  readonly seq: number
  /** The rank of the record that counts. */
  readonly rank: number
  /** Undefined where its details are gone. */
  readonly original: () => Charge | undefined
  /** In the order in which they were booked. */
  readonly corrections: () => readonly Charge[]
}

/** What a second record of a call leads to. */
interface Rebooking {
  readonly outcome: 'superseded' | 'duplicate' | 'conflict'
  readonly differs?: ComparedField
  /** The rank that the call's id has from now on. */
  readonly rank: number
  /**
   * To be booked where the outcome is `superseded`, its id with the rank that the call had before, for the day on which
   * its import is undone.
   */
  readonly correction?: ChargeDraft
}

/**
 * Decides on a booking whose id is booked already; nothing is written here.
 * @throws PURSER_ID_CONFLICT for another call under the same id, where the booking says `same`.
 */
export function rebook(booking: Booking, booked: BookedCall): Rebooking {
  const duplicate: Rebooking = { outcome: 'duplicate', rank: booked.rank }
  switch (booking.onExisting) {
    case 'duplicate':
      return duplicate
    case 'same': {
      const original = booked.original()
      if (original !== undefined) assertSameCall(original, booking.draft, booking.ignore)
      return duplicate
    }
    case 'compare':
      return compare(booking, booked, duplicate)
    case 'supersede':
      return supersede(booking, booked, duplicate)
  }
}

/** A record may tell of a call as it was booked, or as an export tells of it after corrections. */
function compare({ draft, ignore }: Booking, booked: BookedCall, duplicate: Rebooking): Rebooking {
  const original = booked.original()
  if (original === undefined) return duplicate
  if (original.part !== null && draft.part === null) return compareWhole(draft, ignore, wholeOf(original), duplicate)
  const differs = differingField(original, draft, ignore)
  if (differs === undefined) return duplicate
  const stands = asItStands(original, booked.corrections())
  return differingField(stands, draft, ignore) === undefined ? duplicate : { ...duplicate, outcome: 'conflict', differs }
}

/** A record that knows nothing of the split; the labels of the parts are more than those of the call. */
function compareWhole(draft: ChargeDraft, ignore: Booking['ignore'] = [], whole: Charge, duplicate: Rebooking): Rebooking {
  const differs = differingField(whole, draft, [...ignore, 'labels'])
  return differs === undefined ? duplicate : { ...duplicate, outcome: 'conflict', differs }
}

function supersede({ draft, rank }: Booking, booked: BookedCall, duplicate: Rebooking): Rebooking {
  if (rank < booked.rank) return duplicate
  const original = booked.original()
  // A record of the whole call says nothing of how it is split.
  if (original === undefined || original.part !== null) return duplicate
  const current = standing(original, booked.corrections())
  if (rank === booked.rank && !isLarger(draft.usage, current.usage)) return duplicate
  const correction = correct(current, draft)
  return correction === undefined ? { ...duplicate, rank } : { outcome: 'superseded', rank, correction }
}
