import { AccessDesk } from './facade/access/access-desk.ts'
import { BudgetBook } from './facade/budget-book.ts'
import { type PriceQuestion } from './facade/catalog-in-force.ts'
import type { ConnectOptions } from './facade/connect.ts'
import { EstimateDesk } from './facade/estimates/estimate-desk.ts'
import type { EstimateOptions } from './facade/estimates/estimate-questions.ts'
import { HoldDesk } from './facade/hold-desk.ts'
import { type PurserOptions, warnerOf } from './facade/open-options.ts'
import { LedgerFacts } from './facade/ledger-facts.ts'
import { OpenLedger } from './facade/open-ledger.ts'
import { ProfileBook } from './facade/profiles/profile-book.ts'
import { type CallAnswer, type CallContext, CallDesk, type CallOptions } from './facade/calls/call-desk.ts'
import { untrackedImport } from './facade/calls/untracked.ts'
import type { Unavailable } from './facade/unavailable.ts'
import type { Denial } from './budgets/denial.ts'
import { type ImportBatch, type ImportOptions, type ImportRun, runImport } from './facade/import-batch.ts'
import { listImports, undoImport } from './facade/past-imports.ts'
import { withLabels, withServes } from './facade/label-context.ts'
import { RunBook } from './facade/runs/run-book.ts'
import { RunReports } from './facade/runs/run-reports.ts'
import type { RunContext, RunOptions, RunResult } from './facade/runs/run-options.ts'
import { partsOfCall } from './facade/parts-of-call.ts'
import { RecordDesk } from './facade/record-desk.ts'
import type { RepriceOptions, RepriceReport } from './facade/reprice.ts'
import { standingCharges } from './facade/standing-charges.ts'
import type { ImportSummary } from './importers/importer.ts'
import type { Charge, ChargeId } from './ledger/charge.ts'
import { parseLabels } from './ledger/labels.ts'
import type { CostQuery } from './ledger/cost-query.ts'
import type { CostTable } from './ledger/cost-table.ts'
import type { CallRecord } from './ledger/parse-record.ts'
import type { ServedRecord } from './ledger/parse-serves.ts'
import type { Card } from './pricing/card.ts'
import type { Priced } from './pricing/priced.ts'
import { answerCosts } from './reports/answer-costs.ts'
import type { CostEstimate } from './runs/cost-estimate.ts'
import type { PlanInput } from './runs/estimates/plan.ts'
import type { ChargeSelection, LedgerEvent, Store, VerifyReport } from './stores/store.ts'

/**
 * The ledger in this process: prices calls, books them, and answers what they cost.
 * @example
 * const purser = await Purser.open({ db: 'spend.db' })
 * await purser.record({ provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 }, labels: { project: 'atlas' } })
 * await purser.close()
 */
export class Purser extends LedgerFacts {
  readonly #ledger: OpenLedger
  readonly #store: Store
  readonly #records: RecordDesk
  /** The budgets of this ledger. */
  readonly budgets: BudgetBook
  /** Money set aside before calls. */
  readonly holds: HoldDesk
  /** Calls about to be made, for who makes them otherwise than through `call`. */
  readonly calls: CallDesk
  /** Which models are used for which calls. */
  readonly profiles: ProfileBook
  /** Executions of pipelines and agents. */
  readonly runs: RunBook
  /** What runs, projects and artifacts cost. */
  readonly reports: RunReports
  /** What runs will cost. */
  readonly estimates: EstimateDesk
  /** Who reaches the ledger over a network. */
  readonly access: AccessDesk

  private constructor(ledger: OpenLedger) {
    super(ledger)
    const { store, options } = ledger
    this.#ledger = ledger
    this.#store = store
    this.#records = new RecordDesk(ledger, ledger.isElsewhere ? (call, because) => this.calls.bookLater(call, because) : undefined)
    this.budgets = new BudgetBook(ledger)
    this.profiles = new ProfileBook(ledger, options)
    const seedAll = (): Promise<void> => this.budgets.seedAll()
    this.holds = new HoldDesk(ledger, { seedAll, profileModels: (labels) => this.profiles.models(labels) })
    this.calls = new CallDesk(ledger, this.holds, options)
    this.reports = new RunReports(ledger)
    this.runs = new RunBook(ledger, {
      seedAll,
      flush: () => this.calls.flush(),
      model: (question, run) => this.profiles.modelWithin(run, question),
      keepReport: async (run) => void (await this.reports.keep(run)),
      warn: warnerOf(options),
      log: options.log,
    })
    this.estimates = new EstimateDesk(ledger, this.profiles)
    this.access = new AccessDesk(ledger)
  }

