import { isPostgresUrl } from '../ledger/ledger-place.ts'
import type { Store } from '../stores/store.ts'
import { openSqliteStore } from '../stores/sqlite/sqlite-store.ts'

export interface LedgerPlace {
  /**
   * The path of a SQLite file, or the URL of a Postgres database: `postgres://user:password@host/database`, with
   * `?schema=name` for another schema than `purser`.
   */
  readonly db: string
  /** Whether a ledger is created where there is none. */
  readonly create: boolean
  readonly timezone: string
  readonly subjects: readonly string[]
}

/** Opens the store that a place names. What Postgres needs is loaded only for it. */
export async function openStore({ db, create, timezone, subjects }: LedgerPlace): Promise<Store> {
  if (!isPostgresUrl(db)) return openSqliteStore({ path: db, create, timezone, subjects })
  const { openPostgresStore } = await import('../stores/postgres/postgres-store.ts')
  const schema = URL.canParse(db) ? new URL(db).searchParams.get('schema') : null
  return openPostgresStore({ url: db, create, timezone, subjects, ...(schema !== null && { schema }) })
}
