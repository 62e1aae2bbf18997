import type { Charge } from '../ledger/charge.ts'
import { asItStands } from '../ledger/correction.ts'
import type { ChargeSelection, Store } from '../stores/store.ts'

/** Calls as they stand after their corrections, one charge for each: their sums are those of the ledger. */
export async function* standingCharges(store: Store, selection: ChargeSelection): AsyncIterable<Charge> {
  for await (const charge of store.charges(selection)) {
    if (charge.corrects === null) yield asItStands(charge, await store.corrections(charge.id))
  }
}
