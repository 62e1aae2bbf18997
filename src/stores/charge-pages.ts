import type { Charge } from '../ledger/charge.ts'
import type { ChargeSelection } from './store.ts'
import type { StoredCharge } from './stored-charge.ts'

/** A part of a ledger's charges: those after a place, up to a fact, so many of them. */
export interface ChargePage {
  readonly after: { readonly at: number; readonly seq: number }
  readonly upToSeq: number
  readonly limit: number
}

export const chargesPerPage = 1000

/** Charges of a selection, a page at a time, in constant memory. */
export async function* walkPages(
  { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, batch }: ChargeSelection,
  nextPage: (after: ChargePage['after']) => Promise<readonly StoredCharge[]> | readonly StoredCharge[],
): AsyncIterable<Charge> {
  for (let after = { at: sinceMs, seq: 0 }; ;) {
    const page = await nextPage(after)
    for (const { charge } of page) {
      const isAsked = charge.at >= sinceMs && charge.at < untilMs && (batch === undefined || charge.batch === batch)
      if (isAsked) yield charge
    }
    const last = page.at(-1)?.charge
    if (last === undefined || page.length < chargesPerPage) return
    after = { at: last.at, seq: last.seq }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
