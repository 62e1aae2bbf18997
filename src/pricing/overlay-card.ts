import type { Card, Conditions, Rate } from './card.ts'

/** What a price list of others does not tell of a card. */
const keptFields = ['aliases', 'patterns', 'modifiers', 'tier', 'unrated', 'alternatives'] as const satisfies readonly (keyof Card)[]

/**
 * A card of somebody's price list over the one that is in force: what the list names has the list's price, and what it
 * does not know (sizes and qualities, fees, other meters, names, modifiers) stays. A rate of ours for a service tier goes
 * where the list changes the rate that it belongs to, because nobody knows it any more.
 */
export function overlayCard(card: Card, present: Card): Card {
  const kept = keptFields.filter((field) => present[field] !== undefined).map((field) => [field, present[field]])
  const defaults =
    card.defaults === undefined && present.defaults === undefined ? {} : { defaults: { ...card.defaults, ...present.defaults } }
  return { ...Object.fromEntries(kept), ...card, ...defaults, rates: overlayRates(card.rates, present.rates) } as Card
}

function overlayRates(listed: readonly Rate[], present: readonly Rate[]): Rate[] {
  // A list may call a fee by search what the card bills by request; both together would be paid twice.
  const billsRequests = present.some((rate) => rate.meter === 'requests') && !present.some((rate) => rate.meter === 'searches')
  const taken = listed.filter((rate) => !(billsRequests && rate.meter === 'searches'))
  const named = new Set(taken.map(placeOf))
  const changed = new Set(
    taken.filter((rate) => isBase(rate) && !present.some((other) => isBase(other) && samePrice(rate, other))).map((rate) => rate.meter),
  )
  const stays = (rate: Rate): boolean => !named.has(placeOf(rate)) && !(rate.when?.serviceTier !== undefined && changed.has(rate.meter))
  return [...taken, ...present.filter(stays)]
}

function placeOf({ meter, from, when }: Rate): string {
  return JSON.stringify([meter, from ?? 0, sorted(when ?? {})])
}

function sorted(value: Conditions | Readonly<Record<string, string>>): unknown {
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, typeof inner === 'object' && !Array.isArray(inner) ? sorted(inner as Record<string, string>) : inner])
}

function isBase({ when, from }: Rate): boolean {
  return when === undefined && from === undefined
}

function samePrice(a: Rate, b: Rate): boolean {
  return a.meter === b.meter && a.usd === b.usd && a.per === b.per
}
