import { isPostgresUrl } from '../ledger/ledger-place.ts'
import { parseSubjects } from '../ledger/labels.ts'
import type { Store } from '../stores/store.ts'
import { openSqliteStore } from '../stores/sqlite/sqlite-store.ts'
import { checkZone } from '../time/calendar.ts'
import { ClosingStore } from './closing-store.ts'
import { type LedgerOptions, warnerOf } from './open-options.ts'

/**
 * Opens the store that a place names: the path of a SQLite file; `:memory:`; or the URL of a Postgres database,
 * `postgres://user:password@host/database`, with `?schema=name` for another schema than `purser`. What Postgres and a ledger
 * in memory need is loaded only for them.
 * @throws PURSER_BAD_TIME, PURSER_BAD_LABEL, and what opening the store throws
 */
export async function openStore(options: LedgerOptions): Promise<Store> {
  return new ClosingStore(await openPlace(options), warnerOf(options))
}

async function openPlace({ db, create = true, readOnly, patienceMs, ...created }: LedgerOptions): Promise<Store> {
  const timezone = checkZone(created.timezone ?? 'UTC')
  const subjects = parseSubjects(created.subjects ?? [])
  if (db === ':memory:') {
    const { openMemoryStore } = await import('../stores/memory/memory-store.ts')
    return openMemoryStore({ timezone, subjects, ...(readOnly === true && { readOnly }) })
  }
  const options = {
    create: create && readOnly !== true,
    timezone,
    subjects,
    ...(readOnly === true && { readOnly }),
    ...(patienceMs !== undefined && { patienceMs }),
  }
  if (!isPostgresUrl(db)) return openSqliteStore({ path: db, ...options })
  const { openPostgresStore } = await import('../stores/postgres/postgres-store.ts')
  const schema = URL.canParse(db) ? new URL(db).searchParams.get('schema') : null
  return openPostgresStore({ url: db, ...options, ...(schema !== null && { schema }) })
}
