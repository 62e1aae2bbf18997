import { chargesPerPage, walkPages } from '../charge-pages.ts'
import { fromLearnedText, type Learned } from '../../budgets/learned.ts'
import { type GateOperation, type GateOperations, isReading, type ReadingOperation } from '../../budgets/gate-operations.ts'
import type { Booked } from '../../ledger/book-charge.ts'
import type { Charge, ChargeId } from '../../ledger/charge.ts'
import { type Calendar, createCalendar } from '../../time/calendar.ts'
import { CommittedEvents } from '../committed-events.ts'
import type {
  ChargeSelection,
  LedgerEvent,
  RollupQuery,
  RollupRow,
  Store,
  StoredDocument,
  SharedCost,
  SubjectRows,
  Transaction,
  VerifyReport,
} from '../store.ts'
import { bookHeld, transactionWork } from './book-in-turn.ts'
import { ChargeLookup } from './charge-lookup.ts'
import { ChargeReader } from './charge-reader.ts'
import { Connections } from './connections.ts'
import { Dictionaries } from './dictionaries.ts'
import { DocumentReader } from './document-reader.ts'
import { askSnapshot } from './gate-reading.ts'
import { gateWork } from './gate-work.ts'
import { type LedgerSettings, openLedger } from './open-ledger.ts'
import { fromPostgres, readOnlyLedger } from './postgres-errors.ts'
import { parsePostgresUrl } from './postgres-url.ts'
import { removeBatch } from './remove-batch.ts'
import { PostgresGate } from './postgres-gate.ts'
import { RollupReader } from './rollup-reader.ts'
import { sendAll } from './statement.ts'
import { Turn, type TurnParts } from './turn.ts'
import { verifyLedger } from './verify.ts'
import { type Work, WriteQueue } from './write-queue.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database` */
  readonly url: string
  /** The schema that holds the ledger's tables, `purser` unless said otherwise; a database may hold several ledgers. */
  readonly schema?: string
  /** Whether a ledger that does not exist is created. */
  readonly create: boolean
  /** The ledger's zone, kept in the ledger when it is created. */
  readonly timezone: string
  readonly subjects: readonly string[]
  /** Whether the ledger is only looked at: nothing of it is created, migrated or written. */
  readonly readOnly?: boolean
  /** How long writing goes on trying while the server cannot be reached, in milliseconds; 10,000 unless said otherwise. */
  readonly patienceMs?: number
  /** The clock that says when something is booked, in milliseconds since 1970; the server's unless given. */
  readonly now?: () => number
}

const defaultSchema = 'purser'
const defaultPatienceMs = 10_000

