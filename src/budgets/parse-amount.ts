import { PurserError } from '../errors.ts'
import { maxCostNanos } from '../ledger/charge.ts'
import { type Decimal, parseDecimal } from '../money/nanos.ts'
import { formatAmount } from './amount-text.ts'
import type { Metric } from './budget.ts'
import { type InputPlace, shown } from './input-place.ts'

/** What a column of the ledger holds. */
export const largestStored = 2n ** 63n - 1n
/** A limit, its tolerance and an increase of so much each leave room in a column for what is booked beyond them. */
const largestLimit = 2n * 10n ** 18n
/** Of what is counted, in one hold: some thousands of such holds still have a sum. */
const largestHeldCount = 10n ** 15n
const nanoDigits = 9

const expected: Readonly<Record<Metric, string>> = {
  cost: 'dollars of 0 or more, like 5, $5 or 0.25',
  tokens: 'a whole number of tokens, like 200000, 200k or 1M',
  calls: 'a whole number of calls, like 500 or 10k',
  concurrency: 'a whole number of places, like 5',
}

const multiples: Readonly<Record<string, bigint>> = { '': 1n, k: 1000n, m: 1_000_000n, b: 1_000_000_000n }

/**
 * An amount of a metric as people write it, exactly. Cost is in dollars: `5`, `"$5"`, `"5.00 USD"`; others are counted:
 * `200000`, `"200k"`, `"1M"`. A number is taken as the shortest decimal that names it. A bigint is in the metric's own
 * unit already, nanos for cost.
 */
export function parseAmount(value: unknown, metric: Metric, place: InputPlace): bigint {
  const wrong = (): never => place.refuse(`is ${shown(value)}; it must be ${expected[metric]}`)
  const amount = typeof value === 'bigint' ? value : metric === 'cost' ? toNanos(value, place) : toCount(value)
  // Text with a sign is no amount, also where what follows is 0.
  const isNegative = amount !== undefined && (amount < 0n || /^\$?\s*-/.test(toText(value) ?? ''))
  if (amount === undefined || isNegative) return wrong()
  if (amount > largestStored) return place.refuse(`is ${shown(value)}, which is more than a ledger can count`)
  return amount
}

/** The amount of a limit, of its tolerance or of an increase: at most two billion dollars, so that sums of them can be kept. */
export function parseLimit(value: unknown, metric: Metric, place: InputPlace): bigint {
  return upTo(largestLimit, parseAmount(value, metric, place), metric, place, 'sums of a ledger are kept in 64 bits')
}

/** The amount of a hold: of its cost no more than one call is booked with, ten million dollars. */
export function parseHeld(value: unknown, metric: Metric, place: InputPlace): bigint {
  const [most, why] = metric === 'cost' ? [maxCostNanos, 'no call is booked with more'] : [largestHeldCount, 'no hold takes more']
  return upTo(most, parseAmount(value, metric, place), metric, place, why)
}

function upTo(most: bigint, amount: bigint, metric: Metric, place: InputPlace, why: string): bigint {
  return amount <= most
    ? amount
    : place.refuse(`is ${formatAmount(metric, amount)}; it can be ${formatAmount(metric, most)} at most, because ${why}`)
}

function toNanos(value: unknown, place: InputPlace): bigint | undefined {
  const text = toText(value)
    ?.replace(/^\$\s*/, '')
    .replace(/\s*USD$/i, '')
  const decimal = text === undefined ? undefined : toDecimal(text)
  if (decimal === undefined) return undefined
  if (decimal.scale > nanoDigits) {
    return place.refuse(`is ${shown(value)}, which has more than nine decimals; a billionth of a dollar is the smallest amount`)
  }
  return decimal.digits * 10n ** BigInt(nanoDigits - decimal.scale)
}

function toCount(value: unknown): bigint | undefined {
  const [, number = '', multiple = ''] = /^(.*?)([kmb]?)$/i.exec(toText(value) ?? '') ?? []
  const decimal = toDecimal(number)
  if (decimal === undefined) return undefined
  const [whole, unit] = [decimal.digits * (multiples[multiple.toLowerCase()] ?? 1n), 10n ** BigInt(decimal.scale)]
  return whole % unit === 0n ? whole / unit : undefined
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : undefined
}

/** Undefined for what is no decimal. */
export function toDecimal(text: string): Decimal | undefined {
  try {
    return parseDecimal(text)
  } catch (error) {
    if (error instanceof PurserError) return undefined
    throw error
  }
}
