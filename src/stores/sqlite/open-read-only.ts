import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { PurserError } from '../../errors.ts'
import { applicationId, schemaVersion } from './schema.ts'
import { fromSqlite } from './sqlite-errors.ts'

/** A ledger file that is only looked at. */
export interface ReadOnlyDatabase {
  readonly database: DatabaseSync
  /** What is to be said of the figures, where they may not be the latest. */
  readonly warning: string | null
}

/** Milliseconds that a reader waits for another process, e.g. one that recovers the file. */
const readTimeoutMs = 5000

/** Whether this user may write a ledger file that is there, and the files that SQLite keeps beside it. */
export function mayWrite(path: string): boolean {
  const hasLog = existsSync(`${path}-wal`) && existsSync(`${path}-shm`)
  return [path, ...(hasLog ? [`${path}-wal`, `${path}-shm`] : [dirname(path)])].every(isWritable)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Opens a ledger file without writing to it. Where SQLite cannot have the files that it shares with writers, such as on a
 * read-only disk, the file is read as it is (https://www.sqlite.org/wal.html#readonly), without what lies in its log.
 * @throws PURSER_NOT_FOUND, PURSER_LEDGER_READ_ONLY for one that an older purser wrote, PURSER_LEDGER_NEWER,
 * PURSER_LEDGER_CORRUPT, PURSER_LEDGER_UNAVAILABLE
 */
export function openReadOnly(path: string, { acceptsOlder = false }: { readonly acceptsOlder?: boolean } = {}): ReadOnlyDatabase {
  if (!existsSync(path)) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no ledger at ${path}. Record or import something first, or name another with --db.`)
  }
  try {
    const database = tryOpen(path, acceptsOlder)
    if (database !== undefined) return { database, warning: null }
    const url = pathToFileURL(path)
    url.searchParams.set('immutable', '1')
    const asItIs = new DatabaseSync(url, { readOnly: true })
    return { database: checked(asItIs, path, acceptsOlder), warning: warningOf(path) }
  } catch (error) {
    throw fromSqlite(error, path, 'open')
  }
}

/** Undefined where the files beside it cannot be had. */
function tryOpen(path: string, acceptsOlder: boolean): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { readOnly: true, timeout: readTimeoutMs })
  try {
    return checked(database, path, acceptsOlder)
  } catch (error) {
    if (error instanceof PurserError || !isCannotShare(error)) throw error
    return undefined
  }
}

/** SQLITE_CANTOPEN and SQLITE_READONLY: there is a log, or there should be one, that this user cannot share. */
function isCannotShare(error: unknown): boolean {
  const errcode = (error as { errcode?: unknown } | null)?.errcode
  return typeof errcode === 'number' && [8, 14].includes(errcode & 0xff)
}

function warningOf(path: string): string {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  const missing = log !== undefined && log.size > 0 ? ' What lies in the log beside it is not among them.' : ''
  return `${path} is read as it is on the disk, because its folder cannot be written: what another process writes meanwhile is not seen.${missing}`
}

function checked(database: DatabaseSync, path: string, acceptsOlder: boolean): DatabaseSync {
  try {
    checkVersion(database, path, acceptsOlder)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function checkVersion(database: DatabaseSync, path: string, acceptsOlder: boolean): void {
  const read = (pragma: string): number => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
  const [version, id] = [read('user_version'), read('application_id')]
  if (id !== applicationId) {
    throw new PurserError('PURSER_LEDGER_CORRUPT', `${path} is not a ledger, or an empty one. Choose another with --db.`)
  }
  if (version > schemaVersion) {
    throw new PurserError(
      'PURSER_LEDGER_NEWER',
      `${path} has schema ${version}, and this purser knows up to ${schemaVersion}. Update purser.`,
    )
  }
  if (version < schemaVersion && !acceptsOlder) {
    throw new PurserError(
      'PURSER_LEDGER_READ_ONLY',
      `${path} was written by an older purser (schema ${version}, now ${schemaVersion}), and cannot be brought up to date without writing. Open it once where it may be written.`,
    )
  }
}

/** The refusal to write a ledger that is only looked at. */
export function readOnlyError(path: string): PurserError {
  return new PurserError(
    'PURSER_LEDGER_READ_ONLY',
    `${path} is open for reading only, so nothing was written. Open it without readOnly, or make the file and its folder writable.`,
  )
}
