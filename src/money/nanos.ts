import { PurserError } from '../errors.ts'
import { divideHalfEven } from './round.ts'

declare const brand: unique symbol

/** Money in billionths of a US dollar, exact. The only unit of money inside purser. */
export type Nanos = bigint & { readonly [brand]: 'Nanos' }

export const nanosPerUsd = 1_000_000_000n
const maxStored = 2n ** 63n - 1n

/**
 * Brands an integer as nano-dollars.
 * @throws PURSER_AMOUNT_OUT_OF_RANGE beyond the 64-bit integers in which the ledger stores money.
 */
export function nanos(value: bigint): Nanos {
  if (value > maxStored || value < -maxStored) {
    throw new PurserError('PURSER_AMOUNT_OUT_OF_RANGE', `${value} nano-dollars do not fit a 64-bit ledger column (largest: ${maxStored}).`)
  }
  return value as Nanos
}

export const zeroNanos = 0n as Nanos

/** The sum, checked against the range of the ledger. */
export function addNanos(a: Nanos, b: Nanos): Nanos {
  return nanos(a + b)
}

/** An exact decimal: `digits / 10^scale`. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * Reads a decimal written as text or as a JSON number, exactly: a number is taken as the shortest decimal that
 * names it, so `0.1` is one tenth.
 * @throws PURSER_BAD_NUMBER when it is no finite decimal.
 */
export function parseDecimal(value: string | number): Decimal {
  const text = String(value).trim()
  const match = decimalPattern.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole + fraction === '') {
    throw new PurserError('PURSER_BAD_NUMBER', `"${text}" is not a decimal number. Write it like 0.0025 or 2.5e-6.`)
  }
  const exponent = Number(match[4] ?? '0')
  let digits = BigInt(whole + fraction)
  let scale = fraction.length - exponent
  if (match[1] === '-') digits = -digits
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale)
    scale = 0
  }
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n
    scale -= 1
  }
  return { digits, scale }
}

/** Dollars as text or JSON number to nanos; what is finer than a nano is rounded half-even. */
export function parseUsd(value: string | number): Nanos {
  const { digits, scale } = parseDecimal(value)
  return nanos(divideHalfEven(digits * nanosPerUsd, 10n ** BigInt(scale)))
}

/** Dollars as a JSON number, for people. Machines read the nanos. */
export function toUsd(value: Nanos): number {
  return Number(value) / 1e9
}
