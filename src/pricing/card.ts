import type { Meter } from '../usage/meters.ts'
import type { Attributes } from '../usage/usage.ts'

/**
 * When a rate or a modifier applies; everything named must hold. A service tier, speed or region that a rate does not
 * name means the standard one, unless the value is `*`; one that a modifier does not name may be any.
 */
export interface Conditions {
  /** `batch`, `flex`, `priority`, …; absent means standard. */
  readonly serviceTier?: string
  /** `fast`; absent means standard. */
  readonly speed?: string
  /** Data residency or region, e.g. `us`; absent means none. */
  readonly region?: string
  /** Hours of a week in a time zone, e.g. DeepSeek's peak hours. */
  readonly hours?: readonly DailyHours[]
  /** Attributes of the usage, all equal but for case: `{ size: '1024x1024', quality: 'high' }`. */
  readonly attributes?: Attributes
}

/** A span of the day in a zone, from inclusive to exclusive; it may cross midnight, and belongs to the day it starts. */
export interface DailyHours {
  /** `HH:MM` */
  readonly from: string
  /** `HH:MM`; `24:00` is the end of the day. */
  readonly to: string
  /** IANA name, e.g. `Asia/Shanghai`. */
  readonly zone: string
  /** ISO weekdays, 1 = Monday … 7 = Sunday; absent means every day. */
  readonly weekdays?: readonly number[]
}

/** A price for one meter. */
export interface Rate {
  readonly meter: Meter
  /** Dollars for `per` units, as an exact decimal text. */
  readonly usd: string
  /** Units that `usd` buys: 1000000 for tokens, 1 for images. A positive integer. */
  readonly per: number
  /** The long-context tier that this rate belongs to: its threshold in prompt tokens. Absent is the base tier. */
  readonly from?: number
  readonly when?: Conditions
  /** The least quantity billed by one call, in the meter's unit (e.g. 10 audio seconds). */
  readonly minimum?: number
  /** Quantities are billed in whole multiples of this, rounded up (e.g. 60 audio seconds). */
  readonly increment?: number
}

/**
 * A published multiple on rates, e.g. 0.5 for batch or 1.1 for data residency. Those that apply are multiplied
 * together. A rate that names the condition itself is final for that condition and is not multiplied by it again.
 */
export interface Modifier {
  readonly when: Conditions
  /** Exact decimal text. */
  readonly factor: string
  /** The meters concerned; absent means every token meter. */
  readonly meters?: readonly Meter[]
}

/**
 * How a long-context tier is chosen: one tier for the request, from its own whole prompt
 * (input + cache read + cache write). `whole`: the tier's rates apply to every token; `marginal`: to those beyond it.
 */
export interface TierRule {
  readonly mode: 'whole' | 'marginal'
  readonly comparison: '>' | '>='
}

/**
 * Two ways of counting one thing. Where a usage counts one of `billedBy`, the quantity of `meter` is billed by it: it
 * gets no line of its own and is not unrated. An image that is counted beside its tokens is paid once.
 */
export interface Alternative {
  readonly meter: Meter
  readonly billedBy: readonly Meter[]
}

/** How a name in the wild may differ from the card's model and still be it. */
export type NamePattern =
  /** The name begins with the text; the rest is a date, version or region. */
  | { readonly prefix: string }
  /** The name contains the text; what is around it is a date, version or region. */
  | { readonly contains: string }
  /** The whole name matches the regular expression. */
  | { readonly regex: string }

export type CardOrigin = 'owner' | 'refreshed' | 'shipped'

/** What one model costs from a date on. */
export interface Card {
  readonly provider: string
  readonly model: string
  readonly aliases?: readonly string[]
  readonly patterns?: readonly NamePattern[]
  /** ISO date or instant from which the card holds; absent means that its beginning is not known. */
  readonly validFrom?: string
  /** ISO date or instant until which the card holds, exclusive. */
  readonly validUntil?: string
  /** ISO date since which these prices are known to hold, where `validFrom` is not known. */
  readonly knownSince?: string
  readonly rates: readonly Rate[]
  readonly modifiers?: readonly Modifier[]
  readonly tier?: TierRule
  /**
   * Values of attributes that mean the same as leaving the attribute out, in any case: `{ size: ['1024x1024'] }`. Where
   * rates tell an attribute apart, a value that neither they nor these name leaves the quantity without a rate.
   */
  readonly defaults?: Readonly<Record<string, readonly string[]>>
  readonly alternatives?: readonly Alternative[]
  /**
   * What a quantity costs for which the card has no rate: `partial` (the default) leaves it unpriced and says so;
   * `as-parent` takes the rate of the meter's parent, where the source defines its prices so; `as-parent-but-audio`
   * does the same except for audio, which most vendors sell at a price of its own or not at all.
   */
  readonly unrated?: 'partial' | 'as-parent' | 'as-parent-but-audio'
  /** Address of the price page, or what else the price is taken from. */
  readonly source: string
  /** ISO date on which the price was last compared with the source. */
  readonly checkedAt: string
  readonly note?: string
}
