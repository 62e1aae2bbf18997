import type { ChargeId } from '../../ledger/charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { packExtras, packNumbers, pricingKey, toPricing } from '../../ledger/pack-charge.ts'
import { RollupChanges } from '../../ledger/rollup-changes.ts'
import { skuFields, skuKey } from '../../ledger/sku.ts'
import { type Calendar, slotOf } from '../../time/calendar.ts'
import type { DocumentWrite, EventDraft, LedgerEvent } from '../store.ts'
import { contributionOf, type StoredCharge } from '../stored-charge.ts'
import type { Dictionaries } from './dictionaries.ts'
import { DocumentChanges } from './document-changes.ts'
import { KnownRows } from './known-rows.ts'
import type { GateState, PostgresGate } from './postgres-gate.ts'
import { StoredMeters } from './rollup-rows.ts'
import type { RollupTable } from '../rollup-tables.ts'
import { type Subject, subjectKey } from './subject-numbers.ts'

export interface IdRow {
  readonly seq: number
  readonly rank: number
}

export interface BatchRow {
  readonly id: number
  readonly firstSeq: number
  readonly lastSeq: number
}

/** An import, by number and name. */
export interface BatchName {
  readonly id: number
  readonly name: string
}

/** What the ledger says of itself where its lock was just taken. */
export interface LedgerState extends GateState {
  readonly seq: number
  readonly nowMs: number
  readonly lastSubject: number
  readonly lastBatch: number
}

/** What turns of one ledger share. */
export interface TurnParts {
  readonly dictionaries: Dictionaries
  readonly calendar: Calendar
  readonly gate: PostgresGate
  /** The clock, in milliseconds since 1970; the server's where there is none. */
  readonly now: (() => number) | undefined
}

/** A new row of `charges`, in the order of its columns. */
export type NewCharge = readonly (number | bigint | string | Uint8Array | null)[]

/**
 * What one transaction has read and what it will write. All is decided in memory, so it can be undone and decided again
 * without asking the server, and written at once.
 */
export class Turn {
  readonly dictionaries: Dictionaries
  readonly calendar: Calendar
  #state: LedgerState = { seq: 0, nowMs: 0, lastSubject: 0, lastBatch: 0, writes: 0, budgets: 0 }
  /** Numbers beyond these are given out by this turn. */
  #last = { subject: 0, series: 0, sku: 0 }
  /** By id. */
  readonly ids = new KnownRows<IdRow>()
  /** By place. */
  readonly charges = new KnownRows<StoredCharge>()
  /** Places of the corrections of a charge, by its place. */
  readonly corrections = new KnownRows<readonly number[]>()
  /** By name. */
  readonly batches = new KnownRows<BatchRow>()
  /** Places of the next charges of an import, by what is asked as JSON. */
  readonly batchPages = new KnownRows<readonly number[]>()
  /** Whether a subject is in the ledger; those that are stand in the dictionaries. */
  readonly subjects = new KnownRows<true>()
  readonly documents = new DocumentChanges()
  readonly meters = new StoredMeters()
  readonly gate: PostgresGate
  readonly changes = new RollupChanges()
  seq = 0
  newCharges: NewCharge[] = []
  newSubjects: { readonly subject: number; readonly seq: number }[] = []
  goneSubjects: { readonly subject: number; readonly seq: number }[] = []
  newEvents: LedgerEvent[] = []
  /** Charges and corrections that were written, and places of those that were taken out. */
  booked: { readonly charge: ChargeDraft; readonly seq: number }[] = []
  readonly removed = new Set<number>()
  /** Counts changes, so that it shows whether a job left any. */
  steps = 0
  readonly #now: (() => number) | undefined
  readonly #newCorrections = new Map<number, readonly number[]>()
  #nextSubject = 0
  #nextBatch = 0

  constructor({ dictionaries, calendar, gate, now }: TurnParts) {
    this.dictionaries = dictionaries
    this.calendar = calendar
    this.gate = gate
    this.#now = now
    gate.prepare(this)
  }

  /** The time of booking, in milliseconds since 1970. */
  get nowMs(): number {
    return this.#state.nowMs
  }

  /** The lock is taken. The clock is the server's, so that all who write to a ledger have one. */
  start(state: LedgerState): void {
    this.#state = this.#now === undefined ? state : { ...state, nowMs: this.#now() }
    this.#reset()
    this.gate.begin(state, this.nowMs)
  }

  /** Where the numbers of the ledger were read, before any are given out. */
  startNumbers(): void {
    const { series, skus } = this.dictionaries
    this.#last = { subject: this.#state.lastSubject, series: series.last, sku: skus.last }
  }

  /** Whether a row of sums cannot be there yet, because something in its key was not. */
  isNew(table: RollupTable, key: readonly number[]): boolean {
    const [series = 0, sku = 0] = key.slice(-2)
    return series > this.#last.series || sku > this.#last.sku || (table === 'subject_days' && (key[0] ?? 0) > this.#last.subject)
  }

  /** Forgets what was decided, not what was read. */
  undo(): void {
    this.gate.undo()
    this.#reset()
  }

