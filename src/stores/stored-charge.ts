import type { Charge, ChargeId, Labels } from '../ledger/charge.ts'
import { callOfPart } from '../ledger/charge-id.ts'
import { type Pricing, unpackExtras, type UnpackedNumbers } from '../ledger/pack-charge.ts'
import type { Contribution } from '../ledger/rollup-changes.ts'
import type { Sku } from '../ledger/sku.ts'
import type { Nanos } from '../money/nanos.ts'
import { type Calendar, slotOf } from '../time/calendar.ts'

/** A charge with the numbers under which the store keeps what it belongs to. */
export interface StoredCharge {
  readonly charge: Charge
  readonly series: number
  readonly sku: number
  readonly subjects: readonly number[]
  readonly batch: number | null
}

/** What a store keeps of a charge, its numbers resolved to what they stand for. */
export interface ChargeParts {
  readonly seq: number
  readonly at: number
  readonly bookedAt: number
  readonly labels: Labels
  readonly sku: Sku
  readonly pricing: Pricing
  readonly numbers: Pick<UnpackedNumbers, 'usage' | 'lines'>
  readonly extras: string | null
  readonly costNanos: Nanos | null
  /** Null where it follows from provider and response id. */
  readonly id: string | null
  readonly responseId: string | null
  readonly batch: string | null
  readonly corrects: ChargeId | null
}

/** Puts a charge together again. */
export function toCharge({ labels, sku, pricing, numbers, extras, ...parts }: ChargeParts): Charge {
  const { attributes, part, ...rare } = unpackExtras(extras)
  const id = storedId(parts.id, parts.responseId, sku)
  return {
    ...sku,
    ...rare,
    ...parts,
    id,
    part: part && { ...part, of: callOfPart(id, part.index, part.weights.length) },
    labels,
    usage: attributes === undefined ? numbers.usage : { ...numbers.usage, attributes },
    lines: numbers.lines,
    status: pricing.status,
    restates: pricing.restates,
    card: pricing.card,
    match: pricing.match,
    unpricedReason: pricing.reason,
    unratedMeters: pricing.unrated,
  }
}

/** The id of a charge, which is not kept where it follows from provider and response id. */
export function storedId(id: string | null, responseId: string | null, sku: Pick<Sku, 'provider'>): ChargeId {
  return (id ?? `${sku.provider}:${responseId}`) as ChargeId
}

/** A charge that is booked, as what it adds to the sums, or with -1 takes from them. */
export function contributionOf(stored: StoredCharge, calendar: Calendar, sign: 1 | -1 = 1): Contribution {
  const { charge, series, sku, subjects } = stored
  return { charge, sign, slot: slotOf(charge.at), day: calendar.dayOf(charge.at), series, sku, subjects }
}
