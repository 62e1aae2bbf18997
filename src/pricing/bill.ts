import { PurserError } from '../errors.ts'
import type { Nanos } from '../money/nanos.ts'
import { nanos, zeroNanos } from '../money/nanos.ts'
import { roundParts, roundSafeParts } from '../money/round-parts.ts'
import { isMeter, type Meter, meters } from '../usage/meters.ts'
import { parseQuantity, quantities, type Usage } from '../usage/usage.ts'
import type { CompiledRate, RateTable } from './compile-rate.ts'
import type { PriceLine } from './priced.ts'
import { splitMarginal } from './tier.ts'
import type { TierRule } from './card.ts'

/** What a usage costs by the rates of a card: the lines add up to the cost to the last nano. */
export interface Bill {
  readonly costNanos: Nanos
  readonly lines: readonly PriceLine[]
  /** Meters of the usage for which there is no rate. */
  readonly unratedMeters: readonly Meter[]
}

interface Line {
  meter: Meter
  quantity: number
  rateUsd: string
  per: number
  costNanos: Nanos
}

const none: readonly never[] = Object.freeze([])

/**
 * Bills a usage by one table. The arithmetic is in doubles that hold integers as long as every number of it is a safe
 * integer, which is checked, and in big integers otherwise; both give the same.
 */
export function bill(table: RateTable, usage: Usage): Bill {
  const { rates, safeDenominator } = table
  const lines: Line[] = []
  const amounts: number[] = []
  let unrated: Meter[] | undefined
  let sum = 0
  let lastCode = -1
  for (const name in usage) {
    if (name === 'attributes') continue
    let quantity = usage[name as Meter]
    if (quantity === undefined || quantity === 0) continue
    if (name === 'reasoningTokens' && !table.ratesReasoning) continue
    if (name === 'outputTokens' && table.ratesReasoning && usage.reasoningTokens !== undefined) {
      quantity -= usage.reasoningTokens
      if (quantity === 0) continue
    }
    const rate = rates.get(name)
    if (rate === undefined) {
      ;(unrated ??= []).push(name as Meter)
      continue
    }
    const units = billedUnits(rate, quantity)
    const amount = units * rate.safeNumerator
    if (!(units > 0) || !Number.isSafeInteger(units)) return billExactly(table, usage)
    sum += amount
    amounts.push(amount)
    lines.push({ meter: rate.meter, quantity: units / rate.unitScale, rateUsd: rate.rateUsd, per: rate.per, costNanos: zeroNanos })
    if (rate.code < lastCode) sinkLast(lines, amounts)
    else lastCode = rate.code
  }
  if (unrated !== undefined || !(sum <= Number.MAX_SAFE_INTEGER) || Number.isNaN(safeDenominator)) return billExactly(table, usage)
  const total = safeDenominator === 1 ? sum : roundSafeParts(amounts, safeDenominator)
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]
    if (line !== undefined) line.costNanos = BigInt(amounts[index] ?? 0) as Nanos
  }
  return { costNanos: BigInt(total) as Nanos, lines, unratedMeters: none }
}

/** Moves the last line to its place in the order of the registry, and its amount with it. */
function sinkLast(lines: Line[], amounts: number[]): void {
  const line = lines.pop()
  const amount = amounts.pop()
  if (line === undefined || amount === undefined) return
  let place = lines.length
  while (place > 0 && meters[lines[place - 1]?.meter ?? line.meter].code > meters[line.meter].code) place -= 1
  lines.splice(place, 0, line)
  amounts.splice(place, 0, amount)
}

/** The same in big integers, for any size, and usages of which only a part has rates. */
export function billExactly(table: RateTable, usage: Usage): Bill {
  return billShares(
    checkedQuantities(usage, table.ratesReasoning).map(([meter, quantity]) => ({ meter, quantity, rate: table.rates.get(meter) })),
    table.denominator,
  )
}

/** Bills a usage whose prompt is spread over marginal tiers, each with a table of its own. */
export function billMarginal(tables: readonly RateTable[], thresholds: readonly number[], rule: TierRule, usage: Usage): Bill {
  const ratesReasoning = tables.some((table) => table.ratesReasoning)
  const shares = splitMarginal(checkedQuantities(usage, ratesReasoning), thresholds, rule)
  const denominator = tables.reduce((product, table) => product * table.denominator, 1n)
  return billShares(
    shares.map(({ meter, quantity, tier }) => {
      const table = tables[tier]
      const rate = table?.rates.get(meter)
      if (table === undefined || rate === undefined) return { meter, quantity, rate: undefined }
      return { meter, quantity, rate: { ...rate, numerator: rate.numerator * (denominator / table.denominator) } }
    }),
    denominator,
  )
}

interface Share {
  readonly meter: Meter
  readonly quantity: number
  readonly rate: CompiledRate | undefined
}

function billShares(shares: readonly Share[], denominator: bigint): Bill {
  const unrated = new Set<Meter>()
  const rated: { units: number; rate: CompiledRate }[] = []
  for (const { meter, quantity, rate } of shares) {
    if (rate === undefined) unrated.add(meter)
    else rated.push({ units: billedUnits(rate, quantity), rate })
  }
  const { total, parts } = roundParts(
    rated.map(({ units, rate }) => BigInt(units) * rate.numerator),
    denominator,
  )
  const lines = rated.map(({ units, rate }, index) => ({
    meter: rate.meter,
    quantity: units / rate.unitScale,
    rateUsd: rate.rateUsd,
    per: rate.per,
    costNanos: (parts[index] ?? 0n) as Nanos,
  }))
  return { costNanos: nanos(total), lines, unratedMeters: [...unrated] }
}

/** What is billed for a quantity, in the rate's scaled units: at least the minimum, in whole increments. */
export function billedUnits(rate: CompiledRate, quantity: number): number {
  const { unitScale, minimum, increment } = rate
  let units = unitScale === 1 ? quantity : Math.round(quantity * unitScale)
  if (minimum > 0) units = Math.max(units, Math.round(minimum * unitScale))
  if (increment > 0) {
    const step = Math.round(increment * unitScale)
    units = Math.ceil(units / step) * step
  }
  return units
}

/**
 * The quantities of a usage in the order of the registry, reasoning taken out of the output where it has a line.
 * @throws PURSER_BAD_NUMBER, PURSER_UNKNOWN_METER where the usage is none that `parseUsage` lets through.
 */
function checkedQuantities(usage: Usage, ratesReasoning: boolean): [Meter, number][] {
  for (const name in usage) {
    if (name === 'attributes') continue
    if (!isMeter(name)) throw new PurserError('PURSER_UNKNOWN_METER', `Unknown usage key "${name}".`)
    if (usage[name] !== undefined) parseQuantity(name, usage[name])
  }
  const { reasoningTokens = 0, outputTokens = 0 } = usage
  if (reasoningTokens > outputTokens) {
    throw new PurserError('PURSER_BAD_NUMBER', `reasoningTokens (${reasoningTokens}) is more than outputTokens (${outputTokens}).`)
  }
  return quantities(usage).flatMap<[Meter, number]>(([meter, quantity]) => {
    if (meter === 'reasoningTokens') return ratesReasoning ? [[meter, quantity]] : []
    const left = meter === 'outputTokens' && ratesReasoning ? quantity - reasoningTokens : quantity
    return left === 0 ? [] : [[meter, left]]
  })
}
