import { closeSync, fsyncSync, openSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { PurserError } from '../../errors.ts'
import type { VerifyReport } from '../store.ts'
import { openDatabase } from './open-database.ts'
import { readIdentity } from './open-file.ts'
import { openReadOnly } from './open-read-only.ts'
import { fromSqlite, isBusy } from './sqlite-errors.ts'
import { verifyFile } from './verify-file.ts'
import type { VerifyOptions } from './verify.ts'

/** Pages that are copied at once: others get the processor in between. */
const pagesAtOnce = 2000

/** Told of pages that are copied, and of how many there are. */
export type CopyProgress = (copied: number, pages: number) => void

/**
 * Copies a ledger file into a new one as of one moment, while others go on writing it. The copy has no log beside it, so that it
 * can be carried elsewhere as it is.
 * @throws PURSER_NOT_FOUND, PURSER_LEDGER_CORRUPT for a file that is no ledger, PURSER_LEDGER_NEWER, PURSER_LEDGER_UNAVAILABLE
 */
export async function copyFile(source: string, target: string, onProgress: CopyProgress = () => undefined): Promise<void> {
  const { database } = openReadOnly(source, { acceptsOlder: true })
  try {
    closeSync(openSync(target, 'wx', 0o600))
    // A copy begins anew whenever others have written, but for one that reads within a transaction: that sees one moment.
    database.exec('BEGIN')
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    const progress = ({ totalPages, remainingPages }: { totalPages: number; remainingPages: number }): void =>
      onProgress(totalPages - remainingPages, totalPages)
    await backup(database, target, { rate: pagesAtOnce, progress })
  } catch (error) {
    throw fromSqlite(error, source, 'read')
  } finally {
    database.close()
  }
  withoutLog(target)
}

/** Verifies a copy as `Store.verify` does; nothing is written, beside it neither. */
export async function verifyCopy(path: string, options: Omit<VerifyOptions, 'repair'>): Promise<VerifyReport> {
  const { database } = openReadOnly(path)
  const identity = readIdentity(database)
  database.close()
  return verifyFile({ location: path, ...identity, isReadOnly: true }, { ...options, repair: false })
}

/** Brings a copy of an older ledger to the schema of now. */
export function bringUpToDate(path: string): void {
  openDatabase({ path, create: false, timezone: 'UTC', subjects: [] }).close()
  withoutLog(path)
}

/** Whether a ledger file has any charges. @throws what `copyFile` throws for the file */
export function hasCharges(path: string): boolean {
  const { database } = openReadOnly(path, { acceptsOlder: true })
  try {
    return database.prepare('SELECT 1 FROM charges LIMIT 1').get() !== undefined
  } catch (error) {
    throw fromSqlite(error, path, 'read')
  } finally {
    database.close()
  }
}

/**
 * Puts what lies in a ledger's log into its file, and takes the log away: so the file alone is the ledger.
 * @throws PURSER_LEDGER_LOCKED where another process has it open
 */
export function withoutLog(path: string): void {
  const database = new DatabaseSync(path)
  try {
    // SQLite leaves this way of writing only where nobody else has the file open (https://www.sqlite.org/pragma.html#pragma_journal_mode).
    database.exec('PRAGMA journal_mode = DELETE')
  } catch (error) {
    if (isBusy(error)) {
      throw new PurserError(
        'PURSER_LEDGER_LOCKED',
        `${path} is open in another process, such as \`purser serve\`. Stop that first; nothing was changed.`,
        { cause: error },
      )
    }
    throw fromSqlite(error, path, 'open')
  } finally {
    database.close()
  }
  syncFile(path)
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
