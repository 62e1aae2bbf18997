import { PurserError } from './errors.ts'
import { BudgetBook } from './facade/budget-book.ts'
import { draftRecords } from './facade/draft-records.ts'
import { HoldDesk } from './facade/hold-desk.ts'
import type { LedgerHost } from './facade/ledger-host.ts'
import { checkOpenOptions, type PurserOptions } from './facade/open-options.ts'
import { openStore } from './facade/open-store.ts'
import { batchKind, checkpointKind, type ImportBatch, type ImportOptions, type ImportRun, runImport } from './facade/import-batch.ts'
import { inContext, withLabels } from './facade/label-context.ts'
import { withChargeIds } from './facade/retry-by-id.ts'
import { RecordReader } from './facade/record-reader.ts'
import type { RepriceOptions, RepriceReport } from './facade/reprice.ts'
import type { ImportSummary } from './importers/importer.ts'
import type { Charge, ChargeId, ChargeInput } from './ledger/charge.ts'
import { asItStands } from './ledger/correction.ts'
import type { CostQuery } from './ledger/cost-query.ts'
import type { CostTable } from './ledger/cost-table.ts'
import { type ChargeDraft, draftCharge } from './ledger/draft-charge.ts'
import type { CallRecord } from './ledger/parse-record.ts'
import type { Card } from './pricing/card.ts'
import type { Catalog } from './pricing/catalog.ts'
import { loadShippedCatalog } from './pricing/load-shipped.ts'
import { priceUsage } from './pricing/price-usage.ts'
import type { Priced, PriceRequest } from './pricing/priced.ts'
import { answerCosts } from './reports/answer-costs.ts'
import { type ChargeSelection, type LedgerEvent, type Store, turnMs, type VerifyReport } from './stores/store.ts'
import { parseUsage } from './usage/usage.ts'

