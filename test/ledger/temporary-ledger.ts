import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import type { Booked, Booking } from '../../src/ledger/book-charge.ts'
import type { ChargeInput } from '../../src/ledger/charge.ts'
import { type ChargeDraft, draftCharge } from '../../src/ledger/draft-charge.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import type { Card } from '../../src/pricing/card.ts'
import { type Catalog, createCatalog } from '../../src/pricing/catalog.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { PurserOptions } from '../../src/facade/open-options.ts'
import { Purser } from '../../src/purser.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { acmeCards } from './acme-cards.ts'

/** A folder of its own for one test, gone when the test is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'purser-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A ledger in a file of its own for one test. */
export async function openTemporaryLedger(options: Partial<PurserOptions> = {}): Promise<Purser> {
  const purser = await Purser.open({ db: join(temporaryFolder(), 'ledger.db'), ownerCards: acmeCards, ...options })
  onTestFinished(() => purser.close())
  return purser
}

/** The store under a ledger, for what the ledger does not show. */
export function openTemporaryStore(timezone = 'UTC', path = join(temporaryFolder(), 'ledger.db')): Store {
  const store = openSqliteStore({ path, create: true, timezone, subjects: defaultSubjects })
  onTestFinished(() => store.close())
  return store
}

/** Another connection to a ledger's file, to look behind it or to disturb it. */
export function openBehind(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

export const acmeCatalog = catalogOf(acmeCards)

export function catalogOf(owner: readonly Card[]): Catalog {
  return createCatalog({ owner, refreshed: [], shipped: [] })
}

/** The clock of these tests. */
export const testNow = Date.parse('2026-11-20T12:00:00Z')

export function call(more: Partial<ChargeInput> = {}): ChargeInput {
  return { at: Date.parse('2026-02-20T10:00:00Z'), provider: 'acme', model: 'big', usage: { inputTokens: 100 }, labels: {}, ...more }
}

export function draft(more: Partial<ChargeInput> = {}, catalog = acmeCatalog): ChargeDraft {
  return draftCharge(call(more), (request) => priceUsage(catalog, request), testNow)
}

export function booking(more: Partial<ChargeInput> = {}, onExisting: Booking['onExisting'] = 'same', rank: 0 | 1 = 1): Booking {
  return { draft: draft(more), onExisting, rank }
}

export async function book(store: Store, ...bookings: readonly Booking[]): Promise<readonly Booked[]> {
  return store.transact({ bookings })
}
