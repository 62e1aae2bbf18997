import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'

/** The run that is named; `last` is the one that began last. @throws PURSER_NOT_FOUND where there is none */
export async function namedRun(purser: Purser, name: string): Promise<string> {
  if (name !== 'last') return name
  const last = await purser.reports.last()
  if (last !== undefined) return last
  throw new PurserError('PURSER_NOT_FOUND', 'No run is known yet: no call carries the label run.')
}
