import { PurserError } from '../errors.ts'
import type { ChargeId } from '../ledger/charge.ts'
import type { DocumentWrite } from './store.ts'

/**
 * A document changes only from the version that its writer saw.
 * @throws PURSER_ID_CONFLICT where another version is there than the one expected; 0 stands for none.
 */
export function assertVersion({ kind, key, expectedVersion }: DocumentWrite, version: number): void {
  if (expectedVersion === undefined || expectedVersion === version) return
  throw new PurserError(
    'PURSER_CONFLICT',
    `${kind} "${key}" is at version ${version}, not ${expectedVersion}: someone changed it. Read it again.`,
  )
}

/**
 * A correction points at a charge of the ledger.
 * @throws PURSER_NOT_FOUND where nothing is booked under the id that it names.
 */
export function assertCorrected<T>(found: T | undefined, id: ChargeId): T {
  if (found === undefined) throw new PurserError('PURSER_NOT_FOUND', `There is no charge "${id}" to correct.`)
  return found
}
