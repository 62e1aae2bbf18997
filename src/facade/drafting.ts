import { PurserError } from '../errors.ts'
import type { ImportedCall } from '../importers/importer.ts'
import { skipPlace } from '../importers/skip-place.ts'
import type { Booking } from '../ledger/book-charge.ts'
import type { ChargeInput } from '../ledger/charge.ts'
import { type ComparedField, comparedFields } from '../ledger/correction.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { toBooked } from './draft-records.ts'

/** Drafts calls one by one as they are booked, so that a long import holds few of them at a time. */
export class Drafting implements Iterable<Booking> {
  refused: { reason: string; where: string }[] = []
  /** Where the calls lie that were booked, in their order. */
  places: (string | undefined)[] = []
  /** The first call that was not booked yet. */
  next: number
  readonly #from: number
  readonly #calls: readonly ImportedCall[]
  readonly #draft: (input: ChargeInput) => ChargeDraft

  constructor(calls: readonly ImportedCall[], from: number, draft: (input: ChargeInput) => ChargeDraft) {
    this.#calls = calls
    this.#from = from
    this.next = from
    this.#draft = draft
  }

  *[Symbol.iterator](): Iterator<Booking> {
    this.refused = []
    this.places = []
    this.next = this.#from
    while (this.next < this.#calls.length) {
      const { charge, onExisting, rank = 1, where } = this.#calls[this.next] as ImportedCall
      this.next += 1
      const drafted = this.#tryDraft(charge, where)
      if (drafted === undefined) continue
      this.places.push(where)
      yield { ...drafted, onExisting, rank, ...(onExisting === 'compare' && { ignore: unsaid(charge) }) }
    }
  }

  #tryDraft(charge: ChargeInput, where: string | undefined): Pick<Booking, 'draft' | 'otherParts'> | undefined {
    try {
      return toBooked(charge, this.#draft)
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      this.refused.push({
        reason: error.code
          .replace(/^PURSER_/, '')
          .toLowerCase()
          .replaceAll('_', ' '),
        where: where === undefined ? error.message : skipPlace(where, error),
      })
      return undefined
    }
  }
}

/** What a record leaves open is not another content: a bill need not know how long a call took. */
function unsaid(charge: ChargeInput): ComparedField[] {
  return comparedFields.filter((field) => {
    // A call that is not split is another than one that is.
    if (field === 'part') return false
    const value = charge[field]
    // An export does not tell which hold a charge settled.
    return value === undefined || field === 'hold' || (typeof value === 'object' && Object.keys(value).length === 0)
  })
}
