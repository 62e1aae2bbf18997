import type pg from 'pg'
import { PurserError } from '../../errors.ts'

type Driver = Pick<typeof pg, 'Client' | 'Pool'>

/** The database driver, which only ledgers on Postgres need. @throws PURSER_BAD_ARGUMENT where it is not installed */
export async function loadPg(): Promise<Driver> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'A ledger on Postgres needs the package pg: npm install pg', { cause })
  }
}
