import { PurserError } from '../errors.ts'
import { formatDecimal } from '../money/decimal.ts'
import { type Decimal, parseDecimal } from '../money/nanos.ts'
import type { Labels, Served } from './charge.ts'
import { parseLabels } from './labels.ts'

/** One of those that a call serves, as a host writes it down. */
export interface ServedRecord {
  /** Added to the labels of the call, and winning over them. */
  readonly labels: Labels
  /** How much of the call is its, beside the others; 1 unless said otherwise. */
  readonly weight?: number | string
}

const maxParts = 100
/** Nobody weighs finer or coarser, and larger ones would only cost time. */
const maxWeight = 10n ** 12n
const maxDigits = 12

/**
 * Checks for whom a call was made, with what weight each.
 * @throws PURSER_BAD_RECORD, PURSER_BAD_NUMBER, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function parseServes(input: unknown): Served[] {
  if (!Array.isArray(input) || input.length === 0 || input.length > maxParts) {
    const is = Array.isArray(input) ? `a list of ${input.length}` : shown(input)
    throw new PurserError(
      'PURSER_BAD_RECORD',
      `serves is ${is}; it must be a list of 1 to ${maxParts} like [{"labels": {"ticket": "T-1"}, "weight": 2}].`,
    )
  }
  return input.map((each: unknown, index) => parseServed(each, `serves[${index}]`))
}

function parseServed(input: unknown, place: string): Served {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new PurserError('PURSER_BAD_RECORD', `${place} is ${shown(input)}; it must be an object like {"labels": {"ticket": "T-1"}}.`)
  }
  const { labels, weight = 1, ...rest } = input as { labels?: unknown; weight?: unknown }
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new PurserError('PURSER_BAD_RECORD', `Unknown field "${unknown}" in ${place}. It has labels and weight.`)
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new PurserError('PURSER_BAD_RECORD', `"labels" of ${place} is ${shown(labels)}; it must be an object.`)
  }
  return { labels: parseLabels(labels as Labels), weight: parseWeight(weight, place) }
}

/** @throws PURSER_BAD_RECORD, PURSER_BAD_NUMBER */
export function parseWeight(input: unknown, place: string): string {
  const isNumber = typeof input === 'number' || typeof input === 'string'
  const weight = isNumber ? decimalOf(input) : undefined
  if (weight === undefined) {
    throw new PurserError('PURSER_BAD_NUMBER', `The weight of ${place} is ${shown(input)}; it must be a number above 0, like 2 or "0.5".`)
  }
  if (weight.digits > maxWeight * 10n ** BigInt(weight.scale) || weight.scale > maxDigits) {
    throw new PurserError(
      'PURSER_BAD_NUMBER',
      `The weight of ${place} is ${shown(input)}; it may be ${maxWeight} at most, with ${maxDigits} digits after the point.`,
    )
  }
  return formatDecimal(weight)
}

function decimalOf(input: number | string): Decimal | undefined {
  try {
    const decimal = parseDecimal(input)
    return decimal.digits > 0n ? decimal : undefined
  } catch {
    return undefined
  }
}

function shown(value: unknown): string {
  // JSON has no numbers beyond all bounds.
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
}
