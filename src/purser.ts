import { PurserError } from './errors.ts'
import { batchKind, checkpointKind, type ImportBatch, type ImportOptions, type ImportRun, runImport } from './facade/import-batch.ts'
import type { RepriceOptions, RepriceReport } from './facade/reprice.ts'
import type { ImportSummary } from './importers/importer.ts'
import type { Charge, ChargeId, ChargeInput } from './ledger/charge.ts'
import type { CostQuery } from './ledger/cost-query.ts'
import type { CostTable } from './ledger/cost-table.ts'
import { type ChargeDraft, draftCharge } from './ledger/draft-charge.ts'
import { parseSubjects } from './ledger/labels.ts'
import type { CallRecord } from './ledger/parse-record.ts'
import type * as RecordParser from './ledger/parse-record.ts'
import type { Card } from './pricing/card.ts'
import type { Catalog } from './pricing/catalog.ts'
import { loadShippedCatalog } from './pricing/load-shipped.ts'
import { priceUsage } from './pricing/price-usage.ts'
import type { Priced, PriceRequest } from './pricing/priced.ts'
import { answerCosts } from './reports/answer-costs.ts'
import { openSqliteStore } from './stores/sqlite/sqlite-store.ts'
import type { ChargeSelection, Store, VerifyReport } from './stores/store.ts'
import { checkZone } from './time/calendar.ts'

export interface PurserOptions {
  /** Path of the ledger's SQLite file. */
  readonly db: string
  /** Whether the file is created where there is none; true unless said otherwise. */
  readonly create?: boolean
  /** IANA zone of the ledger's days, kept in the file when it is created. UTC unless said otherwise. */
  readonly timezone?: string
  /** Labels with many values, that get totals of their own, besides run, session, job, ticket, scene, video, experiment and artifact. */
  readonly subjects?: readonly string[]
  /** The owner's price cards. They win over all others. */
  readonly ownerCards?: readonly Card[]
}

const refreshedKind = 'catalog'
const refreshedKey = 'refreshed'

/**
 * The ledger in this process: prices calls, books them, and answers what they cost.
 * @example
 * const purser = await Purser.open({ db: 'spend.db' })
 * await purser.record({ provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 }, labels: { project: 'atlas' } })
 * await purser.close()
 */
export class Purser {
  readonly #store: Store
  readonly #ownerCards: readonly Card[]
  #catalog: Catalog | undefined
  #refreshed: readonly Card[]

  private constructor(store: Store, ownerCards: readonly Card[], refreshed: readonly Card[]) {
    this.#store = store
    this.#ownerCards = ownerCards
    this.#refreshed = refreshed
  }

  /**
   * @throws PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_CORRUPT, PURSER_LEDGER_NEWER, PURSER_LEDGER_LOCKED, PURSER_NOT_FOUND,
   * PURSER_BAD_TIME for an unknown zone, PURSER_BAD_LABEL for a subject that no label can be
   */
  static async open(options: PurserOptions): Promise<Purser> {
    const store = openSqliteStore({
      path: options.db,
      create: options.create ?? true,
      timezone: checkZone(options.timezone ?? 'UTC'),
      subjects: parseSubjects(options.subjects ?? []),
    })
    const refreshed = await store.document(refreshedKind, refreshedKey)
    return new Purser(store, options.ownerCards ?? [], (refreshed?.body as Card[] | undefined) ?? [])
  }

  /** Where the ledger lies. */
  get location(): string {
    return this.#store.location
  }

  /** The zone of the ledger's days. */
  get timezone(): string {
    return this.#store.timezone
  }

  /** Labels that have totals of their own. */
  get subjects(): ReadonlySet<string> {
    return this.#store.subjects
  }

