import type { PurserConfig } from '../config/load-config.ts'
import { PurserError } from '../errors.ts'
import type { ChargeInput, Labels } from '../ledger/charge.ts'
import { draftCharge } from '../ledger/draft-charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { priceUsage } from '../pricing/price-usage.ts'
import { confinedStore } from '../stores/confined/confined-store.ts'
import type { Store } from '../stores/store.ts'
import { CatalogInForce } from './catalog-in-force.ts'
import { closedLedger } from './closing-store.ts'
import type { LedgerHost } from './ledger-host.ts'
import { type LedgerOptions, type PurserOptions, type ReadOptions, readOpenOptions, warnerOf } from './open-options.ts'
import { openStore } from './open-store.ts'
import { RecordReader } from './record-reader.ts'
import { isTrackingOn, openUntracked, tellUntracked } from './tracking.ts'

/** What is known of a ledger that is opened elsewhere. */
interface GivenLedger {
  readonly options: LedgerOptions
  readonly prices: CatalogInForce
  readonly isTracking: boolean
  readonly labels: Labels
  readonly weekStart: number
  readonly questionZone: string
  readonly allowsAway: LedgerHost['allowsAway']
}

/** A ledger that is open: its store, its prices, and the work that is under way on it. */
export class OpenLedger implements LedgerHost {
  readonly store: Store
  readonly options: LedgerOptions
  readonly prices: CatalogInForce
  readonly isTracking: boolean
  readonly serviceTiers: LedgerHost['serviceTiers']
  readonly warn: LedgerHost['warn']
  weekStart: number
  /** The zone of questions that name none. */
  questionZone: string
  /** What is to be said of how the ledger was opened, and of its configuration. */
  warnings: readonly string[]
  readonly #read: ReadOptions
  readonly #reader = new RecordReader()
  /** Whether the ledger is a server's, which may be away. */
  isElsewhere = false
  allowsAway: LedgerHost['allowsAway']
  /** What every record carries, beside its own labels. */
  #labels: Labels = {}
  /** What was asked for and is not yet answered; closing waits for it. */
  readonly #running = new Set<Promise<unknown>>()
  #isClosed = false

  private constructor(store: Store, read: ReadOptions, prices: CatalogInForce, isTracking: boolean) {
    const { options, config } = read
    this.#read = read
    this.store = store
    this.options = options
    this.prices = prices
    this.isTracking = isTracking
    this.serviceTiers = options.serviceTiers ?? {}
    this.warn = warnerOf(options)
    this.weekStart = config?.weekStart ?? 1
    this.questionZone = config?.timezone ?? store.timezone
    this.warnings = store.warnings
  }

  /** The same ledger for whoever books and sees only what carries some labels; closing it closes nothing. */
  confinedTo(bound: Labels): OpenLedger {
    const subject = Object.keys(bound).find((key) => this.store.subjects.has(key))
    if (subject !== undefined) {
      throw new PurserError(
        'PURSER_BAD_ARGUMENT',
        `"${subject}" has too many values to confine anybody to; choose a label like user, team or project.`,
      )
    }
    // Calls that wait to be booked are the whole ledger's.
    const read = { ...this.#read, options: { ...this.options, db: ':memory:' } }
    return new OpenLedger(confinedStore(this.store, bound), read, this.prices, this.isTracking)
  }

  /** @throws what `Purser.open` throws */
  static async open(given: PurserOptions): Promise<OpenLedger> {
    const read = await readOpenOptions(given)
    const { options, config } = read
    const isTracking = options.tracking ?? isTrackingOn(process.env)
    const store = isTracking ? await openStore(options) : await openUntracked(options)
    if (!isTracking) await tellUntracked(store, (await config?.budgets(store.timezone))?.budgets ?? [], warnerOf(options))
    const ledger = new OpenLedger(store, read, await CatalogInForce.load(store, options.ownerCards), isTracking)
    if (config !== undefined) await ledger.#configure(config)
    return ledger
  }

  /** A ledger of which somebody else has read how it is opened. */
  static over(store: Store, { options, prices, isTracking, labels, weekStart, questionZone, allowsAway }: GivenLedger): OpenLedger {
    const ledger = new OpenLedger(store, { options, config: undefined }, prices, isTracking)
    ledger.isElsewhere = true
    ledger.allowsAway = allowsAway
    ledger.#labels = labels
    ledger.weekStart = weekStart
    ledger.questionZone = questionZone
    return ledger
  }

  /** A ledger whose budgets cannot be put into force would let everything through, so then it is not opened. */
  async #configure(config: PurserConfig): Promise<void> {
    try {
      const { putIntoForce } = await import('./open-configured.ts')
      this.warnings = [...this.warnings, ...(await putIntoForce(config, this))]
    } catch (error) {
      await this.close()
      throw error
    }
  }

  readonly catalog = (): ReturnType<LedgerHost['catalog']> => this.prices.catalog

  readonly draft = (input: ChargeInput): ReturnType<LedgerHost['draft']> =>
    draftCharge(input, (request) => priceUsage(this.prices.catalog, request), Date.now())

  readonly read: LedgerHost['read'] = (records) => this.#reader.read(records.map(this.#labelled), this.store.timezone, Date.now())

  readonly #labelled = (record: CallRecord): CallRecord =>
    Object.keys(this.#labels).length === 0 ? record : { ...record, labels: { ...this.#labels, ...record.labels } }

  readonly run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (this.#isClosed) throw closedLedger()
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Waits for what was asked for until now, and closes the store. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    await this.store.close()
  }
}
