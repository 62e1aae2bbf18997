import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { invariant } from '../../errors.ts'
import { type Booked, type Booking, bookParts, rebook } from '../../ledger/book-charge.ts'
import { idDigest } from '../../ledger/charge-id.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { packExtras, packNumbers } from '../../ledger/pack-charge.ts'
import type { RollupChanges } from '../../ledger/rollup-changes.ts'
import { type Calendar, slotOf } from '../../time/calendar.ts'
import { assertCorrected } from '../check-write.ts'
import type { ChargeReader } from './charge-reader.ts'
import type { Dictionaries } from './dictionaries.ts'

/** Where the next fact goes, and when it is booked. */
export interface Position {
  seq: number
  readonly nowMs: number
  /** The import that the charges belong to. */
  batch: number | null
}

export interface WriterParts {
  readonly reader: ChargeReader
  readonly dictionaries: Dictionaries
  readonly calendar: Calendar
  /** Told of each charge and correction that is written. */
  readonly onWritten: (charge: ChargeDraft, seq: number) => void
}

/** Writes charges and corrections. Only within a write transaction. */
export class ChargeWriter {
  readonly #reader: ChargeReader
  readonly #dictionaries: Dictionaries
  readonly #calendar: Calendar
  readonly #onWritten: (charge: ChargeDraft, seq: number) => void
  readonly #insertId: StatementSync
  readonly #setRank: StatementSync
  readonly #insertCharge: StatementSync
  readonly #insertSubject: StatementSync

  constructor(database: DatabaseSync, { reader, dictionaries, calendar, onWritten }: WriterParts) {
    this.#reader = reader
    this.#dictionaries = dictionaries
    this.#calendar = calendar
    this.#onWritten = onWritten
    this.#insertId = database.prepare('INSERT INTO ids (digest, seq, rank) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    this.#setRank = database.prepare('UPDATE ids SET rank = ? WHERE digest = ?')
    this.#insertCharge = database.prepare('INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#insertSubject = database.prepare('INSERT INTO charge_subjects (subject, seq) VALUES (?, ?)')
  }

  /** Books one call; what it adds to the sums goes to `changes`. */
  book(booking: Booking, position: Position, changes: RollupChanges): Booked {
    if (booking.otherParts === undefined) return this.#book(booking, position, changes)
    return bookParts(booking, (part) => this.#book(part, position, changes))
  }

  #book(booking: Booking, position: Position, changes: RollupChanges): Booked {
    const { draft, rank } = booking
    const digest = idDigest('', draft.id)
    if (this.#insertId.run(digest, position.seq + 1, rank).changes === 1) {
      const seq = this.#write(draft, this.#correctedSeq(draft), position, changes)
      return { outcome: 'booked', id: draft.id, seq }
    }
    const found = this.#reader.find(draft.id)
    invariant(found !== undefined, 'An id is taken, and yet it is not there.')
    const { outcome, correction, ...decided } = rebook(booking, {
      ...found,
      original: () => this.#reader.bySeq(found.seq)?.charge,
      corrections: () => this.#reader.corrections(draft.id),
    })
    if (decided.rank !== found.rank) this.#setRank.run(decided.rank, digest)
    if (correction === undefined) {
      return { outcome, id: draft.id, seq: found.seq, ...(decided.differs !== undefined && { differs: decided.differs }) }
    }
    const inserted = this.#insertId.run(idDigest('', correction.id), position.seq + 1, found.rank)
    invariant(inserted.changes === 1, `The correction ${correction.id} is booked already.`)
    return { outcome, id: correction.id, seq: this.#write(correction, found.seq, position, changes) }
  }

  #correctedSeq(draft: ChargeDraft): number | null {
    if (draft.corrects === null) return null
    return assertCorrected(this.#reader.find(draft.corrects), draft.corrects).seq
  }

  #write(draft: ChargeDraft, corrects: number | null, position: Position, changes: RollupChanges): number {
    position.seq += 1
    const { seq } = position
    const day = this.#calendar.dayOf(draft.at)
    const { series, subjects } = this.#dictionaries.place(draft.labels, day)
    const sku = this.#dictionaries.skuId(draft)
    const derived = draft.responseId !== null && draft.id === `${draft.provider}:${draft.responseId}`
    this.#insertCharge.run(
      seq,
      draft.at,
      position.nowMs,
      series,
      sku,
      this.#dictionaries.pricingId(draft),
      draft.costNanos,
      packNumbers(draft, subjects),
      derived ? null : draft.id,
      draft.responseId,
      position.batch,
      corrects,
      packExtras(draft),
    )
    for (const subject of subjects) this.#insertSubject.run(subject, seq)
    changes.add({ charge: draft, sign: 1, slot: slotOf(draft.at), day, series, sku, subjects })
    this.#onWritten(draft, seq)
    return seq
  }
}
