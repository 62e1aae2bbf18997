import { existsSync, statSync, type Stats } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { PurserError } from '../../errors.ts'
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

/**
 * Opens a ledger file: for reading where that is asked for, or where this user may not write it.
 * @throws PURSER_LEDGER_UNAVAILABLE where something else than a file is there, and what opening the database throws
 */
export function openFile(options: OpenOptions): LedgerFile {
  if (options.path !== inMemory) refuseOther(options.path)
  const { path, readOnly = path !== inMemory && existsSync(path) && !mayWrite(path) } = options
  if (!readOnly) return { database: openDatabase(options), isReadOnly: false, warnings: [] }
  const { database, warning } = openReadOnly(path)
  return { database, isReadOnly: true, warnings: warning === null ? [] : [warning] }
}

/** SQLite would write a journal beside a device before it fails. */
function refuseOther(path: string): void {
  const found = statOf(path)
  if (found === undefined || found.isFile()) return
  const what = found.isDirectory() ? 'a folder' : 'a device, a pipe or a socket'
  throw new PurserError('PURSER_LEDGER_UNAVAILABLE', `${path} is ${what}, and a ledger is a file. Name one, like spend.db, with --db.`)
}

/** Undefined where nothing is there, or this user may not look: opening it then says what is in the way. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** What a ledger keeps of its creation, and its counters, by name. */
export function readSettings(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('SELECT key, value FROM settings').all()
  return new Map(rows.map((row) => [String(row['key']), String(row['value'])]))
}

/** The zone of a ledger's days, and the labels that have totals of their own. */
export function readIdentity(database: DatabaseSync): { readonly timezone: string; readonly subjects: ReadonlySet<string> } {
  const settings = readSettings(database)
  return {
    timezone: settings.get('timezone') ?? 'UTC',
    subjects: new Set(JSON.parse(settings.get('subjects') ?? '[]') as string[]),
  }
}
