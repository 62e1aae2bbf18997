import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { GateEffects, HeldBooking } from '../../budgets/gate-effects.ts'
import { fromLearnedText, type Learned } from '../../budgets/learned.ts'
import { type GateOperation, type GateOperations, isReading, runGate } from '../../budgets/gate-operations.ts'
import type { Booked } from '../../ledger/book-charge.ts'
import type { Charge, ChargeId } from '../../ledger/charge.ts'
import { RollupChanges } from '../../ledger/rollup-changes.ts'
import { createCalendar } from '../../time/calendar.ts'
import { CommittedEvents } from '../committed-events.ts'
import { refusable } from '../refusable.ts'
import type {
  ChargeSelection,
  EventDraft,
  LedgerEvent,
  RollupQuery,
  RollupRow,
  SharedCost,
  Store,
  StoredDocument,
  SubjectRows,
  Transaction,
  VerifyReport,
} from '../store.ts'
import { selectCharges } from './charge-pages.ts'
import { ChargeReader } from './charge-reader.ts'
import { ChargeWriter, type Position } from './charge-writer.ts'
import { CommitQueue } from './commit-queue.ts'
import { Dictionaries } from './dictionaries.ts'
import { Documents } from './documents.ts'
import { GateReading } from './gate-reading.ts'
import type { OpenOptions } from './open-database.ts'
import { type LedgerFile, openFile, readIdentity } from './open-file.ts'
import { readOnlyError } from './open-read-only.ts'
import { removeBatch } from './remove-batch.ts'
import { RollupReader } from './rollup-reader.ts'
import { RollupWriter } from './rollup-writer.ts'
import { SqliteGate } from './sqlite-gate.ts'
import { fromSqlite } from './sqlite-errors.ts'
import type { SqliteParts } from './sqlite-parts.ts'
import { verifyFile } from './verify-file.ts'

const carriedSubject =
  'SELECT 1 FROM subjects s WHERE s.kind = ? AND EXISTS (SELECT 1 FROM charge_subjects c WHERE c.subject = s.id) LIMIT 1'

/**
 * Opens a ledger kept in one SQLite file, over a connection of its own unless it is given one, which it closes with itself.
 * A file that this user may not write is opened for reading.
 */
export function openSqliteStore(options: OpenOptions, given?: DatabaseSync): Store {
  const file = given === undefined ? openFile(options) : { database: given, isReadOnly: false, warnings: [] }
  try {
    return new SqliteStore(file, options)
  } catch (error) {
    file.database.close()
    throw fromSqlite(error, options.path, 'open')
  }
}

class SqliteStore implements Store {
  readonly location: string
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly warnings: readonly string[]
  readonly #parts: SqliteParts
  readonly #documents: Documents
  readonly #writer: ChargeWriter
  readonly #rollups: RollupReader
  readonly #gate: SqliteGate
  readonly #reading: GateReading
  readonly #now: () => number
  readonly #events = new CommittedEvents()
  readonly #position: Position = { seq: 0, nowMs: 0, batch: null }
  #committedSeq = 0
  readonly #getSeq: StatementSync
  readonly #setSeq: StatementSync