/**
 * Opens a ledger in a Postgres database, creating or migrating it where needed.
 * @throws PURSER_BAD_ARGUMENT, PURSER_NOT_FOUND, PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_NEWER, PURSER_LEDGER_CORRUPT
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, schema = defaultSchema, create, readOnly = false, timezone, subjects } = options
  const place = parsePostgresUrl(url, schema)
  const connections = await Connections.create(place)
  try {
    const settings = await connections.once((client) =>
      openLedger(client, { schema, create, readOnly, timezone, subjects, location: place.location }),
    )
    return new PostgresStore(connections, settings, options)
  } catch (error) {
    await connections.close()
    throw fromPostgres(error, place.location, 'open')
  }
}

class PostgresStore implements Store {
  readonly location: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly warnings: readonly string[] = []
  readonly #schema: string
  readonly #createReadingParts: () => TurnParts
  readonly #connections: Connections
  readonly #calendar: Calendar
  readonly #queue: WriteQueue
  /** What readers know; it holds only what is committed. */
  readonly #dictionaries: Dictionaries
  readonly #charges: ChargeReader
  readonly #lookup: ChargeLookup
  readonly #rollups: RollupReader
  readonly #documents: DocumentReader
  readonly #events = new CommittedEvents()

  constructor(
    connections: Connections,
    settings: LedgerSettings,
    { schema = defaultSchema, patienceMs = defaultPatienceMs, readOnly = false, now }: PostgresStoreOptions,
  ) {
    const calendar = createCalendar(settings.timezone)
    const subjects = new Set(settings.subjects)
    this.location = connections.location
    this.subjects = subjects
    this.isReadOnly = readOnly
    this.#schema = schema
    this.#connections = connections
    this.#calendar = calendar
    // A reading keeps nothing from one to the next, so that it knows only what its snapshot says.
    this.#createReadingParts = () => ({
      dictionaries: new Dictionaries(schema, subjects),
      gate: new PostgresGate(bookHeld),
      calendar,
      now,
    })
    const written = { dictionaries: new Dictionaries(schema, subjects), gate: new PostgresGate(bookHeld), calendar, now }
    this.#queue = new WriteQueue(connections, {
      schema,
      patienceMs,
      createTurn: () => new Turn(written),
      committed: (turn) => this.#tell(turn),
    })
    this.#dictionaries = new Dictionaries(schema, subjects)
    this.#charges = new ChargeReader(schema, this.#dictionaries)
    this.#lookup = new ChargeLookup(connections, this.#charges)
    this.#rollups = new RollupReader(schema, this.#dictionaries)
    this.#documents = new DocumentReader(schema)
  }

  get timezone(): string {
    return this.#calendar.zone
  }

  transact(transaction: Transaction): Promise<readonly Booked[]> {
    return this.#write(transactionWork(transaction))
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    if (isReading(operation)) return this.#ask(operation, input)
    const answered = await this.#write(gateWork(operation, input))
    if ('refused' in answered) throw answered.refused
    return answered.answer
  }

  /** Asks beside whoever writes; holds that turn out to have run out are written down afterwards. */
  async #ask<K extends ReadingOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    const { answer, hasLapsed } = await askSnapshot(this.#connections, this.#schema, this.#createReadingParts, [operation, input])
    if (!hasLapsed || this.isReadOnly) return answer
    while (await this.gate('lapse', {}));
    return (await askSnapshot(this.#connections, this.#schema, this.#createReadingParts, [operation, input])).answer
  }

  #write<T>(work: Work<T>): Promise<T> {
    if (!this.isReadOnly) return this.#queue.run(work)
    return Promise.reject(readOnlyLedger(this.location))
  }

  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#events.listen(listener)
  }

  document(kind: string, key: string): Promise<StoredDocument | undefined> {
    return this.#connections.read((client) => this.#documents.get(client, kind, key))
  }

  documents(kind: string): Promise<readonly StoredDocument[]> {
    return this.#connections.read((client) => this.#documents.list(client, kind))
  }

  charge(id: ChargeId): Promise<Charge | undefined> {
    return this.#lookup.find(id)
  }

  async corrections(id: ChargeId): Promise<readonly Charge[]> {
    const found = await this.#connections.read((client) => this.#charges.corrections(client, id))
    return found.map(({ charge }) => charge)
  }

  charges(selection: ChargeSelection): AsyncIterable<Charge> {
    let upToSeq: number | undefined
    return walkPages(selection, (after) =>
      this.#connections.read(async (client) => {
        upToSeq ??= await this.#charges.lastSeq(client)
        return this.#charges.page(client, selection, { after, upToSeq, limit: chargesPerPage })
      }),
    )
  }

  events(afterSeq: number, limit: number): Promise<readonly LedgerEvent[]> {
    return this.#connections.read((client) => this.#documents.events(client, afterSeq, limit))
  }

  rollups(queries: readonly RollupQuery[]): Promise<readonly (readonly RollupRow[])[]> {
    return this.#connections.read((client) => this.#rollups.readAll(client, queries))
  }

  subjectRows(query: Parameters<Store['subjectRows']>[0]): Promise<SubjectRows> {
    return this.#connections.read((client) => this.#rollups.subjectRows(client, query))
  }

  sharedCosts(query: Parameters<Store['sharedCosts']>[0]): Promise<readonly SharedCost[]> {
    return this.#connections.read((client) => this.#rollups.sharedCosts(client, query))
  }

  series(id: number): ReturnType<Store['series']> {
    return this.#dictionaries.series.get(id)
  }

  sku(id: number): ReturnType<Store['sku']> {
    return this.#dictionaries.skus.get(id)
  }

  async learned(): Promise<ReadonlyMap<string, Learned>> {
    const text = `SELECT key, body FROM ${this.#schema}.learned ORDER BY key`
    const [result] = await this.#connections.read((client) => sendAll(client, [{ text, values: [] }]))
    return new Map((result?.rows ?? []).map(({ key, body }) => [String(key), fromLearnedText(String(body))]))
  }

  async hasSubject(kind: string): Promise<boolean> {
    const row = await this.#first(`SELECT EXISTS (SELECT FROM ${this.#schema}.subjects WHERE kind = $1) AS found`, [kind])
    return row['found'] === true
  }

  async span(): Promise<{ firstMs: number; lastMs: number } | undefined> {
    const row = await this.#first(`SELECT min(at) AS first, max(at) AS last FROM ${this.#schema}.charges`, [])
    return row['first'] === null ? undefined : { firstMs: Number(row['first']), lastMs: Number(row['last']) }
  }

  removeBatch(batch: string, onProgress?: (removed: number) => void): Promise<number> {
    if (this.isReadOnly) return Promise.reject(readOnlyLedger(this.location))
    return removeBatch(this.#queue, batch, onProgress)
  }

  async verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    if (!options.repair) return this.#verify(options)
    if (this.isReadOnly) throw readOnlyLedger(this.location)
    // Looking keeps nobody from writing; the lock is taken only where there is something to repair.
    const found = await this.#verify({ ...options, repair: false })
    return found.discrepancies.length === 0 ? found : this.#verify(options)
  }

  async #verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    try {
      return await this.#connections.alone((client) =>
        verifyLedger(client, { schema: this.#schema, calendar: this.#calendar, subjects: this.subjects, ...options }),
      )
    } catch (error) {
      throw fromPostgres(error, this.location, options.repair ? 'write' : 'read')
    }
  }

  async close(): Promise<void> {
    await this.#queue.idle()
    await this.#connections.close()
  }

  #tell({ newEvents }: Turn): void {
    for (const event of newEvents) this.#events.add(event)
    this.#events.committed()
  }

  async #first(text: string, values: readonly unknown[]): Promise<Readonly<Record<string, unknown>>> {
    const [result] = await this.#connections.read((client) => sendAll(client, [{ text, values }]))
    return result?.rows[0] ?? {}
  }
}
