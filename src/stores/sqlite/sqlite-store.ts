import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { GateEffects, HeldBooking } from '../../budgets/gate-effects.ts'
import { fromLearnedText, type Learned } from '../../budgets/learned.ts'
import { type GateOperation, type GateOperations, runGate } from '../../budgets/gate-operations.ts'
import { PurserError } from '../../errors.ts'
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
  Store,
  StoredDocument,
  SubjectRows,
  Transaction,
  VerifyReport,
} from '../store.ts'
import type { StoredCharge } from '../stored-charge.ts'
import { ChargeReader, type Page } from './charge-reader.ts'
import { ChargeWriter, type Position } from './charge-writer.ts'
import { CommitQueue } from './commit-queue.ts'
import { Dictionaries } from './dictionaries.ts'
import { Documents } from './documents.ts'
import { openDatabase, type OpenOptions } from './open-database.ts'
import { removeBatch } from './remove-batch.ts'
import { RollupReader } from './rollup-reader.ts'
import { RollupWriter } from './rollup-writer.ts'
import { SqliteGate } from './sqlite-gate.ts'
import { fromSqlite } from './sqlite-errors.ts'
import type { SqliteParts } from './sqlite-parts.ts'
import { verifyDatabase } from './verify.ts'

const chargesPerPage = 1000
const carriedSubject =
  'SELECT 1 FROM subjects s WHERE s.kind = ? AND EXISTS (SELECT 1 FROM charge_subjects c WHERE c.subject = s.id) LIMIT 1'

/** Opens a ledger kept in one SQLite file. */
export function openSqliteStore(options: OpenOptions): Store {
  const database = openDatabase(options)
  try {
    return new SqliteStore(database, options)
  } catch (error) {
    database.close()
    throw fromSqlite(error, options.path, 'open')
  }
}

class SqliteStore implements Store {
  readonly location: string
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  readonly #parts: SqliteParts
  readonly #documents: Documents
  readonly #writer: ChargeWriter
  readonly #rollups: RollupReader
  readonly #gate: SqliteGate
  readonly #now: () => number
  readonly #events = new CommittedEvents()
  readonly #position: Position = { seq: 0, nowMs: 0, batch: null }
  #committedSeq = 0
  readonly #getSeq: StatementSync
  readonly #setSeq: StatementSync

  constructor(database: DatabaseSync, { path, now = Date.now }: OpenOptions) {
    const settings = new Map(
      database
        .prepare('SELECT key, value FROM settings')
        .all()
        .map((row) => [String(row['key']), String(row['value'])]),
    )
    this.location = path
    this.timezone = settings.get('timezone') ?? 'UTC'
    this.subjects = new Set(JSON.parse(settings.get('subjects') ?? '[]') as string[])
    const dictionaries = new Dictionaries(database, this.subjects)
    const reader = new ChargeReader(database, dictionaries)
    const calendar = createCalendar(this.timezone)
    const rollupWriter = new RollupWriter(database)
    const queue = new CommitQueue(database, path, {
      begun: () => this.#begun(),
      beforeCommit: () => this.#beforeCommit(),
      committed: () => this.#committed(),
      rolledBack: () => this.#rolledBack(),
    })
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
    const { gate } = this.#gate
    this.#parts = { database, path, queue, dictionaries, reader, calendar, changes: new RollupChanges(), rollupWriter, gate }
    this.#writer = new ChargeWriter(database, { reader, dictionaries, calendar, onWritten: (charge, seq) => gate.count(charge, seq, 1) })
    this.#rollups = new RollupReader(database)
  }

  transact(transaction: Transaction): Promise<readonly Booked[]> {
    return this.#parts.queue.run(() => this.#apply(transaction), transaction.maxMs !== undefined)
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    const answered = await this.#parts.queue.run(() => refusable(() => runGate(this.#gate.gate, operation, input)))
    if ('refused' in answered) throw answered.refused
    return answered.answer
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

  async *charges(selection: ChargeSelection): AsyncIterable<Charge> {
    const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, batch } = selection
    const nextPage = this.#pager(selection)
    for (let after = { at: sinceMs, seq: 0 }; ;) {
      const page = this.#read(() => nextPage(after))
      for (const { charge } of page) {
        const isAsked = charge.at >= sinceMs && charge.at < untilMs && (batch === undefined || charge.batch === batch)
        if (isAsked) yield charge
      }
      const last = page.at(-1)?.charge
      if (last === undefined || page.length < chargesPerPage) return
      after = { at: last.at, seq: last.seq }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** By subject where one is asked for, by time where a period is, else in order of booking. */
  #pager({ subject, sinceMs, untilMs }: ChargeSelection): (after: Page['after']) => StoredCharge[] {
    const { reader, dictionaries, database } = this.#parts
    const upToSeq = this.#read(() => Number(database.prepare('SELECT max(seq) AS seq FROM charges').get()?.['seq'] ?? 0))
    const page = (after: Page['after']): Page => ({ after, upToSeq, limit: chargesPerPage })
    if (subject !== undefined) {
      const id = dictionaries.findSubject(subject.kind, subject.value)
      return (after) => (id === undefined ? [] : reader.pageOfSubject(page(after), id))
    }
    if (sinceMs === undefined && untilMs === undefined) return (after) => reader.page(page(after))
    return (after) => reader.pageByTime(page(after), untilMs ?? Number.MAX_SAFE_INTEGER)
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
    return removeBatch(this.#parts, batch, onProgress)
  }

  async verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    if (this.location === ':memory:') {
      throw new PurserError(
        'PURSER_LEDGER_UNAVAILABLE',
        'A ledger in memory cannot be verified: it has no file that a second look could be taken into.',
      )
    }
    const database = openDatabase({ path: this.location, create: false, timezone: this.timezone, subjects: [] })
    try {
      return await verifyDatabase(database, createCalendar(this.timezone), this.subjects, options)
    } catch (error) {
      throw fromSqlite(error, this.location, 'read')
    } finally {
      database.close()
    }
  }

  async close(): Promise<void> {
    await this.#parts.queue.idle()
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

  #bookHeld({ draft, onExisting, ignore }: HeldBooking): ReturnType<GateEffects['book']> {
    const { id, seq, outcome } = this.#writer.book({ draft, onExisting, ignore, rank: 1 }, this.#position, this.#parts.changes)
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
