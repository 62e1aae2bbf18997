import type { Catalog } from '../pricing/catalog.ts'
import type { OpenLedger } from './open-ledger.ts'

const ledgers = new WeakMap<LedgerFacts, OpenLedger>()

/** What is to be known of a ledger without asking it. */
export abstract class LedgerFacts {
  protected constructor(ledger: OpenLedger) {
    ledgers.set(this, ledger)
  }

  /** Where the ledger lies. */
  get location(): string {
    return ledgerOf(this).store.location
  }

  /** Whether nothing can be written: it was opened so, or this user may not. */
  get isReadOnly(): boolean {
    return ledgerOf(this).store.isReadOnly
  }

  /** Whether calls are booked and held; false with cost tracking off, and then what anything cost is unknown. */
  get isTracking(): boolean {
    return ledgerOf(this).isTracking
  }

  /** What is to be said of how the ledger was opened, such as that its figures are not the latest, and of its configuration. */
  get warnings(): readonly string[] {
    return ledgerOf(this).warnings
  }

  /** The zone of the ledger's days. */
  get timezone(): string {
    return ledgerOf(this).store.timezone
  }

  /** Labels that have totals of their own. */
  get subjects(): ReadonlySet<string> {
    return ledgerOf(this).store.subjects
  }

  /** The price cards in force: the owner's, those of the last update, the shipped ones. Read on first use. */
  get catalog(): Catalog {
    return ledgerOf(this).prices.catalog
  }
}

/** The ledger under a `Purser`, as confined as that is: for the server, which hands on what programs elsewhere ask of its store. */
export function ledgerOf(facts: LedgerFacts): OpenLedger {
  return ledgers.get(facts) as OpenLedger
}