  #reset(): void {
    this.dictionaries.undo()
    for (const rows of [this.ids, this.charges, this.corrections, this.batches, this.subjects, this.documents]) rows.undo()
    this.changes.clear()
    this.seq = this.#state.seq
    this.#nextSubject = this.#state.lastSubject + 1
    this.#nextBatch = this.#state.lastBatch + 1
    this.newCharges = []
    this.newSubjects = []
    this.goneSubjects = []
    this.newEvents = []
    this.booked = []
    this.removed.clear()
    this.#newCorrections.clear()
    this.steps = 0
  }

  /** Writes a charge or a correction, its id with a rank. Gives its place. */
  write(draft: ChargeDraft, rank: number, corrects: number | null, batch: BatchName | null): number {
    const seq = this.nextSeq()
    const day = this.calendar.dayOf(draft.at)
    const place = this.#place(draft, day)
    const derived = draft.responseId !== null && draft.id === `${draft.provider}:${draft.responseId}`
    this.newCharges.push([
      seq,
      draft.at,
      this.nowMs,
      place.series,
      place.sku,
      this.dictionaries.pricings.idOf(pricingKey(draft), () => JSON.stringify(toPricing(draft))),
      draft.costNanos,
      packNumbers(draft, place.subjects),
      derived ? null : draft.id,
      draft.responseId,
      batch?.id ?? null,
      corrects,
      packExtras(draft),
    ])
    for (const subject of place.subjects) this.newSubjects.push({ subject, seq })
    this.changes.add({ charge: draft, sign: 1, slot: slotOf(draft.at), day, ...place })
    this.ids.set(draft.id, { seq, rank })
    const charge = { ...draft, seq, bookedAt: this.#state.nowMs, batch: batch?.name ?? null }
    this.charges.set(String(seq), { charge, ...place, batch: batch?.id ?? null })
    this.corrections.set(String(seq), [])
    if (corrects !== null) this.#newCorrections.set(corrects, [...(this.#newCorrections.get(corrects) ?? []), seq])
    this.booked.push({ charge: draft, seq })
    this.gate.gate.count(draft, seq, 1)
    return seq
  }

  /** A charge by its place, while its corrections are read with it. */
  charge(seq: number): StoredCharge | undefined {
    this.corrections.want(String(seq))
    return this.charges.get(String(seq))
  }

  /** The corrections of a charge in the order in which they were booked. */
  correctionsOf(seq: number): StoredCharge[] {
    const places = [...(this.corrections.get(String(seq)) ?? []), ...(this.#newCorrections.get(seq) ?? [])]
    return places.map((place) => this.charges.get(String(place))).filter((stored) => stored !== undefined)
  }

  setRank(id: ChargeId, row: IdRow, rank: number): void {
    this.steps += 1
    this.ids.set(id, { ...row, rank })
  }

  /** Takes a charge or a correction out of the ledger, and out of the sums. */
  remove(stored: StoredCharge): void {
    const { charge, subjects } = stored
    this.steps += 1
    this.ids.delete(charge.id)
    this.charges.delete(String(charge.seq))
    for (const subject of subjects) this.goneSubjects.push({ subject, seq: charge.seq })
    this.removed.add(charge.seq)
    this.changes.add(contributionOf(stored, this.calendar, -1))
    this.gate.gate.count(charge, charge.seq, -1)
  }

  put(write: DocumentWrite): void {
    this.steps += 1
    this.documents.put(write)
  }

  append(event: EventDraft): void {
    this.newEvents.push({ ...event, seq: this.nextSeq(), at: this.nowMs })
  }

  /** The number of an import, given out now if it is new. */
  batch(name: string): BatchName {
    const found = this.batches.get(name)
    if (found !== undefined) return { id: found.id, name }
    this.steps += 1
    const id = this.#nextBatch++
    this.batches.set(name, { id, firstSeq: this.seq + 1, lastSeq: 0 })
    return { id, name }
  }

  /** Notes that an import reaches up to here. */
  stretchBatch(name: string): void {
    const row = this.batches.get(name)
    if (row !== undefined && row.lastSeq < this.seq) this.batches.set(name, { ...row, lastSeq: this.seq })
  }

  /** The next place in the order of facts. */
  nextSeq(): number {
    this.steps += 1
    this.seq += 1
    return this.seq
  }

  #place(draft: ChargeDraft, day: number): { series: number; sku: number; subjects: number[] } {
    const { series, skus } = this.dictionaries
    const { body, subjects } = this.dictionaries.split(draft.labels)
    return {
      series: series.idOf(body, () => body),
      sku: skus.idOf(skuKey(draft), () => JSON.stringify(Object.fromEntries(skuFields.map((field) => [field, draft[field]])))),
      subjects: subjects.map(([kind, value]) => this.#subject(kind, value, day).id),
    }
  }

  #subject(kind: string, value: string, day: number): Subject {
    const known = this.dictionaries.subjects
    const key = subjectKey(kind, value)
    let subject = known.find(key)
    if (subject === undefined) {
      this.subjects.get(key)
      subject = { id: this.#nextSubject++, kind, value, firstDay: day, lastDay: day }
      known.add(subject)
    }
    known.stretch(subject, day)
    return subject
  }
}

/** Says which rows a charge is likely to need, so that they are read with the rest. */
export function foresee(turn: Turn, draft: ChargeDraft): void {
  turn.ids.want(draft.id)
  if (draft.corrects !== null) turn.ids.want(draft.corrects)
  const { dictionaries, calendar, meters } = turn
  const { body, subjects } = dictionaries.split(draft.labels)
  const [series, sku] = [dictionaries.series.numberOf(body), dictionaries.skus.numberOf(skuKey(draft))]
  const day = calendar.dayOf(draft.at)
  if (series !== undefined && sku !== undefined) {
    meters.want('slots', [slotOf(draft.at), series, sku])
    meters.want('days', [day, series, sku])
  }
  for (const [kind, value] of subjects) {
    const subject = dictionaries.subjects.find(subjectKey(kind, value))
    if (subject === undefined) turn.subjects.want(subjectKey(kind, value))
    else if (series !== undefined && sku !== undefined) meters.want('subject_days', [subject.id, day, series, sku])
  }
}
