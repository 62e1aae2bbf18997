import type { HoldId } from '../budgets/hold.ts'
import { PurserError } from '../errors.ts'
import type { Booked, Booking } from '../ledger/book-charge.ts'
import type { Basis, Charge, ChargeInput } from '../ledger/charge.ts'
import { carries } from '../ledger/labels.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { turnMs } from '../stores/store.ts'
import { untrackedCharge } from './calls/untracked.ts'
import { draftRecords, toBooked } from './draft-records.ts'
import { checkChargeId } from './hold-arguments.ts'
import { recordInContext } from './label-context.ts'
import type { LedgerHost } from './ledger-host.ts'
import { withChargeIds } from './retry-by-id.ts'
import { currentRun } from './runs/run-scope.ts'

/** Records that one all-or-nothing transaction takes: some milliseconds of work. */
const maxAtOnce = 1000

const awayCodes: ReadonlySet<string> = new Set(['PURSER_LEDGER_UNAVAILABLE', 'PURSER_OUTCOME_UNKNOWN'])

/** Keeps a call that could not be booked, and books it later. */
type BookLater = (input: ChargeInput, because: unknown) => void

/** Books calls that were made without a hold. */
export class RecordDesk {
  readonly #host: LedgerHost
  readonly #later: BookLater | undefined

  /** @param later keeps what a ledger elsewhere could not take; without it that is an error */
  constructor(host: LedgerHost, later?: BookLater) {
    this.#host = host
    this.#later = later
  }

  /** All of them in one transaction, or on an error none. @throws PURSER_BAD_ARGUMENT for more than 1,000 */
  async all(records: readonly CallRecord[]): Promise<Charge[]> {
    if (records.length > maxAtOnce) throw tooMany(records.length, 'records')
    const { store, draft, read, isTracking } = this.#host
    if (!isTracking) return records.map(untrackedCharge)
    const calls = await read(records.map(recordInContext))
    const inputs = await this.#underHolds(calls).catch((error: unknown) => {
      if (this.#isAway(error)) return calls
      throw error
    })
    const bookings = records.map((record, index) => ({
      ...toBooked(inputs[index] as ChargeInput, draft),
      onExisting: 'same' as const,
      rank: 1 as const,
      ignore: leftOut(record),
    }))
    const charges = bookings.reduce((sum, { otherParts = [] }) => sum + 1 + otherParts.length, 0)
    if (charges > maxAtOnce) throw tooMany(charges, 'charges, with the parts of calls,')
    const booked = await store.transact({ bookings }).catch((error: unknown) => {
      if (this.#isAway(error)) return this.#keep(inputs, bookings, error)
      const drafts = bookings.map(({ draft: each }) => each)
      throw withChargeIds(error, drafts)
    })
    if (booked === undefined) {
      // It has no place in the ledger yet.
      return bookings.map(({ draft: each }) => ({ ...each, seq: 0, bookedAt: Date.now(), batch: null }))
    }
    this.#tellRun(bookings, booked)
    return Promise.all(booked.map(async ({ id }) => (await store.charge(id)) as Charge))
  }

  /** In as many transactions as it takes to let others write in between. */
  async many(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    const { store, draft, read, isTracking } = this.#host
    if (!isTracking) return { booked: 0, duplicates: 0 }
    const bookings = await draftRecords(records, async (some) => this.#underHolds(await read(some.map(recordInContext))), draft)
    let booked = 0
    for (let from = 0; from < bookings.length;) {
      const taken = await store.transact({ bookings: bookings.slice(from), maxMs: turnMs })
      this.#tellRun(bookings.slice(from, from + taken.length), taken)
      booked += taken.filter(({ outcome }) => outcome === 'booked').length
      from += taken.length
    }
    return { booked, duplicates: records.length - booked }
  }

  /** Whether a ledger elsewhere cannot be reached, so that what is recorded waits here. */
  #isAway(error: unknown): boolean {
    return this.#later !== undefined && error instanceof PurserError && awayCodes.has(error.code)
  }

  /** Of each call with the id that it has from now on, so that it is booked once. */
  #keep(inputs: readonly ChargeInput[], bookings: readonly Booking[], because: unknown): undefined {
    for (const [index, input] of inputs.entries()) this.#later?.({ ...input, id: (bookings[index] as Booking).draft.id }, because)
  }

  /** Tells the run that the code belongs to what was booked new. */
  #tellRun(bookings: readonly Booking[], booked: readonly Booked[]): void {
    const scope = currentRun(this.#host.store.location)
    if (scope === undefined) return
    for (const [index, { outcome }] of booked.entries()) {
      const { draft, otherParts = [] } = bookings[index] as Booking
      if (outcome === 'booked') for (const each of [draft, ...otherParts]) scope.booked(each)
    }
  }

  async #withinCap(inputs: readonly ChargeInput[]): Promise<readonly ChargeInput[]> {
    const { store } = this.#host
    const cap = currentRun(store.location)?.cap()
    if (cap === undefined) return inputs
    const { labels, state } = await store.gate('hold', { id: cap as HoldId })
    if (state !== 'open') return inputs
    return inputs.map((input) => (input.hold === undefined && carries(input.labels ?? {}, labels) ? { ...input, hold: cap } : input))
  }

  /**
   * Calls that name a hold are paid for as it is, unless they say how. Those of a run that has a cap are out of that.
   * @throws PURSER_NOT_FOUND for a hold that there is not; PURSER_BAD_RECORD for the id of a hold's own charge
   */
  async #underHolds(inputs: readonly ChargeInput[]): Promise<readonly ChargeInput[]> {
    const bases = new Map<string, Basis>()
    const calls = await this.#withinCap(inputs)
    for (const { id, hold } of calls) {
      checkChargeId(id, hold)
      if (hold === undefined || bases.has(hold)) continue
      const { basis } = await this.#host.store.gate('hold', { id: hold as HoldId })
      bases.set(hold, basis)
    }
    return calls.map((input) => {
      const basis = bases.get(input.hold ?? '')
      return basis === undefined || basis === 'metered' || input.basis !== undefined ? input : { ...input, basis }
    })
  }
}

/** What the caller left to purser, which a second try need not repeat. */
function leftOut({ at, hold }: CallRecord): ('at' | 'hold')[] {
  return [...(at === undefined ? (['at'] as const) : []), ...(hold === undefined ? (['hold'] as const) : [])]
}

function tooMany(count: number, what: string): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', `${count} ${what} are more than one transaction takes (${maxAtOnce}); use recordMany.`)
}
