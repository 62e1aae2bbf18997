import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'

/** @throws PURSER_NOT_FOUND where the ledger holds no import of that name. */
export async function requireBatch(purser: Purser, batch: string): Promise<void> {
  if ((await purser.imports()).some((each) => each.batch === batch)) return
  throw new PurserError('PURSER_NOT_FOUND', `There is no import "${batch}". \`purser import list\` shows those there are.`)
}
