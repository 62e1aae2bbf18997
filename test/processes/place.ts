import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'

/** Where the ledger of several processes lies. */
export type Place =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }

export async function openPlace(place: Place, create: boolean): Promise<Store> {
  const settings = { create, timezone: 'UTC', subjects: defaultSubjects }
  return place.kind === 'sqlite' ? openSqliteStore({ path: place.path, ...settings }) : openPostgresStore({ ...place, ...settings })
}