  constructor({ database, isReadOnly, warnings }: LedgerFile, { path, now = Date.now, patienceMs }: OpenOptions) {
    const { timezone, subjects } = readIdentity(database)
    this.location = path
    this.isReadOnly = isReadOnly
    this.warnings = warnings
    this.timezone = timezone
    this.subjects = subjects
    const dictionaries = new Dictionaries(database, this.subjects)
    const reader = new ChargeReader(database, dictionaries)
    const calendar = createCalendar(this.timezone)
    const rollupWriter = new RollupWriter(database)
    const hooks = {
      begun: () => this.#begun(),
      beforeCommit: () => this.#beforeCommit(),
      committed: () => this.#committed(),
      rolledBack: () => this.#rolledBack(),
    }
    const queue = new CommitQueue(database, path, hooks, patienceMs)
    this.#now = now
    this.#getSeq = database.prepare("SELECT value FROM settings WHERE key = 'seq'")
    this.#setSeq = database.prepare("UPDATE settings SET value = ? WHERE key = 'seq'")
    this.#documents = new Documents(database)
    this.#gate = new SqliteGate(
      database,
      { database, documents: this.#documents, charges: reader },
      {
        append: (event) => this.#append(event),
        book: (booking) => this.#bookHeld(booking),
        nextSeq: () => ++this.#position.seq,
      },
    )
    this.#reading = new GateReading({
      main: { database, documents: this.#documents, charges: reader },
      location: path,
      subjects: this.subjects,
      isReadOnly,
      now,
      lapse: () => this.#change('lapse', {}),
    })
    const { gate } = this.#gate
    this.#parts = { database, path, queue, dictionaries, reader, calendar, changes: new RollupChanges(), rollupWriter, gate }
    this.#writer = new ChargeWriter(database, { reader, dictionaries, calendar, onWritten: (charge, seq) => gate.count(charge, seq, 1) })
    this.#rollups = new RollupReader(database)
  }

  transact(transaction: Transaction): Promise<readonly Booked[]> {
    return this.#write(() => this.#apply(transaction), transaction.maxMs !== undefined)
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    return isReading(operation) ? this.#reading.ask(operation, input) : this.#change(operation, input)
  }

  async #change<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    const answered = await this.#write(() => refusable(() => runGate(this.#gate.gate, operation, input)), operation === 'lapse')
    if ('refused' in answered) throw answered.refused
    return answered.answer
  }

  #write<T>(work: () => T, isBulk = false): Promise<T> {
    return this.isReadOnly ? Promise.reject(readOnlyError(this.location)) : this.#parts.queue.run(work, isBulk)
  }

  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#events.listen(listener)
  }

  async document(kind: string, key: string): Promise<StoredDocument | undefined> {
    return this.#read(() => this.#documents.get(kind, key))
  }

  async documents(kind: string): Promise<readonly StoredDocument[]> {
    return this.#read(() => this.#documents.list(kind))
  }

  async charge(id: ChargeId): Promise<Charge | undefined> {
    return this.#read(() => this.#parts.reader.byId(id)?.charge)
  }

  async corrections(id: ChargeId): Promise<readonly Charge[]> {
    return this.#read(() => this.#parts.reader.corrections(id))
  }

  charges(selection: ChargeSelection): AsyncIterable<Charge> {
    return selectCharges(this.#parts, selection, (read) => this.#read(read))
  }

  async events(afterSeq: number, limit: number): Promise<readonly LedgerEvent[]> {
    return this.#read(() => this.#documents.events(afterSeq, limit))
  }

  async rollups(queries: readonly RollupQuery[]): Promise<readonly (readonly RollupRow[])[]> {
    return this.#read(() => this.#rollups.readAll(queries))
  }

  async subjectRows(query: Parameters<Store['subjectRows']>[0]): Promise<SubjectRows> {
    return this.#read(() => this.#rollups.subjectRows(query))
  }

  async sharedCosts(query: Parameters<Store['sharedCosts']>[0]): Promise<readonly SharedCost[]> {
    return this.#read(() => this.#rollups.sharedCosts(query))
  }

  series(id: number): ReturnType<Store['series']> {
    return this.#read(() => this.#parts.dictionaries.labels(id))
  }

  sku(id: number): ReturnType<Store['sku']> {
    return this.#read(() => this.#parts.dictionaries.sku(id))
  }

  async learned(): Promise<ReadonlyMap<string, Learned>> {
    const rows = this.#read(() => this.#parts.database.prepare('SELECT key, body FROM learned ORDER BY key').all())
    return new Map(rows.map((row) => [String(row['key']), fromLearnedText(String(row['body']))]))
  }

  async hasSubject(kind: string): Promise<boolean> {
    return this.#read(() => this.#parts.database.prepare(carriedSubject).get(kind) !== undefined)
  }

  async span(): Promise<{ firstMs: number; lastMs: number } | undefined> {
    const row = this.#read(() => this.#parts.database.prepare('SELECT min(at) AS first, max(at) AS last FROM charges').get())
    return row?.['first'] === null ? undefined : { firstMs: Number(row?.['first']), lastMs: Number(row?.['last']) }
  }

  removeBatch(batch: string, onProgress?: (removed: number) => void): Promise<number> {
    if (this.isReadOnly) return Promise.reject(readOnlyError(this.location))
    return removeBatch(this.#parts, batch, onProgress)
  }

  verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    return verifyFile(this, options)
  }

  async close(): Promise<void> {
    await this.#parts.queue.idle()
    await this.#reading.close()
    if (this.#parts.database.isOpen) this.#parts.database.close()
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw fromSqlite(error, this.location, 'read')
    }
  }

  #begun(): boolean {
    const { changes } = this.#parts
    changes.clear()
    const seq = Number(this.#getSeq.get()?.['value'])
    Object.assign(this.#position, { seq, nowMs: this.#now(), batch: null })
    this.#committedSeq = seq
    return this.#gate.begun(this.#position.nowMs)
  }

  #apply(transaction: Transaction): Booked[] {
    const { changes } = this.#parts
    const position = this.#position
    position.batch = transaction.batch === undefined ? null : this.#documents.batchId(transaction.batch, position.seq + 1)
    const booked: Booked[] = []
    const { bookings = [], documents = [], events = [], maxMs = Number.POSITIVE_INFINITY } = transaction
    const started = performance.now()
    let isWhole = true
    for (const booking of bookings) {
      booked.push(this.#writer.book(booking, position, changes))
      isWhole = performance.now() - started < maxMs
      if (!isWhole) break
    }
    for (const write of typeof documents === 'function' ? documents(booked, isWhole) : documents) this.#documents.put(write)
    for (const event of events) this.#append(event)
    if (position.batch !== null) this.#documents.stretchBatch(position.batch, position.seq)
    position.batch = null
    return booked
  }

  #append(event: EventDraft): void {
    const { nowMs } = this.#position
    const seq = ++this.#position.seq
    this.#documents.append(event, seq, nowMs)
    this.#events.add({ ...event, seq, at: nowMs })
  }

  #bookHeld(booking: HeldBooking): ReturnType<GateEffects['book']> {
    const { id, seq, outcome } = this.#writer.book({ ...booking, rank: 1 }, this.#position, this.#parts.changes)
    return { id, seq, outcome: outcome === 'booked' ? 'booked' : 'duplicate' }
  }

  #beforeCommit(): void {
    const { changes, rollupWriter } = this.#parts
    rollupWriter.write(changes)
    this.#gate.beforeCommit()
    if (this.#position.seq === this.#committedSeq) return
    this.#setSeq.run(String(this.#position.seq))
  }

  #committed(): void {
    this.#parts.dictionaries.committed()
    this.#gate.committed()
    this.#events.committed()
  }

  #rolledBack(): void {
    this.#parts.dictionaries.rolledBack()
    this.#gate.rolledBack()
    this.#events.rolledBack()
  }
}