/** Records that one all-or-nothing transaction takes: some milliseconds of work. */
const maxAtOnce = 1000
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
  /** What was asked for and is not yet answered; closing waits for it. */
  readonly #running = new Set<Promise<unknown>>()
  #catalog: Catalog | undefined
  #refreshed: readonly Card[]
  readonly #records = new RecordReader()
  #isClosed = false
  /** The budgets of this ledger. */
  readonly budgets: BudgetBook
  /** Money set aside before calls. */
  readonly holds: HoldDesk

  private constructor(store: Store, { ownerCards = [], serviceTiers = {} }: PurserOptions, refreshed: readonly Card[]) {
    this.#store = store
    this.#ownerCards = ownerCards
    this.#refreshed = refreshed
    const host: LedgerHost = {
      store,
      catalog: () => this.catalog,
      serviceTiers,
      draft: (input) => this.#draft(input),
      read: async (record) => (await this.#records.read([record], this.timezone, Date.now()))[0] as ChargeInput,
      run: (work) => this.#run(work),
    }
    this.budgets = new BudgetBook(host)
    this.holds = new HoldDesk(host, () => this.budgets.seedAll())
  }

  /**
   * Opens a ledger, and creates it where there is none. One that this user may not write is opened for reading.
   * @throws PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_CORRUPT, PURSER_LEDGER_NEWER, PURSER_LEDGER_LOCKED, PURSER_NOT_FOUND,
   * PURSER_BAD_ARGUMENT, PURSER_LEDGER_READ_ONLY where it must be brought up to date first, PURSER_BAD_TIME for an unknown zone, PURSER_BAD_LABEL for a subject that no label can be
   */
  static async open(options: PurserOptions): Promise<Purser> {
    checkOpenOptions(options)
    const store = await openStore(options)
    const refreshed = await store.document(refreshedKind, refreshedKey)
    return new Purser(store, options, (refreshed?.body as Card[] | undefined) ?? [])
  }

  /** Where the ledger lies. */
  get location(): string {
    return this.#store.location
  }

  /** Whether nothing can be written: it was opened so, or this user may not. */
  get isReadOnly(): boolean {
    return this.#store.isReadOnly
  }

  /** What is to be said of how the ledger was opened, such as that its figures are not the latest. */
  get warnings(): readonly string[] {
    return this.#store.warnings
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

  /** Prices a usage without booking it; as of now unless a time is given. */
  price(request: Omit<PriceRequest, 'at'> & { readonly at?: number }): Priced {
    return priceUsage(this.catalog, { ...request, at: request.at ?? Date.now(), usage: parseUsage(request.usage) })
  }

  /**
   * Runs a function in which every record and hold carries labels, through all that it awaits; their own labels win over
   * them. The labels are those of the process: two copies of the package share them.
   * @throws PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
   * @example
   * await purser.withLabels({ project: 'atlas', ticket: 'T-7' }, () => buildTicket())
   */
  withLabels<T>(labels: Readonly<Record<string, string>>, fn: () => T): T {
    return withLabels(labels, fn)
  }

  /**
   * Books one call and gives the charge. The same id with the same call gives the first charge back.
   * @throws PURSER_ID_CONFLICT and what parseRecord and draftCharge throw; then nothing is booked.
   */
  async record(record: CallRecord): Promise<Charge> {
    const [charge] = await this.recordAll([record])
    return charge as Charge
  }

  /**
   * Books calls in one transaction: all of them, or on an error none.
   * @throws PURSER_BAD_ARGUMENT for more than 1,000, which would keep others waiting; use recordMany for those.
   */
  recordAll(records: readonly CallRecord[]): Promise<Charge[]> {
    return this.#run(() => this.#recordAll(records))
  }

  async #recordAll(records: readonly CallRecord[]): Promise<Charge[]> {
    if (records.length > maxAtOnce) {
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        `${records.length} records are more than one transaction takes (${maxAtOnce}); use recordMany.`,
      )
    }
    const now = Date.now()
    const inputs = await this.#records.read(records.map(inContext), this.timezone, now)
    const bookings = records.map((record, index) => ({
      draft: this.#draft(inputs[index] as ChargeInput),
      onExisting: 'same' as const,
      rank: 1 as const,
      ignore: record.at === undefined ? (['at'] as const) : [],
    }))
    const booked = await this.#store.transact({ bookings }).catch((error: unknown) => {
      const drafts = bookings.map(({ draft }) => draft)
      throw withChargeIds(error, drafts)
    })
    return Promise.all(booked.map(async ({ id }) => (await this.charge(id)) as Charge))
  }

  /**
   * Books calls without reading them back: the fast way for many, in as many transactions as it takes to let others
   * write in between. Resolves with how many were new. All records are checked before the first is booked; they must not
   * change until then.
   */
  recordMany(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    return this.#run(() => this.#recordMany(records))
  }

  async #recordMany(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    const nowMs = Date.now()
    const read = (some: readonly CallRecord[]) => this.#records.read(some.map(inContext), this.timezone, nowMs)
    const bookings = await draftRecords(records, read, (input) => this.#draft(input))
    let booked = 0
    for (let from = 0; from < bookings.length;) {
      const taken = await this.#store.transact({ bookings: bookings.slice(from), maxMs: turnMs })
      booked += taken.filter(({ outcome }) => outcome === 'booked').length
      from += taken.length
    }
    return { booked, duplicates: records.length - booked }
  }

  /**
   * Tells of each event that this process writes, once it is durable: thresholds crossed, limits reached, holds that ran
   * out, budgets changed. Gives the function that ends it.
   * @example
   * purser.listen(({ kind, body }) => kind === 'threshold.crossed' && console.warn(body.budget, body.percent))
   */
  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#store.listen(listener)
  }

  charge(id: string): Promise<Charge | undefined> {
    return this.#store.charge(id as ChargeId)
  }

  /**
   * Answers a question about costs. What it leaves out: everything, in one row, of all times, in the ledger's zone.
   * @throws PURSER_BAD_QUERY
   */
  costs(question: Partial<CostQuery> = {}): Promise<CostTable> {
    const query = { groupBy: [], where: [], sinceMs: undefined, untilMs: undefined, timezone: this.timezone, weekStart: 1, ...question }
    return this.#run(() => answerCosts(this.#store, query))
  }

  /** Charges in order of booking, read as they are asked for. */
  charges(selection: ChargeSelection = {}): AsyncIterable<Charge> {
    return this.#store.charges(selection)
  }

  /** Calls as they stand after their corrections, one charge for each: their sums are those of `costs`. */
  async *standingCharges(selection: ChargeSelection = {}): AsyncIterable<Charge> {
    for await (const charge of this.#store.charges(selection)) {
      if (charge.corrects === null) yield asItStands(charge, await this.#store.corrections(charge.id))
    }
  }

  /** Runs an importer as a batch of its own. */
  import(importer: string, run: ImportRun, options: ImportOptions = {}): Promise<ImportSummary> {
    return this.#run(() => runImport(this.#store, importer, (input) => this.#draft(input), run, options))
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

  /** Waits for what was asked for until now, and closes the file. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.#store.close()
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new PurserError('PURSER_LEDGER_UNAVAILABLE', 'This ledger is closed. Open it again with Purser.open.')
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  #draft(input: ChargeInput): ChargeDraft {
    return draftCharge(input, (request) => priceUsage(this.catalog, request), Date.now())
  }
}
