import type { Nanos } from '../money/nanos.ts'
import type { Meter } from '../usage/meters.ts'
import type { Usage } from '../usage/usage.ts'
import type { CardOrigin } from './card.ts'
import type { IgnoredAttribute } from './ignored-attributes.ts'

/** What is to be priced. Tier, speed and region are those served. */
export interface PriceRequest {
  readonly provider: string
  readonly model: string
  readonly usage: Usage
  /** When the call was made, in milliseconds since 1970. */
  readonly at: number
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
}

/** One line of a cost: `quantity × rateUsd / per`, in nanos that sum to the cost. */
export interface PriceLine {
  readonly meter: Meter
  /** What is billed, in the meter's unit, minimum and increment applied. */
  readonly quantity: number
  /** Dollars for `per` units, exact decimal text, modifiers applied. */
  readonly rateUsd: string
  readonly per: number
  readonly costNanos: Nanos
}

/** Which card priced a call, as kept on the charge. */
export interface CardReference {
  readonly provider: string
  readonly model: string
  readonly origin: CardOrigin
  readonly source: string
  readonly checkedAt: string
  readonly validFrom?: string
  readonly validUntil?: string
  /** Revision of the catalog: a hash of its content. */
  readonly revision: string
}

/** The rung of the ladder on which the name was found; `-undated` where a back-dated call met a card without dates. */
export type MatchRung = 'exact' | 'alias' | 'normalised' | 'pattern'
export type Match = MatchRung | `${MatchRung}-undated`

/**
 * `priced`: every quantity has a rate. `partial`: some have none and are named in `unratedMeters`; the cost covers the
 * rest. `unpriced`: no card, or none of its rates applies; there is no cost, which is not a cost of zero.
 */
export type Priced =
  | {
      readonly status: 'priced' | 'partial'
      readonly costNanos: Nanos
      readonly lines: readonly PriceLine[]
      readonly card: CardReference
      readonly match: Match
      readonly unratedMeters: readonly Meter[]
      /** Attributes that were given and by which the card does not go, where it goes by others that were not. */
      readonly ignoredAttributes?: readonly IgnoredAttribute[]
    }
  | { readonly status: 'unpriced'; readonly reason: UnpricedReason; readonly message: string }

export type UnpricedReason = 'unknown-model' | 'no-card-at-date' | 'no-rate'
