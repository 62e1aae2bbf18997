import type { Usage } from '../usage/usage.ts'
import { type CompiledCard, compileServed, type ServedRates } from './compile-card.ts'
import { isDuring, type Served, servedLevel } from './conditions.ts'
import type { PriceRequest } from './priced.ts'

/** The rates that a card has for the way in which a call was served, worked out once for each such way. */
export function servedRates(card: CompiledCard, request: PriceRequest): ServedRates {
  const serviceTier = servedLevel(request.serviceTier)
  const speed = servedLevel(request.speed)
  const region = request.region !== undefined && card.regions.has(request.region) ? request.region : undefined
  const isStandard = serviceTier === undefined && speed === undefined && region === undefined && !card.isConditional
  if (isStandard && card.standard !== undefined) return card.standard

  const during = card.hours.length === 0 ? [] : hoursHolding(card, request.at)
  const key = [serviceTier ?? '', speed ?? '', region ?? '', ...during, ...attributeKey(card, request.usage)].join('\u0000')
  const known = card.served.get(key)
  if (known !== undefined) return known

  const { attributes } = request.usage
  const served: Served = {
    serviceTier,
    speed,
    region,
    isDuring: (hours) => during[card.hours.findIndex((each) => JSON.stringify(each) === JSON.stringify(hours))] ?? false,
    attribute: (name) => attributes?.[name],
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

/** The values of attributes that some condition names; any other value is as good as none. */
function attributeKey(card: CompiledCard, usage: Usage): string[] {
  const values: string[] = []
  for (const [name, named] of card.attributes) {
    const value = usage.attributes?.[name]
    values.push(value !== undefined && named.has(value) ? value : '')
  }
  return values
}
