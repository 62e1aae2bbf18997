import { PurserError } from '../errors.ts'
import type { Charge } from '../ledger/charge.ts'
import type { Filter } from '../ledger/cost-query.ts'
import type { Purser } from '../purser.ts'
import type { AskedPeriod } from '../reports/asked-period.ts'
import { chargePasses, onlySubject } from '../reports/charge-filters.ts'
import { planFilters } from '../reports/cost-plan.ts'
import { chargesPerPage } from '../stores/charge-pages.ts'
import type { ChargePlace, ChargeSelection } from '../stores/store.ts'

/** `newest` and `oldest` go by the time of the calls, or of one subject by booking; `booked` by booking. */
export const chargeOrders = ['newest', 'oldest', 'booked'] as const
export type ChargeOrder = (typeof chargeOrders)[number]

export interface ChargePageQuestion {
  readonly where: readonly Filter[]
  readonly period: AskedPeriod
  readonly order: ChargeOrder
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface AnsweredPage {
  readonly charges: readonly Charge[]
  /** Null at the end. */
  readonly next: string | null
}

/** How many charges are looked at for one page, so that a filter which hardly any passes keeps nobody waiting. */
const mostLookedAt = 20_000

/**
 * A page of the charges that pass filters, found without reading those before it.
 * @throws PURSER_BAD_ARGUMENT for a cursor that no page gave, PURSER_BAD_QUERY
 */
export async function readChargePage(purser: Purser, question: ChargePageQuestion): Promise<AnsweredPage> {
  const { order, limit, period, cursor } = question
  const { sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER } = period
  const filters = planFilters(question.where, purser.subjects)
  const asked = { filters }
  let stoppedAt: ChargePlace | undefined
  const goOn = lookingAtMost(mostLookedAt, (place) => (stoppedAt = place))
  const charges: Charge[] = []
  for await (const charge of purser.charges({ ...selectionOf(question, onlySubject(asked)), ...afterCursor(cursor, order), goOn })) {
    if (charge.at < sinceMs || charge.at >= untilMs || !chargePasses(asked, charge)) continue
    if (charges.length === limit) return { charges, next: cursorOf(order, charges.at(-1)) }
    charges.push(charge)
  }
  return { charges, next: cursorOf(order, stoppedAt) }
}

function selectionOf({ order, period }: ChargePageQuestion, subject: ChargeSelection['subject']): ChargeSelection {
  const backwards = order === 'newest'
  if (subject !== undefined) return { subject, backwards }
  if (order === 'booked') return {}
  return { backwards, sinceMs: period.sinceMs ?? 0, ...(period.untilMs !== undefined && { untilMs: period.untilMs }) }
}

/** Asked after each page of a store; tells where it put an end to the reading. */
function lookingAtMost(most: number, stopped: (place: ChargePlace) => void): (place: ChargePlace) => boolean {
  let pages = 0
  return (place) => {
    pages += 1
    if (pages * chargesPerPage < most) return true
    stopped(place)
    return false
  }
}

function cursorOf(order: ChargeOrder, place: ChargePlace | undefined): string | null {
  return place === undefined ? null : Buffer.from(`${order}.${place.at}.${place.seq}`).toString('base64url')
}

function afterCursor(cursor: string | undefined, order: ChargeOrder): { after?: ChargePlace } {
  if (cursor === undefined) return {}
  const match = /^([a-z]+)\.(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (match === null) throw new PurserError('PURSER_BAD_ARGUMENT', 'The cursor is none that a page gave as `next`. Begin without one.')
  const [, of, at, seq] = match
  if (of !== order) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `The cursor is of a page in the order "${of}", and "${order}" was asked for.`)
  }
  return { after: { at: Number(at), seq: Number(seq) } }
}
