import type { Booking } from '../ledger/book-charge.ts'
import type { ChargeInput } from '../ledger/charge.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { splitCall } from '../ledger/split-call.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { turnMs } from '../stores/store.ts'

/** Fewer than a millisecond of work. */
const recordsAtOnce = 50

/** What is booked of a call: its charge, and where it serves several those of the others. */
export function toBooked(input: ChargeInput, draft: (input: ChargeInput) => ChargeDraft): Pick<Booking, 'draft' | 'otherParts'> {
  const call = draft(input)
  if (input.serves === undefined) return { draft: call }
  const [first, ...otherParts] = splitCall(call, input.serves)
  return { draft: first, otherParts }
}

/** Checks and prices many records, of which the id alone decides, and gives way to other work every few milliseconds. */
export async function draftRecords(
  records: readonly CallRecord[],
  read: (records: readonly CallRecord[]) => Promise<readonly ChargeInput[]>,
  draft: (input: ChargeInput) => ChargeDraft,
): Promise<Booking[]> {
  const bookings: Booking[] = []
  let started = performance.now()
  for (let first = 0; first < records.length; first += recordsAtOnce) {
    for (const input of await read(records.slice(first, first + recordsAtOnce))) {
      const { draft: call, otherParts } = toBooked(input, draft)
      bookings.push({ draft: call, otherParts, onExisting: 'duplicate', rank: 1 })
    }
    if (performance.now() - started < turnMs) continue
    await new Promise((resolve) => setImmediate(resolve))
    started = performance.now()
  }
  return bookings
}
