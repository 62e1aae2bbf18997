import { type GateOperation, type GateOperations, isReading } from '../../budgets/gate-operations.ts'
import type { Learned } from '../../budgets/learned.ts'
import { PurserError } from '../../errors.ts'
import type { Booked, Booking } from '../../ledger/book-charge.ts'
import type { Charge, ChargeId, Labels } from '../../ledger/charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import type { Sku } from '../../ledger/sku.ts'
import { CommittedEvents } from '../committed-events.ts'
import type {
  ChargePlace,
  ChargeSelection,
  DocumentWrite,
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
import type { LedgerOperationName } from './ledger-operations.ts'
import type { AskOptions, LedgerServer } from './ledger-server.ts'

/** A ledger as its server describes it to who connects. */
export interface RemoteLedger {
  readonly location: string
  readonly timezone: string
  readonly subjects: readonly string[]
  readonly isReadOnly: boolean
  readonly warnings: readonly string[]
  /** What everything carries that is booked here. */
  readonly labels: Labels
}

interface Named<T> {
  readonly rows: T
  readonly series: readonly (readonly [number, Labels])[]
  readonly skus: readonly (readonly [number, Sku])[]
}

/** Bookings of bulk work that are sent at once; the answer says how many were taken. */
const bulkAtOnce = 1000
/** Charges and events that are remembered, so that they are read back without asking, and told once. */
const maxRemembered = 5000
/** Longer than reading back takes, and short enough that nobody has taken the charge back meanwhile. */
const rememberedMs = 5000

/**
 * The ledger behind a purser server: each operation is a request. Whoever asks is confined there, by their key. What everything
 * must carry that they book is added here.
 */
export class RemoteStore implements Store {
  readonly location: string
  readonly timezone: string
  readonly subjects: ReadonlySet<string>
  readonly isReadOnly: boolean
  readonly warnings: readonly string[]
  readonly #server: LedgerServer
  readonly #labels: Labels
  readonly #series = new Map<number, Labels>()
  readonly #skus = new Map<number, Sku>()
  /** Charges that this store wrote a moment ago. */
  readonly #written = new Map<string, { readonly charge: Charge; readonly until: number }>()
  readonly #events = new CommittedEvents()
  readonly #told = new Set<number>()
  #listeners = 0
  readonly #closed = Promise.withResolvers<void>()

  constructor(server: LedgerServer, { location, timezone, subjects, isReadOnly, warnings, labels }: RemoteLedger) {
    this.location = location
    this.timezone = timezone
    this.subjects = new Set(subjects)
    this.isReadOnly = isReadOnly
    this.warnings = warnings
    this.#server = server
    this.#labels = labels
  }

  async transact(transaction: Transaction): Promise<readonly Booked[]> {
    const { bookings = [], documents = [], maxMs, ...others } = transaction
    if (typeof documents === 'function') {
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        'An import is done where the ledger lies, because what it notes depends on what was booked: run it there, or hand the calls to recordMany.',
      )
    }
    const sent = {
      ...others,
      bookings: [...(maxMs === undefined ? bookings : firstOf(bookings, maxMs))].map((each) => this.#owned(each)),
      documents: documents.map((each) => this.#ownedRun(each)),
      ...(maxMs !== undefined && { maxMs }),
    }
    return (await this.#ask('transact', sent, { writes: true })) as readonly Booked[]
  }

  async gate<K extends GateOperation>(operation: K, input: GateOperations[K]['input']): Promise<GateOperations[K]['answer']> {
    return (await this.#ask(operation, this.#asked(input), { writes: !isReading(operation) })) as GateOperations[K]['answer']
  }

  async learned(): Promise<ReadonlyMap<string, Learned>> {
    return (await this.#read('learned', {})) as ReadonlyMap<string, Learned>
  }

  /** Tells of what was written while this store wrote, also of what others wrote in that moment. */
  listen(listener: (event: LedgerEvent) => void): () => void {
    const end = this.#events.listen(listener)
    this.#listeners += 1
    let hasEnded = false
    return () => {
      if (!hasEnded) this.#listeners -= 1
      hasEnded = true
      end()
    }
  }

  async document(kind: string, key: string): Promise<StoredDocument | undefined> {
    return (await this.#read('document', { kind, key })) as StoredDocument | undefined
  }

  async documents(kind: string): Promise<readonly StoredDocument[]> {
    return (await this.#read('documents', { kind })) as readonly StoredDocument[]
  }

  async charge(id: ChargeId): Promise<Charge | undefined> {
    const written = this.#written.get(id)
    if (written !== undefined && written.until > performance.now()) return written.charge
    return (await this.#read('charge', { id })) as Charge | undefined
  }

  async corrections(id: ChargeId): Promise<readonly Charge[]> {
    return (await this.#read('corrections', { id })) as readonly Charge[]
  }

  async *charges({ goOn, ...selection }: ChargeSelection): AsyncIterable<Charge> {
    for await (const { page = [], place } of this.#server.lines('charges', selection)) {
      yield* page as readonly Charge[]
      if (place !== undefined && goOn?.(place as ChargePlace) === false) return
    }
  }

  async events(afterSeq: number, limit: number): Promise<readonly LedgerEvent[]> {
    return (await this.#read('events', { afterSeq, limit })) as readonly LedgerEvent[]
  }

  async rollups(queries: readonly RollupQuery[]): Promise<readonly (readonly RollupRow[])[]> {
    return this.#named(await this.#read('rollups', queries)) as readonly (readonly RollupRow[])[]
  }

  async subjectRows(query: Parameters<Store['subjectRows']>[0]): Promise<SubjectRows> {
    return this.#named(await this.#read('subjectRows', query)) as SubjectRows
  }

  async sharedCosts(query: Parameters<Store['sharedCosts']>[0]): Promise<readonly SharedCost[]> {
    return this.#named(await this.#read('sharedCosts', query)) as readonly SharedCost[]
  }

  series(id: number): Labels {
    return known(this.#series, id)
  }

  sku(id: number): Sku {
    return known(this.#skus, id)
  }

  async hasSubject(kind: string): Promise<boolean> {
    return (await this.#read('hasSubject', { kind })) as boolean
  }

  async span(): Promise<{ firstMs: number; lastMs: number } | undefined> {
    return (await this.#read('span', {})) as { firstMs: number; lastMs: number } | undefined
  }

  async removeBatch(batch: string, onProgress?: (removed: number) => void): Promise<number> {
    this.#written.clear()
    const removed = (await this.#ask('removeBatch', { batch }, { writes: true, isLong: true })) as number
    onProgress?.(removed)
    return removed
  }

  async verify({ repair, onProgress }: Parameters<Store['verify']>[0]): Promise<VerifyReport> {
    const report = (await this.#ask('verify', { repair }, { writes: repair, isLong: true })) as VerifyReport
    onProgress?.(report.charges)
    return report
  }

  /** The ledger stays its server's. */
  async close(): Promise<void> {
    this.#written.clear()
    this.#closed.resolve()
  }

  /** Resolves once it is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  #read(operation: LedgerOperationName, input: unknown): Promise<unknown> {
    return this.#ask(operation, input, { writes: false })
  }

  async #ask(operation: LedgerOperationName, input: unknown, options: AskOptions): Promise<unknown> {
    const listens = this.#listeners > 0
    const { answer, events = [], charges = [] } = await this.#server.ask(operation, input, { ...options, listens })
    if (this.#written.size >= maxRemembered) this.#written.clear()
    const until = performance.now() + rememberedMs
    for (const charge of charges as readonly Charge[]) this.#written.set(charge.id, { charge, until })
    for (const event of events as readonly LedgerEvent[]) {
      if (this.#told.has(event.seq)) continue
      if (this.#told.size >= maxRemembered) this.#told.clear()
      this.#told.add(event.seq)
      this.#events.add(event)
    }
    this.#events.committed()
    return answer
  }

  #named(answer: unknown): unknown {
    const { rows, series, skus } = answer as Named<unknown>
    for (const [id, labels] of series) this.#series.set(id, labels)
    for (const [id, sku] of skus) this.#skus.set(id, sku)
    return rows
  }

  #owned(booking: Booking): Booking {
    const { draft, otherParts } = booking
    return { ...booking, draft: this.#carrying(draft), ...(otherParts && { otherParts: otherParts.map((each) => this.#carrying(each)) }) }
  }

  #carrying<T extends { readonly labels: ChargeDraft['labels'] }>(given: T): T {
    return { ...given, labels: { ...this.#labels, ...given.labels } }
  }

  #asked(input: object): object {
    if ('asked' in input) return { ...input, asked: this.#carrying(input.asked as { labels: Labels }) }
    return 'labels' in input ? this.#carrying(input as { labels: Labels }) : input
  }

  #ownedRun(write: DocumentWrite): DocumentWrite {
    if (write.kind !== 'run' || write.body === null) return write
    return { ...write, body: this.#carrying(write.body as { labels: Labels }) }
  }
}

/** As many bookings as one turn of bulk work may take; what the server leaves of them is sent again. */
function* firstOf<T>(all: Iterable<T>, maxMs: number): Iterable<T> {
  const started = performance.now()
  let taken = 0
  for (const each of all) {
    yield each
    taken += 1
    if (taken >= bulkAtOnce || performance.now() - started >= maxMs) return
  }
}

function known<T>(names: ReadonlyMap<number, T>, id: number): T {
  const name = names.get(id)
  if (name === undefined) throw new PurserError('PURSER_INVARIANT', `Nothing is called ${id} in what the server answered.`)
  return name
}
