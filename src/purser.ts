import { PurserError } from './errors.ts'
import { BudgetBook } from './facade/budget-book.ts'
import { HoldDesk } from './facade/hold-desk.ts'
import type { LedgerHost } from './facade/ledger-host.ts'
import { checkOpenOptions, type PurserOptions, warnerOf } from './facade/open-options.ts'
import { openStore } from './facade/open-store.ts'
import { type CallAnswer, type CallContext, CallDesk, type CallOptions } from './facade/calls/call-desk.ts'
import { isTrackingOn, openUntracked, tellUntracked } from './facade/tracking.ts'
import type { Unavailable } from './facade/unavailable.ts'
import type { Denial } from './budgets/denial.ts'
import { type ImportBatch, type ImportOptions, type ImportRun, listImports, runImport, undoImport } from './facade/import-batch.ts'
import { withLabels } from './facade/label-context.ts'
import { RecordDesk } from './facade/record-desk.ts'
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
import type { ChargeSelection, LedgerEvent, Store, VerifyReport } from './stores/store.ts'
import { parseUsage } from './usage/usage.ts'

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
  readonly #records: RecordDesk
  #isClosed = false
  /** The budgets of this ledger. */
  readonly budgets: BudgetBook
  /** Money set aside before calls. */
  readonly holds: HoldDesk

  /** Calls about to be made, for who makes them otherwise than through `call`. */
  readonly calls: CallDesk

  private constructor(
    store: Store,
    options: PurserOptions,
    { refreshed, isTracking }: { refreshed: readonly Card[]; isTracking: boolean },
  ) {
    const { ownerCards = [], serviceTiers = {} } = options
    this.#store = store
    this.#ownerCards = ownerCards
    this.#refreshed = refreshed
    const reader = new RecordReader()
    const host: LedgerHost = {
      store,
      isTracking,
      catalog: () => this.catalog,
      serviceTiers,
      draft: (input) => this.#draft(input),
      read: (records) => reader.read(records, store.timezone, Date.now()),
      run: (work) => this.#run(work),
    }
    this.#records = new RecordDesk(host)
    this.budgets = new BudgetBook(host)
    this.holds = new HoldDesk(host, () => this.budgets.seedAll())
    this.calls = new CallDesk(host, this.holds, options)
  }

  /**
   * Opens a ledger, and creates it where there is none. One that this user may not write is opened for reading.
   * @throws PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_CORRUPT, PURSER_LEDGER_NEWER, PURSER_LEDGER_LOCKED, PURSER_NOT_FOUND,
   * PURSER_BAD_ARGUMENT, PURSER_LEDGER_READ_ONLY where it must be brought up to date first, PURSER_BAD_TIME for an unknown zone, PURSER_BAD_LABEL for a subject that no label can be
   */
  static async open(options: PurserOptions): Promise<Purser> {
    checkOpenOptions(options)
    const isTracking = options.tracking ?? isTrackingOn(process.env)
    const store = isTracking ? await openStore(options) : await openUntracked(options)
    if (!isTracking) await tellUntracked(store, warnerOf(options))
    const refreshed = await store.document(refreshedKind, refreshedKey)
    return new Purser(store, options, { refreshed: (refreshed?.body as Card[] | undefined) ?? [], isTracking })
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
   * Makes a call within the budgets: bounds its request, sets that aside, sends, reads what the answer came to, and books
   * it beside the caller. A refusal is a value, and then nothing is sent; what `send` throws is thrown, once the hold is
   * ended as the call ended. A stream is booked once it was read.
   * @throws what `holds.reserve` throws, and what `send` throws
   * @example
   * const called = await purser.call({ request: { provider: 'openai', api: 'chat', body } }, ({ signal }) => openai.chat.completions.create(body, { signal }))
   * if (!called.granted) console.warn(called.message)
   */
  call<T>(options: CallOptions<T>, send: (call: CallContext) => Promise<T>): Promise<CallAnswer<T> | Denial | Unavailable> {
    return this.calls.call(options, send)
  }

  /**
   * Waits until the calls that are over are booked, and tries again what the ledger could not take before. Resolves with
   * the number of charges that still wait in the journal.
   */
  async flush(): Promise<{ readonly waiting: number }> {
    return { waiting: await this.calls.flush() }
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
    return this.#run(() => this.#records.all(records))
  }

  /**
   * Books calls without reading them back: the fast way for many, in as many transactions as it takes to let others
   * write in between. Resolves with how many were new. All records are checked before the first is booked; they must not
   * change until then.
   */
  recordMany(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    return this.#run(() => this.#records.many(records))
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
  imports(): Promise<ImportBatch[]> {
    return listImports(this.#store)
  }

  /**
   * Takes an import out of the ledger, as if it had not been; all sources are read anew by the next import.
   * @throws PURSER_NOT_FOUND
   */
  undoImport(batch: string, onProgress?: (removed: number) => void): Promise<{ batch: string; removed: number }> {
    return undoImport(this.#store, batch, onProgress)
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
    await this.calls.close()
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
