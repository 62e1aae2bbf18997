import type { Usage } from '../usage/usage.ts'
import { type CompiledCard, compileServed, type ServedRates } from './compile-card.ts'
import { isDuring, type Served, servedLevel } from './conditions.ts'
import type { PriceRequest } from './priced.ts'

/** The rates that a card has for the way in which a call was served, worked out once for each such way. */
export function servedRates(card: CompiledCard, request: PriceRequest): ServedRates {
  const serviceTier = servedLevel(request.serviceTier)
  const speed = servedLevel(request.speed)
  const region = request.region !== undefined && card.regions.has(request.region) ? request.region : undefined
  const isPlain = card.hours.length === 0 && (card.attributes.size === 0 || request.usage.attributes === undefined)
  const isStandard = isPlain && serviceTier === undefined && speed === undefined && region === undefined
  if (isStandard && card.standard !== undefined) return card.standard

  const during = card.hours.length === 0 ? [] : hoursHolding(card, request.at)
  const values = attributeValues(card, request.usage)
  const key = [serviceTier ?? '', speed ?? '', region ?? '', ...during, ...values.values()].join('\u0000')
  const known = card.served.get(key)
  if (known !== undefined) return known

  const served: Served = {
    serviceTier,
    speed,
    region,
    isDuring: (hours) => during[card.hours.findIndex((each) => JSON.stringify(each) === JSON.stringify(hours))] ?? false,
    attribute: (name) => values.get(name) || undefined,
  }
  const rates = compileServed(card.card, served)
  if (isStandard) card.standard = rates
  // Names of levels that no card knows come from outside and are without number; they are not worth keeping.
  else if (rates.unknownLevel === undefined && card.served.size < maxKept) card.served.set(key, rates)
  return rates
}

const maxKept = 1000

/** Which hours of a card hold; they and the offsets of zones change on whole minutes, so a minute is worked out once. */
function hoursHolding(card: CompiledCard, at: number): readonly boolean[] {
  const minute = Math.floor(at / 60_000)
  if (card.during?.minute !== minute) card.during = { minute, holds: card.hours.map((hours) => isDuring(hours, at)) }
  return card.during.holds
}

/** Stands for any value that nothing names: there are values without number, and they are all priced alike. */
const unknownValue = '\u0001'

/**
 * Of the attributes that some condition names, the value in lower case; empty where it is absent, or a default of the
 * vendor that no condition names.
 */
function attributeValues(card: CompiledCard, usage: Usage): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [name, named] of card.attributes) {
    const value = usage.attributes?.[name]?.toLowerCase() ?? ''
    const isDefault = value === '' || card.card.defaults?.[name]?.some((each) => each.toLowerCase() === value) === true
    values.set(name, named.has(value) ? value : isDefault ? '' : unknownValue)
  }
  return values
}
