import { isMeter, type Meter, meters } from '../usage/meters.ts'
import type { Attributes, Usage, UsageWarning } from '../usage/usage.ts'
import { type KnownValues, knownValues } from './attribute-values.ts'
import type { Card } from './card.ts'
import type { Priced } from './priced.ts'

/** An attribute that was given and made no difference, and those by which the card goes and which were not given. */
export interface IgnoredAttribute {
  readonly name: string
  readonly goesBy: readonly KnownValues[]
}

/**
 * Attributes of a usage that no rate, modifier or default of the card names, where that may have changed the price: the
 * card tells apart what was used by an attribute that is not given, and so took the vendor's default. `resolution=4K` on a
 * card that goes by `size` is such a slip. Where every attribute that a card goes by is given, or it goes by none for what
 * was used, another one is only more than the card needs: readers hand over all that a response says of an image or a
 * video, and a warning on each such call would hide the one that matters.
 */
export function ignoredAttributes(card: Card, usage: Usage): readonly IgnoredAttribute[] {
  const given = usage.attributes
  if (given === undefined) return []
  const unknown = Object.keys(given).filter((name) => !isKnown(card, name))
  if (unknown.length === 0) return []
  const goesBy = missing(card, usage, given)
  return goesBy.length === 0 ? [] : unknown.map((name) => ({ name, goesBy }))
}

/** What a price says of attributes that made no difference, as warnings on a charge. */
export function ignoredAttributeWarnings(priced: Priced): UsageWarning[] {
  if (priced.status === 'unpriced') return []
  const { provider, model } = priced.card
  return (priced.ignoredAttributes ?? []).map(({ name, goesBy }) => {
    const known = goesBy.map((each) => `${each.name} (${each.values.join(', ')})`).join(' and ')
    const which = goesBy.length === 1 ? 'which is' : 'which are'
    const message = `The price of ${provider}/${model} does not go by "${name}" but by ${known}, ${which} not given: the default was taken.`
    return { code: 'ignored-attribute', message }
  })
}

function isKnown(card: Card, name: string): boolean {
  if (card.defaults?.[name] !== undefined) return true
  return [...card.rates, ...(card.modifiers ?? [])].some((entry) => entry.when?.attributes?.[name] !== undefined)
}

/** The attributes by which the card tells apart what was used, without those that are given. */
function missing(card: Card, usage: Usage, given: Attributes): KnownValues[] {
  const byName = new Map<string, KnownValues>()
  for (const [meter, quantity] of Object.entries(usage)) {
    if (!isMeter(meter) || quantity === 0) continue
    for (const known of [...knownValues(card, meter), ...modifiedBy(card, meter)]) {
      if (given[known.name] === undefined) byName.set(known.name, known)
    }
  }
  return [...byName.values()]
}

function modifiedBy({ modifiers = [] }: Card, meter: Meter): KnownValues[] {
  return modifiers
    .filter((modifier) => (modifier.meters === undefined ? meters[meter].unit === 'token' : modifier.meters.includes(meter)))
    .flatMap(({ when }) => Object.entries(when.attributes ?? {}).map(([name, value]) => ({ name, values: [value] })))
}
