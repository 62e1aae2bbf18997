import type { Charge, ChargeId } from '../ledger/charge.ts'
import { partId } from '../ledger/charge-id.ts'
import type { Store } from '../stores/store.ts'

/** The charges of the call that a charge is of, in their order: one for each of those that it serves, or the charge itself. */
export async function partsOfCall(store: Store, id: string): Promise<Charge[]> {
  const charge = await store.charge(id as ChargeId)
  if (charge === undefined) return []
  const { part } = charge
  if (part === null) return [charge]
  const { of, weights } = part
  const parts = await Promise.all(weights.map((_, index) => store.charge(partId(of, index + 1, weights.length))))
  return parts.filter((each) => each !== undefined)
}
