import { type Meter, meterNames, meters } from '../usage/meters.ts'
import type { Card, CardOrigin, DailyHours, Modifier, Rate, TierRule } from './card.ts'
import { compileTable, type RateTable } from './compile-rate.ts'
import { unknownValues } from './attribute-values.ts'
import { isFinalFor, modifierHolds, names, rateHolds, type Served, type ServiceLevel, specificity } from './conditions.ts'
import type { CardReference } from './priced.ts'
import { defaultTierRule } from './tier.ts'

/** What a card charges a call that was served in one way: rates for each long-context tier. */
export interface ServedRates {
  /** Where the tiers begin, in prompt tokens, rising. */
  readonly thresholds: readonly number[]
  /** The base tier's table, then one for each threshold. */
  readonly tables: readonly RateTable[]
  /** The level that neither a rate nor a modifier of the card knows; then there are no rates. */
  readonly unknownLevel?: { readonly level: ServiceLevel; readonly value: string }
}

/** A card, prepared for pricing; its rates are worked out for each way of being served when first needed. */
export interface CompiledCard {
  readonly card: Card
  readonly reference: CardReference
  /** In milliseconds since 1970; from inclusive, until exclusive. */
  readonly from: number
  readonly until: number
  /** A call before this instant is priced by a card whose beginning is not known. */
  readonly undatedBefore: number
  readonly tierRule: TierRule
  /** Attributes that conditions name, with the values they name in lower case. */
  readonly attributes: ReadonlyMap<string, ReadonlySet<string>>
  /** Regions that conditions name; any other is priced as the standard one. */
  readonly regions: ReadonlySet<string>
  /** The different hours that conditions name. */
  readonly hours: readonly (readonly DailyHours[])[]
  /** Which of these hours hold, for the minute last asked. */
  during: { readonly minute: number; readonly holds: readonly boolean[] } | undefined
  /** Rates already worked out, by way of being served; `standard` is that of nearly every call. */
  standard: ServedRates | undefined
  readonly served: Map<string, ServedRates>
}

export function compileCard(card: Card, origin: CardOrigin, revision: string): CompiledCard {
  const conditions = [...card.rates, ...(card.modifiers ?? [])].flatMap((entry) => entry.when ?? [])
  const attributes = new Map<string, Set<string>>()
  for (const [name, value] of conditions.flatMap((when) => Object.entries(when.attributes ?? {}))) {
    attributes.set(name, (attributes.get(name) ?? new Set()).add(value.toLowerCase()))
  }
  const hours = new Map(conditions.flatMap((when) => (when.hours === undefined ? [] : [[JSON.stringify(when.hours), when.hours] as const])))
  return {
    card,
    reference: toReference(card, origin, revision),
    from: card.validFrom === undefined ? -Infinity : Date.parse(card.validFrom),
    until: card.validUntil === undefined ? Infinity : Date.parse(card.validUntil),
    undatedBefore: card.validFrom === undefined ? Date.parse(card.knownSince ?? card.checkedAt) : -Infinity,
    tierRule: card.tier ?? defaultTierRule,
    attributes,
    regions: new Set(conditions.flatMap((when) => when.region ?? [])),
    hours: [...hours.values()],
    during: undefined,
    standard: undefined,
    served: new Map(),
  }
}

function toReference(card: Card, origin: CardOrigin, revision: string): CardReference {
  const { provider, model, source, checkedAt, validFrom, validUntil } = card
  return Object.freeze({
    provider,
    model,
    origin,
    source,
    checkedAt,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
    revision,
  })
}

/** Works out every rate that a card has for a call served so. */
export function compileServed(card: Card, served: Served): ServedRates {
  const modifiers = (card.modifiers ?? []).filter((modifier) => modifierHolds(modifier, served))
  for (const level of ['serviceTier', 'speed'] as const) {
    const value = served[level]
    if (value !== undefined && !knows(card, level, value)) return { thresholds: [], tables: [], unknownLevel: { level, value } }
  }
  const rates = card.rates.filter((rate) => rateHolds(rate.when, served, (level) => covers(level, rate.meter, served, modifiers)))
  const untold = new Set(card.rates.flatMap(({ meter }) => (unknownValues(card, meter, served.attribute).length > 0 ? meter : [])))
  const thresholds = [...new Set(rates.flatMap((rate) => rate.from ?? []))].toSorted((a, b) => a - b)
  const tables = [0, ...thresholds].map((from, tier) => {
    const inTier = rates.filter((rate) => rate.from === undefined || (tier > 0 && rate.from <= from))
    const chosen = meterNames.flatMap((meter) => {
      const rate = untold.has(meter) ? undefined : chooseRate(card, inTier, meter)
      return rate === undefined ? [] : { meter, rate, factors: factorsOf(rate, meter, modifiers) }
    })
    return compileTable(chosen)
  })
  return { thresholds, tables }
}

function knows(card: Card, level: ServiceLevel, value: string): boolean {
  return [...card.rates, ...(card.modifiers ?? [])].some((entry) => names(entry.when, level, value))
}

/**
 * Whether a standard rate serves as the basis for a level. A region: standard rates hold where none is given for it.
 * A tier or speed: where a modifier speaks of it; else only for what is not tokens, such as a search, which costs the
 * same in a batch.
 */
function covers(level: ServiceLevel, meter: Meter, served: Served, modifiers: readonly Modifier[]): boolean {
  const value = served[level]
  if (level === 'region' || value === undefined) return true
  return !isTokenMeter(meter) || modifiers.some((modifier) => names(modifier.when, level, value))
}

function isTokenMeter(meter: Meter): boolean {
  return meters[meter].unit === 'token'
}

/** The rate of the highest tier reached, then the most specific, then the one written last; else, where the card says so, its parent's. */
function chooseRate(card: Card, rates: readonly Rate[], meter: Meter): Rate | undefined {
  let best: Rate | undefined
  for (const rate of rates) {
    if (rate.meter === meter && (best === undefined || compareRates(rate, best) >= 0)) best = rate
  }
  if (best !== undefined || !isRatedAsParent(card, meter)) return best
  const parent = meters[meter].ratedAs
  return parent === null ? undefined : chooseRate(card, rates, parent)
}

function isRatedAsParent({ unrated }: Card, meter: Meter): boolean {
  if (meter === 'reasoningTokens') return false
  return unrated === 'as-parent' || (unrated === 'as-parent-but-audio' && !meter.startsWith('audio'))
}

function compareRates(a: Rate, b: Rate): number {
  return (a.from ?? 0) - (b.from ?? 0) || specificity(a.when) - specificity(b.when)
}

function factorsOf(rate: Rate, meter: Meter, modifiers: readonly Modifier[]): string[] {
  return modifiers
    .filter((modifier) => (modifier.meters === undefined ? isTokenMeter(meter) : modifier.meters.includes(meter)))
    .filter((modifier) => !isFinalFor(rate.when, modifier.when))
    .map((modifier) => modifier.factor)
}
