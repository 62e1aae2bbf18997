import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { invariant, PurserError } from '../../errors.ts'
import { idDigest } from '../../ledger/charge-id.ts'
import { asItStands, assertSameCall, correct, differingField, isLarger, standing } from '../../ledger/correction.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { packExtras, packNumbers } from '../../ledger/pack-charge.ts'
import type { RollupChanges } from '../../ledger/rollup-changes.ts'
import { type Calendar, slotOf } from '../../time/calendar.ts'
import type { Booked, Booking } from '../store.ts'
import type { ChargeReader } from './charge-reader.ts'
import type { Dictionaries } from './dictionaries.ts'

/** Where the next fact goes, and when it is booked. */
export interface Position {
  seq: number
  readonly nowMs: number
  readonly batch: number | null
}

/** Writes charges and corrections. Only within a write transaction. */
export class ChargeWriter {
  readonly #reader: ChargeReader
  readonly #dictionaries: Dictionaries
  readonly #calendar: Calendar
  readonly #insertId: StatementSync
  readonly #setRank: StatementSync
  readonly #insertCharge: StatementSync
  readonly #insertSubject: StatementSync

  constructor(database: DatabaseSync, reader: ChargeReader, dictionaries: Dictionaries, calendar: Calendar) {
    this.#reader = reader
    this.#dictionaries = dictionaries
    this.#calendar = calendar
    this.#insertId = database.prepare('INSERT INTO ids (digest, seq, rank) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    this.#setRank = database.prepare('UPDATE ids SET rank = ? WHERE digest = ?')
    this.#insertCharge = database.prepare('INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#insertSubject = database.prepare('INSERT INTO charge_subjects (subject, seq) VALUES (?, ?)')
  }

  /** Books one charge; what it adds to the sums goes to `changes`. */
  book(booking: Booking, position: Position, changes: RollupChanges): Booked {
    const { draft, rank } = booking
    const digest = idDigest('', draft.id)
    if (this.#insertId.run(digest, position.seq + 1, rank).changes === 1) {
      const seq = this.#write(draft, this.#correctedSeq(draft), position, changes)
      return { outcome: 'booked', id: draft.id, seq }
    }
    const found = this.#reader.find(draft.id)
    invariant(found !== undefined, 'An id is taken, and yet it is not there.')
    if (booking.onExisting === 'same') {
      const booked = this.#reader.bySeq(found.seq)
      if (booked !== undefined) assertSameCall(booked.charge, draft, booking.ignore)
    }
    if (booking.onExisting === 'compare') return this.#compare(booking, found.seq)
    if (booking.onExisting !== 'supersede' || rank < found.rank) return { outcome: 'duplicate', id: draft.id, seq: found.seq }
    return this.#supersede(booking, found, position, changes)
  }

  /** A record may tell of a call as it was booked, or as an export tells of it after corrections. */
  #compare({ draft, ignore }: Booking, seq: number): Booked {
    const duplicate: Booked = { outcome: 'duplicate', id: draft.id, seq }
    const original = this.#reader.bySeq(seq)?.charge
    if (original === undefined) return duplicate
    const differs = differingField(original, draft, ignore)
    if (differs === undefined) return duplicate
    const stands = asItStands(original, this.#reader.corrections(draft.id))
    return differingField(stands, draft, ignore) === undefined ? duplicate : { ...duplicate, outcome: 'conflict', differs }
  }

  #supersede(booking: Booking, found: { seq: number; rank: number }, position: Position, changes: RollupChanges): Booked {
    const { draft, rank } = booking
    const duplicate: Booked = { outcome: 'duplicate', id: draft.id, seq: found.seq }
    const original = this.#reader.bySeq(found.seq)?.charge
    if (original === undefined) return duplicate
    const current = standing(original, this.#reader.corrections(draft.id))
    if (rank === found.rank && !isLarger(draft.usage, current.usage)) return duplicate
    if (rank > found.rank) this.#setRank.run(rank, idDigest('', draft.id))
    const correction = correct(current, draft)
    if (correction === undefined) return duplicate
    // The id of a correction keeps the rank that the call had before it, for the day on which its import is undone.
    const inserted = this.#insertId.run(idDigest('', correction.id), position.seq + 1, found.rank)
    invariant(inserted.changes === 1, `The correction ${correction.id} is booked already.`)
    return { outcome: 'superseded', id: correction.id, seq: this.#write(correction, original.seq, position, changes) }
  }

  #correctedSeq(draft: ChargeDraft): number | null {
    if (draft.corrects === null) return null
    const found = this.#reader.find(draft.corrects)
    if (found === undefined) throw new PurserError('PURSER_NOT_FOUND', `There is no charge "${draft.corrects}" to correct.`)
    return found.seq
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
    return seq
  }
}
