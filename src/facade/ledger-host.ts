import type { ChargeInput, Labels } from '../ledger/charge.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { Catalog } from '../pricing/catalog.ts'
import type { Store } from '../stores/store.ts'
import type { AccountTiers } from '../pricing/account-tiers.ts'

/** What the parts of the facade share: the store, the catalog in force, and how calls become drafts. */
export interface LedgerHost {
  readonly store: Store
  /** False with cost tracking off: then nothing is booked or held, and every call runs. */
  readonly isTracking: boolean
  readonly catalog: () => Catalog
  readonly serviceTiers: AccountTiers
  /** ISO weekday on which weeks begin unless said otherwise, 1 = Monday. */
  readonly weekStart: number
  readonly draft: (input: ChargeInput) => ChargeDraft
  /** Checks records and reads their usage. */
  readonly read: (records: readonly CallRecord[]) => Promise<readonly ChargeInput[]>
  /** Runs work that closing the ledger waits for. @throws PURSER_LEDGER_UNAVAILABLE once it is closed */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
  /** Whether a call with these labels may go on without a hold, because the ledger's server is away and no hard budget applies. */
  readonly allowsAway?: ((labels: Labels) => boolean) | undefined
  /** Where remarks go that no caller waits for. */
  readonly warn: (message: string) => void
}
