import type { GateEffects, HeldBooking } from '../../budgets/gate-effects.ts'
import { type Booked, type Booking, bookParts, rebook } from '../../ledger/book-charge.ts'
import { assertCorrected } from '../check-write.ts'
import type { Transaction } from '../store.ts'
import { foreseeCounters } from './gate-work.ts'
import { NotLoaded } from './known-rows.ts'
import { type BatchName, foresee, type Turn } from './turn.ts'
import type { Work } from './write-queue.ts'

/** The bookings that a transaction takes, gone through once. */
interface Taken {
  readonly bookings: readonly Booking[]
  readonly isWhole: boolean
}

/** A transaction as work for the queue. */
export function transactionWork(transaction: Transaction): Work<readonly Booked[]> {
  let taken: Taken | undefined
  return {
    take: (most) => {
      taken ??= takeBookings(transaction, most)
      return taken.bookings.length
    },
    foresee: (turn) => {
      for (const { draft, otherParts = [] } of taken?.bookings ?? []) {
        for (const each of [draft, ...otherParts]) {
          foresee(turn, each)
          foreseeCounters(turn.gate, each.labels, each.at)
          if (each.hold !== null) turn.gate.tables.holds.want(each.hold)
        }
      }
      if (transaction.batch !== undefined) turn.batches.want(transaction.batch)
    },
    decide: (turn) => decide(turn, transaction, taken ?? { bookings: [], isWhole: true }),
  }
}

/** Bulk work, which names a limit of its time, is also held to a number of bookings; all else is all or nothing. */
function takeBookings({ bookings = [], maxMs }: Transaction, most: number): Taken {
  const started = performance.now()
  const taken: Booking[] = []
  for (const booking of bookings) {
    taken.push(booking)
    if (maxMs !== undefined && (taken.length >= most || performance.now() - started >= maxMs)) return { bookings: taken, isWhole: false }
  }
  return { bookings: taken, isWhole: true }
}

function decide(turn: Turn, transaction: Transaction, { bookings, isWhole }: Taken): readonly Booked[] {
  const { documents = [], events = [] } = transaction
  const batch = transaction.batch === undefined ? null : turn.batch(transaction.batch)
  const booked: Booked[] = []
  eachLoaded(bookings, (booking) => booked.push(book(turn, booking, batch)))
  eachLoaded(typeof documents === 'function' ? documents(booked, isWhole) : documents, (write) => turn.put(write))
  for (const event of events) turn.append(event)
  if (batch !== null) turn.stretchBatch(batch.name)
  return booked
}

/** Goes through all of them before it asks for the rows that are missing, so that they are read together; then all is decided again. */
function eachLoaded<T>(all: readonly T[], decideOne: (each: T) => void): void {
  let missing: NotLoaded | undefined
  for (const each of all) {
    try {
      decideOne(each)
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error
      missing = error
    }
  }
  if (missing !== undefined) throw missing
}

/** Books the charge of a hold. */
export function bookHeld(turn: Turn, booking: HeldBooking): ReturnType<GateEffects['book']> {
  const { id, seq, outcome } = book(turn, { ...booking, rank: 1 }, null)
  return { id, seq, outcome: outcome === 'booked' ? 'booked' : 'duplicate' }
}

function book(turn: Turn, booking: Booking, batch: BatchName | null): Booked {
  if (booking.otherParts === undefined) return bookOne(turn, booking, batch)
  return bookParts(booking, (part) => bookOne(turn, part, batch))
}

function bookOne(turn: Turn, booking: Booking, batch: BatchName | null): Booked {
  const { draft, rank } = booking
  const found = turn.ids.get(draft.id)
  if (found === undefined) {
    const corrects = draft.corrects === null ? null : assertCorrected(turn.ids.get(draft.corrects), draft.corrects).seq
    return { outcome: 'booked', id: draft.id, seq: turn.write(draft, rank, corrects, batch) }
  }
  const { outcome, differs, correction, ...decided } = rebook(booking, {
    ...found,
    original: () => turn.charge(found.seq)?.charge,
    corrections: () => turn.correctionsOf(found.seq).map(({ charge }) => charge),
  })
  if (decided.rank !== found.rank) turn.setRank(draft.id, found, decided.rank)
  if (correction !== undefined) return { outcome, id: correction.id, seq: turn.write(correction, found.rank, found.seq, batch) }
  return { outcome, id: draft.id, seq: found.seq, ...(differs !== undefined && { differs }) }
}
