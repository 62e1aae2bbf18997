import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openMemoryStore } from '../../src/stores/memory/memory-store.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { temporaryFolder } from '../ledger/temporary-ledger.ts'
import { emptySchema } from './postgres-database.ts'
import { remoteOf } from './remote-ledger.ts'

export interface LedgerSettings {
  readonly timezone: string
  readonly subjects: readonly string[]
  /** The store's clock; the machine's unless given. */
  readonly now?: () => number
}

/** A new ledger for one test; its stores are closed when the test is over, and may be closed before. */
export interface TestLedger {
  readonly store: Store
  /** Opens the same ledger once more, as another process would; absent where a ledger is not shared. */
  readonly again?: () => Promise<Store>
}

export interface StoreKind {
  readonly name: string
  /** Whether a ledger is there after it was closed. */
  readonly outlives: boolean
  /** Whether a transaction takes documents that are worked out from what it booked, as imports write them. */
  readonly worksOutDocuments: boolean
  readonly create: (settings: LedgerSettings) => Promise<TestLedger>
}

const memory: StoreKind = {
  name: 'memory',
  outlives: false,
  worksOutDocuments: true,
  create: async (settings) => ({ store: closedAfterTest(openMemoryStore(settings)) }),
}

const sqlite: StoreKind = {
  name: 'sqlite',
  outlives: true,
  worksOutDocuments: true,
  create: async (settings) => {
    const path = join(temporaryFolder(), 'ledger.db')
    const open = (create: boolean): Store => closedAfterTest(openSqliteStore({ path, create, ...settings }))
    // A ledger keeps the settings of its creation.
    return { store: open(true), again: async () => open(false) }
  },
}

const postgres: StoreKind = {
  name: 'postgres',
  outlives: true,
  worksOutDocuments: true,
  create: async (settings) => {
    const place = await emptySchema()
    const open = async (create: boolean): Promise<Store> => closedAfterTest(await openPostgresStore({ ...place, create, ...settings }))
    return { store: await open(true), again: () => open(false) }
  },
}

/** A ledger in memory behind the routes of a server. */
const remote: StoreKind = {
  name: 'remote',
  outlives: false,
  worksOutDocuments: false,
  create: async (settings) => ({ store: closedAfterTest(await remoteOf(closedAfterTest(openMemoryStore(settings)))) }),
}

/** Every store that there is. The suites in this folder run the same tests over each of them. */
export const everyStore: readonly StoreKind[] = [memory, sqlite, postgres, remote]

/** A new ledger of a kind, in UTC and with the subjects of every ledger unless said otherwise. */
export function createLedger(kind: StoreKind, { timezone = 'UTC', subjects = defaultSubjects, ...more }: Partial<LedgerSettings> = {}) {
  return kind.create({ timezone, subjects, ...more })
}

export async function createStore(kind: StoreKind, settings: Partial<LedgerSettings> = {}): Promise<Store> {
  return (await createLedger(kind, settings)).store
}

export function closedAfterTest(store: Store): Store {
  onTestFinished(() => store.close())
  return store
}
