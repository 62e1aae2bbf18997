import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, type OpenOptions } from './open-database.ts'
import { mayWrite, openReadOnly } from './open-read-only.ts'

/** A path that names no file. */
export const inMemory = ':memory:'

/** A ledger file that is open. */
export interface LedgerFile {
  readonly database: DatabaseSync
  readonly isReadOnly: boolean
  /** What is to be said of how it was opened. */
  readonly warnings: readonly string[]
}

/** Opens a ledger file: for reading where that is asked for, or where this user may not write it. */
export function openFile(options: OpenOptions): LedgerFile {
  const { path, readOnly = path !== inMemory && existsSync(path) && !mayWrite(path) } = options
  if (!readOnly) return { database: openDatabase(options), isReadOnly: false, warnings: [] }
  const { database, warning } = openReadOnly(path)
  return { database, isReadOnly: true, warnings: warning === null ? [] : [warning] }
}

/** What a ledger keeps of its creation, and its counters, by name. */
export function readSettings(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('SELECT key, value FROM settings').all()
  return new Map(rows.map((row) => [String(row['key']), String(row['value'])]))
}
