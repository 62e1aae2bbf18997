import { PurserError } from '../errors.ts'
import type { Charge, ChargeInput } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { turnMs } from '../stores/store.ts'
import { untrackedCharge } from './calls/untracked.ts'
import { draftRecords } from './draft-records.ts'
import { inContext } from './label-context.ts'
import type { LedgerHost } from './ledger-host.ts'
import { withChargeIds } from './retry-by-id.ts'

/** Records that one all-or-nothing transaction takes: some milliseconds of work. */
const maxAtOnce = 1000

/** Books calls that were made without a hold. */
export class RecordDesk {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  /** All of them in one transaction, or on an error none. @throws PURSER_BAD_ARGUMENT for more than 1,000 */
  async all(records: readonly CallRecord[]): Promise<Charge[]> {
    if (records.length > maxAtOnce) {
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        `${records.length} records are more than one transaction takes (${maxAtOnce}); use recordMany.`,
      )
    }
    const { store, draft, read, isTracking } = this.#host
    if (!isTracking) return records.map(untrackedCharge)
    const inputs = await read(records.map(inContext))
    const bookings = records.map((record, index) => ({
      draft: draft(inputs[index] as ChargeInput),
      onExisting: 'same' as const,
      rank: 1 as const,
      ignore: record.at === undefined ? (['at'] as const) : [],
    }))
    const booked = await store.transact({ bookings }).catch((error: unknown) => {
      const drafts = bookings.map(({ draft: each }) => each)
      throw withChargeIds(error, drafts)
    })
    return Promise.all(booked.map(async ({ id }) => (await store.charge(id)) as Charge))
  }

  /** In as many transactions as it takes to let others write in between. */
  async many(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    const { store, draft, read, isTracking } = this.#host
    if (!isTracking) return { booked: 0, duplicates: 0 }
    const bookings = await draftRecords(records, (some) => read(some.map(inContext)), draft)
    let booked = 0
    for (let from = 0; from < bookings.length;) {
      const taken = await store.transact({ bookings: bookings.slice(from), maxMs: turnMs })
      booked += taken.filter(({ outcome }) => outcome === 'booked').length
      from += taken.length
    }
    return { booked, duplicates: records.length - booked }
  }
}