  /** The price cards in force: the owner's, those of the last update, the shipped ones. Read on first use. */
  get catalog(): Catalog {
    return (this.#catalog ??= loadShippedCatalog({ owner: this.#ownerCards, refreshed: this.#refreshed }))
  }

  /** Prices a usage without booking it. */
  price(request: PriceRequest): Priced {
    return priceUsage(this.catalog, request)
  }

  /**
   * Books one call and gives the charge. The same id with the same call gives the first charge back.
   * @throws PURSER_ID_CONFLICT and what parseRecord and draftCharge throw; then nothing is booked.
   */
  async record(record: CallRecord): Promise<Charge> {
    const [charge] = await this.recordAll([record])
    return charge as Charge
  }

  /** Books calls in one transaction: all of them, or on an error none. */
  async recordAll(records: readonly CallRecord[]): Promise<Charge[]> {
    const { parseRecord } = await loadRecordParser()
    const now = Date.now()
    const bookings = records.map((record) => ({
      draft: this.#draft(parseRecord(record, this.timezone, now)),
      onExisting: 'same' as const,
      rank: 1 as const,
      ignore: record.at === undefined ? (['at'] as const) : [],
    }))
    const booked = await this.#store.transact({ bookings })
    return Promise.all(booked.map(async ({ id }) => (await this.charge(id)) as Charge))
  }

  /** Books calls without reading them back: the fast way for many. Resolves with how many were new. */
  async recordMany(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    const { parseRecord } = await loadRecordParser()
    const now = Date.now()
    const bookings = records.map((record) => ({
      draft: this.#draft(parseRecord(record, this.timezone, now)),
      onExisting: 'duplicate' as const,
      rank: 1 as const,
    }))
    const booked = (await this.#store.transact({ bookings })).filter(({ outcome }) => outcome === 'booked').length
    return { booked, duplicates: records.length - booked }
  }

  charge(id: string): Promise<Charge | undefined> {
    return this.#store.charge(id as ChargeId)
  }

  /** Answers a question about costs. @throws PURSER_BAD_QUERY */
  costs(query: CostQuery): Promise<CostTable> {
    return answerCosts(this.#store, query)
  }

  /** Charges in order of booking, read as they are asked for. */
  charges(selection: ChargeSelection = {}): AsyncIterable<Charge> {
    return this.#store.charges(selection)
  }

  /** Runs an importer as a batch of its own. */
  import(importer: string, run: ImportRun, options: ImportOptions = {}): Promise<ImportSummary> {
    return runImport(this.#store, importer, (input) => this.#draft(input), run, options)
  }

  /** The imports that booked something, the last first. */
  async imports(): Promise<ImportBatch[]> {
    const documents = await this.#store.documents(batchKind)
    return documents.map(({ body }) => body as ImportBatch).toSorted((a, b) => b.startedAt - a.startedAt)
  }

  /**
   * Takes an import out of the ledger, as if it had not been; all sources are read anew by the next import.
   * @throws PURSER_NOT_FOUND
   */
  async undoImport(batch: string, onProgress?: (removed: number) => void): Promise<{ batch: string; removed: number }> {
    const document = await this.#store.document(batchKind, batch)
    if (document === undefined) {
      throw new PurserError('PURSER_NOT_FOUND', `There is no import "${batch}". \`purser import list\` shows those that can be undone.`)
    }
    const removed = await this.#store.removeBatch(batch, onProgress)
    const { importer } = document.body as ImportBatch
    // All sources, because another one may hold a record of the same calls, which was passed over as a duplicate.
    const forgotten = (await this.#store.documents(checkpointKind)).map(({ kind, key }) => ({ kind, key, body: null }))
    await this.#store.transact({
      documents: [...forgotten, { kind: batchKind, key: batch, body: null }],
      events: [{ kind: 'import.undone', body: { batch, importer, removed } }],
    })
    return { batch, removed }
  }

  /** Prices charges again by the catalog in force. */
  async reprice(options: RepriceOptions): Promise<RepriceReport> {
    const { reprice } = await import('./facade/reprice.ts')
    return reprice(this.#store, (input) => this.#draft(input), options)
  }

  /** Replaces the cards of the last update; the shipped ones stay beneath them. */
  async refreshCatalog(cards: readonly Card[], source: string): Promise<void> {
    await this.#store.transact({
      documents: [{ kind: refreshedKind, key: refreshedKey, body: cards }],
      events: [{ kind: 'catalog.updated', body: { source, cards: cards.length } }],
    })
    this.#refreshed = cards
    this.#catalog = undefined
  }

  /** Works every sum out anew and compares it with what is kept; with `repair` replaces it. */
  verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    return this.#store.verify(options)
  }

  /** Writes what is still waiting and closes the file. */
  close(): Promise<void> {
    return this.#store.close()
  }

  #draft(input: ChargeInput): ChargeDraft {
    return draftCharge(input, (request) => priceUsage(this.catalog, request), Date.now())
  }
}

/** Loaded on first use: it brings every usage reader along, which a question about costs does not need. */
async function loadRecordParser(): Promise<Pick<typeof RecordParser, 'parseRecord'>> {
  return import('./ledger/parse-record.ts')
}
