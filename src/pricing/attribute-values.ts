import type { Meter } from '../usage/meters.ts'
import type { Card } from './card.ts'

/** An attribute by which a card tells prices of a meter apart, and the values that it knows, as they are written. */
export interface KnownValues {
  readonly name: string
  /** The vendor's defaults first. */
  readonly values: readonly string[]
}

/** The attributes by which the rates of a meter differ, each with its known values: defaults, rates' and modifiers'. */
export function knownValues(card: Card, meter: Meter): KnownValues[] {
  const rates = card.rates.filter((rate) => rate.meter === meter)
  const names = new Set(rates.flatMap((rate) => Object.keys(rate.when?.attributes ?? {})))
  return [...names].map((name) => {
    const conditions = [...rates, ...(card.modifiers ?? [])].flatMap((entry) => entry.when?.attributes?.[name] ?? [])
    return { name, values: [...new Set([...(card.defaults?.[name] ?? []), ...conditions])] }
  })
}

/** Those attributes of a usage whose value no rate of the meter knows though its rates differ by it; case does not count. */
export function unknownValues(card: Card, meter: Meter, attribute: (name: string) => string | undefined): KnownValues[] {
  return knownValues(card, meter).filter(({ name, values }) => {
    const value = attribute(name)?.toLowerCase()
    return value !== undefined && !values.some((known) => known.toLowerCase() === value)
  })
}
