import { type Booked, type Booking, bookParts, rebook } from '../../ledger/book-charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { assertCorrected, assertVersion } from '../check-write.ts'
import type { DocumentWrite, EventDraft, LedgerEvent, Transaction } from '../store.ts'
import type { MemoryTables } from './memory-tables.ts'

/** Who is told of what is written. */
interface Told {
  readonly written: (charge: ChargeDraft, seq: number) => void
  readonly appended: (event: LedgerEvent) => void
}

interface Writing extends Told {
  readonly nowMs: number
  readonly batch: string | null
}

/** Writes one transaction into the tables of a ledger in memory. Only within `MemoryTables.write`. */
export class MemoryWriter {
  /** What was written, corrections too. */
  readonly added: ChargeDraft[] = []
  readonly #tables: MemoryTables
  readonly #nowMs: number
  readonly #batch: string | null

  readonly #told: Told

  constructor(tables: MemoryTables, { nowMs, batch, ...told }: Writing) {
    this.#tables = tables
    this.#told = told
    this.#nowMs = nowMs
    this.#batch = batch
  }

  apply({ bookings = [], documents = [], events = [], maxMs = Number.POSITIVE_INFINITY }: Transaction): Booked[] {
    const booked: Booked[] = []
    const started = performance.now()
    let isWhole = true
    for (const booking of bookings) {
      booked.push(this.book(booking))
      isWhole = performance.now() - started < maxMs
      if (!isWhole) break
    }
    for (const write of typeof documents === 'function' ? documents(booked, isWhole) : documents) this.put(write)
    for (const event of events) this.append(event)
    return booked
  }

  book(booking: Booking): Booked {
    return booking.otherParts === undefined ? this.#book(booking) : bookParts(booking, (part) => this.#book(part))
  }

  #book(booking: Booking): Booked {
    const { ids, charges } = this.#tables
    const { draft, rank } = booking
    const found = ids.get(draft.id)
    if (found === undefined) {
      if (draft.corrects !== null) assertCorrected(ids.get(draft.corrects), draft.corrects)
      return { outcome: 'booked', id: draft.id, seq: this.#add(draft, rank) }
    }
    const { outcome, differs, correction, ...decided } = rebook(booking, {
      ...found,
      original: () => charges.get(found.seq),
      corrections: () => this.#tables.corrections(draft.id),
    })
    ids.set(draft.id, { ...found, rank: decided.rank })
    if (correction !== undefined) return { outcome, id: correction.id, seq: this.#add(correction, found.rank) }
    return { outcome, id: draft.id, seq: found.seq, ...(differs !== undefined && { differs }) }
  }

  #add(draft: ChargeDraft, rank: number): number {
    const seq = this.#tables.nextSeq()
    this.#tables.charges.set(seq, { ...copyOf(draft), seq, bookedAt: this.#nowMs, batch: this.#batch })
    this.#tables.ids.set(draft.id, { seq, rank })
    this.added.push(draft)
    this.#told.written(draft, seq)
    return seq
  }

  put(write: DocumentWrite): void {
    const { documents } = this.#tables
    const { kind, key, body } = write
    const place = JSON.stringify([kind, key])
    const version = documents.get(place)?.version ?? 0
    assertVersion(write, version)
    if (body === null) documents.delete(place)
    else documents.set(place, { kind, key, version: version + 1, body: throughJson(body) })
  }

  append({ kind, body }: EventDraft): void {
    const seq = this.#tables.nextSeq()
    const event = { seq, at: this.#nowMs, kind, body: throughJson(body) }
    this.#tables.events.set(seq, event)
    this.#told.appended(event)
  }
}

/** What the caller does with its objects later changes nothing here. */
function copyOf(draft: ChargeDraft): ChargeDraft {
  return { ...structuredClone({ ...draft, metadata: null }), metadata: throughJson(draft.metadata) }
}

/** As it would come back from a file. */
function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