  /**
   * Opens a ledger, and creates it where there is none. One that this user may not write is opened for reading.
   * @throws PURSER_LEDGER_UNAVAILABLE, PURSER_LEDGER_CORRUPT, PURSER_LEDGER_NEWER, PURSER_LEDGER_LOCKED, PURSER_NOT_FOUND,
   * PURSER_BAD_ARGUMENT, PURSER_BAD_CARD, PURSER_BAD_CONFIG with its place, PURSER_LEDGER_READ_ONLY, PURSER_BAD_TIME, PURSER_BAD_LABEL
   */
  static async open(options: PurserOptions): Promise<Purser> {
    return new Purser(await OpenLedger.open(options))
  }

  /**
   * The ledger behind a server, as whoever has the key may book and see it. Prices and profiles are the server's.
   * @throws PURSER_LEDGER_UNAVAILABLE, PURSER_UNAUTHENTICATED, PURSER_BAD_ARGUMENT
   */
  static async connect(options: ConnectOptions): Promise<Purser> {
    const { connectLedger } = await import('./facade/connect.ts')
    return new Purser(await connectLedger(options))
  }

  /** The same ledger for whoever books and sees only what carries these labels, which no subjects are. @throws PURSER_BAD_LABEL, PURSER_BAD_ARGUMENT */
  confinedTo(labels: Readonly<Record<string, string>>): Purser {
    return new Purser(this.#ledger.confinedTo(parseLabels(labels)))
  }

  /** Prices a usage without booking it; as of now unless a time is given. */
  price(question: PriceQuestion): Priced {
    return this.#ledger.prices.price(question)
  }

  /** What a plan will cost, by the prices of now; see `estimates` for the past, and for runs under other models. */
  estimate(plan: PlanInput, options: EstimateOptions = {}): Promise<CostEstimate> {
    return this.estimates.plan(plan, options)
  }

  /**
   * Runs a function in which every record and hold carries labels, through all that it awaits; their own win over them. The
   * labels are those of the process: two copies of the package share them.
   * @throws PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
   * @example
   * await purser.withLabels({ project: 'atlas', ticket: 'T-7' }, () => buildTicket())
   */
  withLabels<T>(labels: Readonly<Record<string, string>>, fn: () => T): T {
    return withLabels(labels, fn)
  }

  /**
   * Runs a function in which each call and record serves several: wrapped clients, `call` and `record` split it by weight, to
   * the nano, unless it says `serves` itself. Labels of the parts win over all others.
   * @throws PURSER_BAD_RECORD, PURSER_BAD_NUMBER, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
   * @example
   * await purser.withServes([{ labels: { ticket: 'T-1' }, weight: 2 }, { labels: { ticket: 'T-2' } }], () => answerBoth())
   */
  withServes<T>(serves: readonly ServedRecord[], fn: () => T): T {
    return withServes(serves, fn)
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
   * Runs a pipeline or an agent: lets it in by its estimate, holds its cap, and runs its code in stages. The same id goes on
   * with a run that was paused, failed, or lost its process, without the stages that are finished.
   * @throws PURSER_RUN_BUSY where another process executes it, PURSER_CONFLICT where it has ended, and what its code throws
   * @example
   * const ended = await purser.run({ id: 'film-7', project: 'film', budget: '20.00' }, async (run) => {
   *   await run.stage('extract', () => extractScenes())
   * })
   * if (ended.state === 'paused') console.warn(ended.message)
   */
  run<T>(options: RunOptions, fn: (run: RunContext) => Promise<T> | T): Promise<RunResult<T>> {
    return this.runs.execute(options, fn)
  }

  /** Waits until the calls that are over are booked, and tries again those in the journal; gives how many still wait there. */
  async flush(): Promise<{ readonly waiting: number }> {
    return { waiting: await this.calls.flush() }
  }

  /**
   * Books one call and gives the charge. The same id with the same call gives the first charge back. Of a call that `serves`
   * several it gives the charge of the first; `parts` gives all.
   * @throws PURSER_ID_CONFLICT and what parseRecord and draftCharge throw; then nothing is booked.
   */
  async record(record: CallRecord): Promise<Charge> {
    const [charge] = await this.recordAll([record])
    return charge as Charge
  }

  /** Books calls in one transaction: all of them, or on an error none. @throws PURSER_BAD_ARGUMENT for more than 1,000; use recordMany for those */
  recordAll(records: readonly CallRecord[]): Promise<Charge[]> {
    return this.#ledger.run(() => this.#records.all(records))
  }

  /**
   * Books calls without reading them back: the fast way for many, in as many transactions as it takes to let others write
   * in between. Resolves with how many were new. All are checked before the first is booked, and must not change until then.
   */
  recordMany(records: readonly CallRecord[]): Promise<{ booked: number; duplicates: number }> {
    return this.#ledger.run(() => this.#records.many(records))
  }

  /**
   * Tells of each event that this process writes, once it is durable: thresholds crossed, limits reached, holds that ran
   * out, budgets changed. Gives the function that ends it. A listener that throws stops nothing: it is told as a warning.
   * @example
   * purser.listen(({ kind, body }) => kind === 'threshold.crossed' && console.warn(body.budget, body.percent))
   */
  listen(listener: (event: LedgerEvent) => void): () => void {
    return this.#store.listen(listener)
  }

  /** The charge of an id; of a call that serves several, the one of its first part. */
  charge(id: string): Promise<Charge | undefined> {
    return this.#store.charge(id as ChargeId)
  }

  /** The charges of one call by the id of any of them: one for each of those that it serves, or the only one; none where nothing is booked. */
  parts(id: string): Promise<Charge[]> {
    return partsOfCall(this.#store, id)
  }

  /** Answers a question about costs. What it leaves out: everything, in one row, of all times, in the configured zone, else the ledger's. @throws PURSER_BAD_QUERY */
  costs(question: Partial<CostQuery> = {}): Promise<CostTable> {
    const { questionZone: timezone, weekStart } = this.#ledger
    const query = { groupBy: [], where: [], sinceMs: undefined, untilMs: undefined, timezone, weekStart, ...question }
    return this.#ledger.run(() => answerCosts(this.#store, query))
  }

  /** Charges in order of booking, read as they are asked for. */
  charges(selection: ChargeSelection = {}): AsyncIterable<Charge> {
    return this.#store.charges(selection)
  }

  /** Calls as they stand after their corrections, one charge for each: their sums are those of `costs`. */
  standingCharges(selection: ChargeSelection = {}): AsyncIterable<Charge> {
    return standingCharges(this.#store, selection)
  }

  /** Runs an importer as a batch of its own. With cost tracking off nothing is read. */
  import(importer: string, run: ImportRun, options: ImportOptions = {}): Promise<ImportSummary> {
    if (!this.#ledger.isTracking) return Promise.resolve(untrackedImport())
    return this.#ledger.run(() => runImport(this.#store, importer, this.#ledger.draft, run, options))
  }

  /** The imports that booked something, the last first. */
  imports(): Promise<ImportBatch[]> {
    return listImports(this.#store)
  }

  /** Takes an import back, as if it had not been; the next one reads all anew. With cost tracking off nothing. @throws PURSER_NOT_FOUND */
  undoImport(batch: string, onProgress?: (removed: number) => void, author?: string): Promise<{ batch: string; removed: number }> {
    if (!this.isTracking) return Promise.resolve({ batch, removed: 0 })
    return this.#ledger.run(() => undoImport(this.#store, batch, onProgress, author))
  }

  /** Prices charges again by the catalog in force. With cost tracking off nothing is booked, whatever `apply` says. */
  async reprice(options: RepriceOptions): Promise<RepriceReport> {
    const { reprice } = await import('./facade/reprice.ts')
    return this.#ledger.run(() => reprice(this.#store, this.#ledger.draft, { ...options, apply: options.apply && this.isTracking }))
  }

  /** Replaces the cards of the last update; the shipped ones stay beneath them. */
  refreshCatalog(cards: readonly Card[], source: string, author?: string): Promise<void> {
    return this.#ledger.prices.refresh(cards, source, author)
  }

  /** Works every sum out anew and compares it with what is kept; with `repair` replaces it. */
  verify(options: { repair: boolean; onProgress?: (charges: number) => void }): Promise<VerifyReport> {
    return this.#ledger.run(() => this.#store.verify(options))
  }

  /** Waits for what was asked for until now, and closes the file. */
  close(): Promise<void> {
    return this.calls.close().then(() => this.#ledger.close())
  }
}
