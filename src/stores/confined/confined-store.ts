import type { HoldId } from '../../budgets/hold.ts'
import { PurserError } from '../../errors.ts'
import type { Booked, Booking } from '../../ledger/book-charge.ts'
import type { Charge, ChargeId, Labels } from '../../ledger/charge.ts'
import { type Sku, skuKey } from '../../ledger/sku.ts'
import type { ChargeSelection, SharedCost, Store, Transaction } from '../store.ts'
import { ConfinedDocuments } from './confined-documents.ts'
import { confinedGate, ownHold } from './confined-gate.ts'
import { ownEvent, ownEvents } from './own-events.ts'
import { carries } from '../../ledger/labels.ts'
import { assertOwn, forbidden, refuse } from './own-labels.ts'

/**
 * A ledger as somebody sees it who books and sees only what carries some labels. Whatever is built on it, questions, reports
 * or runs, answers as a ledger would that has nothing else in it; what others share with it is told without figures.
 * @param bound dimensions with their values; sums are kept by these
 */
export function confinedStore(store: Store, bound: Labels): Store {
  const documents = new ConfinedDocuments(store, bound)
  const skus = new AddedSkus(store)
  const isOwn = ({ labels }: Charge): boolean => carries(labels, bound)
  const isOwnSeries = ownSeries(store, bound)
  const transact: Store['transact'] = async (transaction) => {
    const booked = await store.transact(await ownTransaction(store, transaction, { bound, documents }))
    await assertOwnCharges(store, booked, bound)
    return booked
  }
  return {
    location: store.location,
    timezone: store.timezone,
    subjects: store.subjects,
    isReadOnly: store.isReadOnly,
    warnings: store.warnings,
    transact,
    gate: confinedGate(store, bound),
    learned: async () => new Map(),
    listen: (listener) => store.listen((event) => (ownEvent(event, bound) ? listener(event) : undefined)),
    document: (kind, key) => documents.get(kind, key),
    documents: (kind) => documents.list(kind),
    charge: async (id) => {
      const charge = await store.charge(id)
      return charge !== undefined && isOwn(charge) ? charge : undefined
    },
    corrections: async (id) => (await store.corrections(id)).filter(isOwn),
    charges: (selection) => ownCharges(store, selection, isOwn),
    events: (afterSeq, limit) => ownEvents(store, { afterSeq, limit }, bound),
    rollups: async (queries) => (await store.rollups(queries)).map((rows) => rows.filter(({ series }) => isOwnSeries(series))),
    subjectRows: async (query) => {
      const { rows, skus: most } = await store.subjectRows(query)
      return { rows: rows.filter(([, , series]) => isOwnSeries(series)), skus: most }
    },
    sharedCosts: (query) => ownSharedCosts(store, query, { isOwn, skus }),
    series: (id) => store.series(id),
    sku: (id) => skus.get(id),
    hasSubject: (kind) => store.hasSubject(kind),
    span: () => store.span(),
    removeBatch: () => refuse('Taking imports back is'),
    verify: () => refuse('Verifying a ledger is'),
    // Whoever opened the ledger closes it.
    close: async () => undefined,
  }
}

/** A transaction of which everything is its own. @throws PURSER_FORBIDDEN, and what `ownBookings` throws */
async function ownTransaction(
  store: Store,
  { bookings = [], documents: written = [], events = [], maxMs, batch }: Transaction,
  { bound, documents }: { readonly bound: Labels; readonly documents: ConfinedDocuments },
): Promise<Transaction> {
  if (typeof written === 'function' || batch !== undefined) throw forbidden('Importing is')
  return {
    bookings: await ownBookings(store, bookings, bound),
    documents: await documents.toWrite(written),
    // Events that are not about anything of its own are told as its own.
    events: events.map(({ kind, body }) => ({ kind, body: { ...body, labels: { ...(body['labels'] as Labels | undefined), ...bound } } })),
    ...(maxMs !== undefined && { maxMs }),
  }
}

/**
 * The bookings of a transaction, each of which must carry the labels, and stand for calls of their own.
 * @throws PURSER_FORBIDDEN, PURSER_NOT_FOUND for a hold or a charge of somebody else
 */
async function ownBookings(store: Store, bookings: Iterable<Booking>, bound: Labels): Promise<Booking[]> {
  const all = [...bookings]
  const charges = all.flatMap(({ draft, otherParts = [] }) => [draft, ...otherParts])
  for (const { labels } of charges) assertOwn(labels, bound)
  for (const { draft } of all) await assertFree(store, draft.id, bound)
  const holds = new Set(charges.flatMap(({ hold }) => hold ?? []))
  for (const id of holds) await ownHold(store, id as HoldId, bound)
  for (const { corrects } of charges) {
    const corrected = corrects === null ? undefined : await store.charge(corrects)
    if (corrects !== null && (corrected === undefined || !carries(corrected.labels, bound))) {
      throw new PurserError('PURSER_NOT_FOUND', `There is no charge "${corrects}".`)
    }
  }
  return all
}

/** An id that stands for a call of somebody else is taken, and nothing is told of that call. */
async function assertOwnCharges(store: Store, booked: readonly Booked[], bound: Labels): Promise<void> {
  for (const { id, outcome } of booked) {
    if (outcome !== 'booked') await assertFree(store, id, bound)
  }
}

/** @throws PURSER_ID_CONFLICT for an id that stands for a call of somebody else */
async function assertFree(store: Store, id: ChargeId, bound: Labels): Promise<void> {
  const charge = await store.charge(id)
  if (charge === undefined || carries(charge.labels, bound)) return
  throw new PurserError('PURSER_ID_CONFLICT', `The id "${id}" stands for another call. Another call needs another id.`)
}

/** Whether a series has the labels; looked up once for each, because a question reads very many rows. */
function ownSeries(store: Store, bound: Labels): (series: number) => boolean {
  const known = new Map<number, boolean>()
  return (series) => {
    let isOwn = known.get(series)
    if (isOwn === undefined) known.set(series, (isOwn = carries(store.series(series), bound)))
    return isOwn
  }
}

async function* ownCharges(store: Store, selection: ChargeSelection, isOwn: (charge: Charge) => boolean): AsyncIterable<Charge> {
  for await (const charge of store.charges(selection)) if (isOwn(charge)) yield charge
}

/** Sums by series are not kept for two kinds of subjects together, so its own charges are added up. */
async function ownSharedCosts(
  store: Store,
  { kind, value, by }: { readonly kind: string; readonly value: string; readonly by: string },
  { isOwn, skus }: { readonly isOwn: (charge: Charge) => boolean; readonly skus: AddedSkus },
): Promise<SharedCost[]> {
  const costs: SharedCost[] = []
  for await (const charge of ownCharges(store, { subject: { kind, value } }, isOwn)) {
    const shared = charge.labels[by]
    if (shared !== undefined && charge.costNanos !== null)
      costs.push({ value: shared, sku: skus.numberOf(charge), costNanos: charge.costNanos })
  }
  return costs
}

/** Numbers of skus beside those of the ledger, for charges that are added up here. */
class AddedSkus {
  readonly #store: Store
  readonly #numbers = new Map<string, number>()
  readonly #skus: Sku[] = []

  constructor(store: Store) {
    this.#store = store
  }

  get(number: number): Sku {
    return this.#skus[-number - 1] ?? this.#store.sku(number)
  }

  numberOf(charge: Charge): number {
    const key = skuKey(charge)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = -this.#skus.push(charge)
    this.#numbers.set(key, number)
    return number
  }
}
