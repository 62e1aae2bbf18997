import { PurserError } from '../../errors.ts'
import { createCalendar } from '../../time/calendar.ts'
import type { Store, VerifyReport } from '../store.ts'
import { openDatabase } from './open-database.ts'
import { inMemory } from './open-file.ts'
import { openReadOnly, readOnlyError } from './open-read-only.ts'
import { fromSqlite } from './sqlite-errors.ts'
import { verifyDatabase, type VerifyOptions } from './verify.ts'

type Verified = Pick<Store, 'location' | 'timezone' | 'subjects' | 'isReadOnly'>

/**
 * Verifies an open ledger file over a connection of its own. Looking keeps nobody from writing; the file's lock is taken only
 * where there is something to repair.
 * @throws PURSER_LEDGER_READ_ONLY where it is to be repaired and cannot be written
 */
export async function verifyFile(ledger: Verified, options: VerifyOptions): Promise<VerifyReport> {
  if (ledger.location === inMemory) {
    throw new PurserError(
      'PURSER_LEDGER_UNAVAILABLE',
      'A ledger in memory cannot be verified: it has no file that a second look could be taken into.',
    )
  }
  if (!options.repair) return verifyOnce(ledger, options)
  if (ledger.isReadOnly) throw readOnlyError(ledger.location)
  const found = await verifyOnce(ledger, { ...options, repair: false })
  return found.discrepancies.length === 0 ? found : verifyOnce(ledger, options)
}

async function verifyOnce({ location, timezone, subjects, isReadOnly }: Verified, options: VerifyOptions): Promise<VerifyReport> {
  const database = isReadOnly ? openReadOnly(location).database : openDatabase({ path: location, create: false, timezone, subjects: [] })
  try {
    return await verifyDatabase(database, createCalendar(timezone), subjects, options)
  } catch (error) {
    throw fromSqlite(error, location, 'read')
  } finally {
    database.close()
  }
}
