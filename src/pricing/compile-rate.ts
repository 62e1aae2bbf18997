import { formatDecimal, multiplyDecimals } from '../money/decimal.ts'
import { type Decimal, nanosPerUsd, parseDecimal } from '../money/nanos.ts'
import { type Meter, meters } from '../usage/meters.ts'
import type { Rate } from './card.ts'

/** A rate ready for arithmetic, modifiers applied. */
export interface CompiledRate {
  readonly meter: Meter
  readonly code: number
  /** Quantities are counted in `1 / unitScale` of the meter's unit, so that they are integers. */
  readonly unitScale: number
  readonly rateUsd: string
  readonly per: number
  readonly minimum: number
  readonly increment: number
  /** Nanos for one scaled unit, exactly `numerator / denominator`; the denominator is that of the whole table. */
  readonly numerator: bigint
  /** The numerator as a double, or NaN where it is no safe integer. */
  readonly safeNumerator: number
}

/** The rates of one card for one way of being served and one long-context tier, over one denominator. */
export interface RateTable {
  readonly rates: ReadonlyMap<string, CompiledRate>
  readonly denominator: bigint
  /** The denominator as a double, or NaN where it is no safe integer. */
  readonly safeDenominator: number
  /** Whether reasoning is a line of its own, taken out of the output line. */
  readonly ratesReasoning: boolean
  /** Whether a request costs something by itself. */
  readonly ratesRequests: boolean
}

/** The rate chosen for a meter, and the factors that multiply it. */
export interface ChosenRate {
  readonly meter: Meter
  readonly rate: Rate
  readonly factors: readonly string[]
}

interface ExactRate extends ChosenRate {
  readonly decimal: Decimal
  readonly numerator: bigint
  readonly denominator: bigint
}

/** Brings the rates of a table to one denominator, so that a sum of lines is exact in integers. */
export function compileTable(chosen: readonly ChosenRate[]): RateTable {
  const exact = chosen.map(toExact)
  const denominator = exact.reduce((common, rate) => (common / gcd(common, rate.denominator)) * rate.denominator, 1n)
  const rates = new Map<string, CompiledRate>()
  for (const entry of exact) rates.set(entry.meter, toCompiled(entry, denominator))
  return {
    rates,
    denominator,
    safeDenominator: toSafe(denominator),
    ratesReasoning: rates.has('reasoningTokens'),
    ratesRequests: (rates.get('requests')?.numerator ?? 0n) > 0n,
  }
}

function toExact(chosen: ChosenRate): ExactRate {
  const decimal = chosen.factors.reduce((product, factor) => multiplyDecimals(product, parseDecimal(factor)), parseDecimal(chosen.rate.usd))
  const numerator = decimal.digits * nanosPerUsd
  const denominator = 10n ** BigInt(decimal.scale + meters[chosen.meter].scale) * BigInt(chosen.rate.per)
  const divisor = gcd(numerator, denominator)
  return { ...chosen, decimal, numerator: numerator / divisor, denominator: denominator / divisor }
}

function toCompiled({ meter, rate, decimal, ...exact }: ExactRate, denominator: bigint): CompiledRate {
  const numerator = exact.numerator * (denominator / exact.denominator)
  return {
    meter,
    code: meters[meter].code,
    unitScale: 10 ** meters[meter].scale,
    rateUsd: formatDecimal(decimal),
    per: rate.per,
    minimum: rate.minimum ?? 0,
    increment: rate.increment ?? 0,
    numerator,
    safeNumerator: toSafe(numerator),
  }
}

function toSafe(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
