import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import type { Session } from './session.ts'

/**
 * The run that is named; `last` is the one that began last. With cost tracking off, where no run is known, it is a name like
 * any other, of which nothing is known.
 * @throws PURSER_NOT_FOUND where there is none
 */
export async function namedRun({ config }: Session, purser: Purser, name: string): Promise<string> {
  if (name !== 'last') return name
  const last = await purser.reports.last()
  if (last !== undefined) return last
  if (!config.trackingEnabled) return name
  throw new PurserError('PURSER_NOT_FOUND', 'No run is known yet: no call carries the label run.')
}
