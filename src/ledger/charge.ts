import type { Nanos } from '../money/nanos.ts'
import type { CardReference, Match, PriceLine, UnpricedReason } from '../pricing/priced.ts'
import type { Meter } from '../usage/meters.ts'
import type { Usage, UsageWarning } from '../usage/usage.ts'

/**
 * Identifies a charge within a ledger. Given by the caller, or made from the provider's response id
 * (`anthropic:msg_01…`), or, where there is neither, generated and time-ordered.
 */
export type ChargeId = string & { readonly __id: 'charge' }

/** `metered`: real spend; `plan`: covered by a subscription, list-price figures shown apart; `free`: costs nothing. */
export type Basis = 'metered' | 'plan' | 'free'
export const bases = ['metered', 'plan', 'free'] as const satisfies readonly Basis[]

/** Ten million dollars: far beyond any call, and few enough that the sums of a ledger stay within 64 bits. */
export const maxCostNanos = 10n ** 16n

export type Outcome = 'ok' | 'error' | 'timeout' | 'cut' | 'aborted'
export const outcomes = ['ok', 'error', 'timeout', 'cut', 'aborted'] as const satisfies readonly Outcome[]

/** Key and value pairs by which a charge is found and summed. A label that is absent is a value of its own. */
export type Labels = Readonly<Record<string, string>>

/** One of those that a call serves: what its part carries beside the labels of the call, and how much of the call is its. */
export interface Served {
  readonly labels: Labels
  /** More than 0, as exact decimal text without an exponent. */
  readonly weight: string
}

/** Which part of a call that serves several a charge is. */
export interface PartPlace {
  /** From 1. */
  readonly index: number
  /** Those of all parts, in their order. */
  readonly weights: readonly string[]
}

/**
 * What a charge keeps that is one part of a call: enough to price the call again and to split it alike, whatever became
 * of the other parts.
 */
export interface ChargePart extends PartPlace {
  /** The id of the call, which is that of its first part. */
  readonly of: ChargeId
  /** Whether this part stands for the call where calls are counted: the one with the largest weight, the first of equal ones. */
  readonly addsCall: boolean
  /** Of the whole call; attributes are those of the charge. */
  readonly usage: Usage
  readonly statedNanos: Nanos | null
  readonly reportedNanos: Nanos | null
}

/** A call as a host or an importer hands it over, before it is priced. */
export interface ChargeInput {
  readonly id?: string
  /** When the call was made, in milliseconds since 1970. */
  readonly at: number
  readonly provider: string
  /** The model that served the call, or the one asked for where the response did not say. */
  readonly model: string
  /** The model asked for, where it differs from the one that served. */
  readonly modelAsked?: string
  readonly usage: Usage
  readonly labels: Labels
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
  /** `metered` unless said otherwise; a call that a free card prices is booked as `free`. */
  readonly basis?: Basis
  /** `ok` unless said otherwise. */
  readonly outcome?: Outcome
  /** 1 for the first attempt of a call; retries and fallbacks count up. */
  readonly attempt?: number
  /** What ties the attempts of one call together. */
  readonly callId?: string
  readonly durationMs?: number
  /** The most output tokens that the request allowed. */
  readonly maxOutputTokens?: number
  readonly stopReason?: string
  /** The provider's id of the response. */
  readonly responseId?: string
  /** The hold that this charge settles. */
  readonly hold?: string
  /** The cost that the owner states, exact; counts only where purser has no price. */
  readonly statedNanos?: Nanos
  /** The cost that the provider reported, exact; counts only where purser has no price and none is stated. */
  readonly reportedNanos?: Nanos
  /** The usage was estimated, not read from a final response. */
  readonly estimated?: boolean
  readonly warnings?: readonly UsageWarning[]
  /** A JSON object of at most 4 KB; never prompts or answers. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Those that the call serves; it is booked as one charge for each of them. */
  readonly serves?: readonly Served[]
  /** Only this part of the call is told, as by an export; id, usage and costs are those of the whole call. */
  readonly part?: PartPlace
}

/**
 * How a charge came by its cost. `priced` and `partial`: from a card; `stated`: the owner said so; `reported`: the
 * provider said so; `unpriced`: nobody knows, which is not zero.
 */
export type PriceStatus = 'priced' | 'partial' | 'stated' | 'reported' | 'unpriced'

/** One priced call, immutable. A correction is another charge that points at it. */
export interface Charge {
  readonly id: ChargeId
  /** Place in the ledger's one order of facts. */
  readonly seq: number
  /** When the call was made, in milliseconds since 1970. */
  readonly at: number
  /** When it was booked, in milliseconds since 1970. */
  readonly bookedAt: number
  readonly labels: Labels
  readonly provider: string
  readonly model: string
  readonly modelAsked: string | null
  readonly serviceTier: string
  readonly speed: string
  readonly region: string | null
  readonly basis: Basis
  readonly outcome: Outcome
  readonly usage: Usage
  readonly lines: readonly PriceLine[]
  /** What counts. Null where nobody knows a price. */
  readonly costNanos: Nanos | null
  readonly statedNanos: Nanos | null
  readonly reportedNanos: Nanos | null
  readonly status: PriceStatus
  readonly card: CardReference | null
  readonly match: Match | null
  readonly unpricedReason: UnpricedReason | null
  readonly unratedMeters: readonly Meter[]
  readonly attempt: number
  readonly callId: string | null
  readonly durationMs: number | null
  readonly maxOutputTokens: number | null
  readonly stopReason: string | null
  readonly responseId: string | null
  readonly hold: string | null
  /** The import that brought it. */
  readonly batch: string | null
  /** The charge that this one corrects; its quantities and cost are then differences. */
  readonly corrects: ChargeId | null
  /** Set where one call serves several and this is the charge of one of them; usage, lines and costs are then its share. */
  readonly part: ChargePart | null
  /** On a correction, the status of the charge before it. */
  readonly restates: PriceStatus | null
  readonly estimated: boolean
  readonly warnings: readonly UsageWarning[]
  readonly metadata: Readonly<Record<string, unknown>> | null
}
