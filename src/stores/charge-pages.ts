import type { Charge } from '../ledger/charge.ts'
import type { ChargePlace, ChargeSelection } from './store.ts'
import type { StoredCharge } from './stored-charge.ts'

/** A part of a ledger's charges: those after a place, up to a fact, so many of them. */
export interface ChargePage {
  readonly after: ChargePlace
  readonly upToSeq: number
  readonly limit: number
}

export const chargesPerPage = 1000

/** Whether charges are read in order of their time, and not of booking. */
export function isByTime({ subject, sinceMs, untilMs }: ChargeSelection): boolean {
  return subject === undefined && (sinceMs !== undefined || untilMs !== undefined)
}

/** How the places of a selection follow each other. */
export function placesOf(selection: ChargeSelection): (a: ChargePlace, b: ChargePlace) => number {
  const byTime = isByTime(selection)
  const sign = selection.backwards === true ? -1 : 1
  return (a, b) => sign * ((byTime ? a.at - b.at : 0) || a.seq - b.seq)
}

/** The place behind which the first charge of a selection stands. */
export function firstPlace(selection: ChargeSelection): ChargePlace {
  const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, backwards = false, after } = selection
  const start = backwards ? { at: untilMs, seq: isByTime(selection) ? 0 : Number.MAX_SAFE_INTEGER } : { at: sinceMs, seq: 0 }
  if (after === undefined || !isByTime(selection)) return after ?? start
  // A place outside the period is no reason to look there.
  return backwards ? (after.at < untilMs ? after : start) : after.at >= sinceMs ? after : start
}

/** Charges of a selection, a page at a time, in constant memory. */
export async function* walkPages(
  selection: ChargeSelection,
  nextPage: (after: ChargePage['after']) => Promise<readonly StoredCharge[]> | readonly StoredCharge[],
): AsyncIterable<Charge> {
  const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, batch, goOn } = selection
  for (let after = firstPlace(selection); ;) {
    const page = await nextPage(after)
    for (const { charge } of page) {
      const isAsked = charge.at >= sinceMs && charge.at < untilMs && (batch === undefined || charge.batch === batch)
      if (isAsked) yield charge
    }
    const last = page.at(-1)?.charge
    if (last === undefined || page.length < chargesPerPage) return
    after = { at: last.at, seq: last.seq }
    if (goOn?.(after) === false) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
