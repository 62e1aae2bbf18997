import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import { isMeter, type Meter, meterNames, meters } from './meters.ts'

/** What makes a unit dearer or cheaper than another of its meter: image size, quality, resolution, search context. */
export type Attributes = Readonly<Record<string, string>>

/**
 * What one call consumed: quantities in disjoint buckets by meter, and attributes. A meter that is absent is zero.
 * `{ inputTokens: 1000, cacheReadTokens: 200, outputTokens: 50 }`, `{ images: 1, attributes: { size: '1024x1024' } }`
 */
export type Usage = Readonly<Partial<Record<Meter, number>>> & { readonly attributes?: Attributes }

/**
 * Something a reader did not understand or could not reconcile, or that made no difference; shown on the charge. With an
 * `unread-quantity`, which counts as 0 and was something, nobody knows all that the call cost.
 */
export interface UsageWarning {
  readonly code: 'unknown-field' | 'sum-mismatch' | 'bad-quantity' | 'unread-quantity' | 'missing-usage' | 'assumed' | 'ignored-attribute'
  readonly message: string
}

const maxAttributes = 16

/**
 * Checks a usage that comes from outside: known meters, finite non-negative quantities, whole numbers where the meter
 * counts whole units. Seconds and token-hours are rounded to six decimals, the finest a ledger keeps. Zeros are dropped.
 * @throws PURSER_UNKNOWN_METER, PURSER_BAD_NUMBER, PURSER_BAD_RECORD
 */
export function parseUsage(input: unknown): Usage {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new PurserError('PURSER_BAD_RECORD', 'A usage is an object of quantities, like {"inputTokens": 1000, "outputTokens": 200}.')
  }
  const usage: { -readonly [K in Meter]?: number } & { attributes?: Attributes } = {}
  for (const [name, value] of Object.entries(input)) {
    if (name === 'attributes') {
      const attributes = parseAttributes(value)
      if (Object.keys(attributes).length > 0) usage.attributes = attributes
    } else if (isMeter(name)) {
      const quantity = parseQuantity(name, value)
      if (quantity > 0) usage[name] = quantity
    } else {
      throw new PurserError(
        'PURSER_UNKNOWN_METER',
        `Unknown usage key "${name}".${didYouMean(name)} Known keys: ${meterNames.join(', ')}, attributes.`,
      )
    }
  }
  const { reasoningTokens = 0, outputTokens = 0 } = usage
  if (reasoningTokens > outputTokens) {
    throw new PurserError(
      'PURSER_BAD_NUMBER',
      `reasoningTokens (${reasoningTokens}) is more than outputTokens (${outputTokens}); outputTokens includes reasoning.`,
    )
  }
  return usage
}

/** One quantity of a meter, validated and rounded to the meter's scale. */
export function parseQuantity(meter: Meter, value: unknown): number {
  const { scale, unit } = meters[meter]
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new PurserError(
      'PURSER_BAD_NUMBER',
      `${meter} is ${JSON.stringify(value) ?? String(value)}; it must be a finite number of ${unit}s.`,
    )
  }
  if (value < 0) throw new PurserError('PURSER_BAD_NUMBER', `${meter} is ${value}; a quantity is never negative.`)
  if (scale === 0 && !Number.isSafeInteger(value)) {
    throw new PurserError('PURSER_BAD_NUMBER', `${meter} is ${value}; it must be a whole number of ${unit}s below 2^53.`)
  }
  if (scale > 0 && value > 1e9) throw new PurserError('PURSER_BAD_NUMBER', `${meter} is ${value}; more than 1e9 ${unit}s cannot be right.`)
  return scale === 0 ? value : Math.round(value * 10 ** scale) / 10 ** scale
}

function parseAttributes(value: unknown): Attributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PurserError('PURSER_BAD_RECORD', 'attributes is an object of text values, like {"size": "1024x1024"}.')
  }
  const entries = Object.entries(value)
  if (entries.length > maxAttributes) {
    throw new PurserError('PURSER_BAD_RECORD', `${entries.length} attributes are given; at most ${maxAttributes} are kept.`)
  }
  for (const [name, text] of entries) {
    if (typeof text !== 'string' || name.length > 64 || text.length > 128) {
      throw new PurserError('PURSER_BAD_RECORD', `Attribute "${name.slice(0, 64)}" must be text of at most 128 characters.`)
    }
  }
  return Object.fromEntries(entries) as Attributes
}

function didYouMean(name: string): string {
  const nearest = closest(name, meterNames)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}

/** The meters that a usage names, in the registry's order, with their quantities. */
export function quantities(usage: Usage): [Meter, number][] {
  const found: [Meter, number][] = []
  for (const meter of meterNames) {
    const quantity = usage[meter]
    if (quantity !== undefined && quantity !== 0) found.push([meter, quantity])
  }
  return found
}

/** A quantity as an integer in units of its meter's scale: exact, as the ledger and the arithmetic use it. */
export function toScaled(meter: Meter, quantity: number): number {
  return meters[meter].scale === 0 ? quantity : Math.round(quantity * 10 ** meters[meter].scale)
}

export function fromScaled(meter: Meter, scaled: number): number {
  return meters[meter].scale === 0 ? scaled : scaled / 10 ** meters[meter].scale
}
