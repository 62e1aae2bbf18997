import type { Meter } from '../meters.ts'
import type { UsageReading } from '../reader.ts'
import type { Attributes, Usage, UsageWarning } from '../usage.ts'
import { asFields, asList, type Fields, show } from './fields.ts'

/** More tokens than any call can use: a larger count is a mistake of whoever wrote it. */
const maxCount = 1e12

/** Four months in seconds. */
const maxDecimal = 1e7

/** What a reader says of a response besides its quantities. */
export interface ReadingFacts {
  readonly model: string | undefined
  readonly serviceTier?: string | undefined
  readonly speed?: string | undefined
  readonly region?: string | undefined
  readonly responseId?: string | undefined
  readonly stopReason?: string | undefined
  readonly reportedCostUsd?: string | undefined
}

/** A usage as a reader builds it: buckets that fill up, and a warning for everything that is not as documented. */
export class UsageDraft {
  readonly warnings: UsageWarning[] = []
  readonly #quantities: { -readonly [K in Meter]?: number } = {}
  readonly #attributes: Record<string, string> = {}

  add(meter: Meter, quantity: number): void {
    if (quantity > 0) this.#quantities[meter] = (this.#quantities[meter] ?? 0) + quantity
  }

  /** Attributes that are no text are left out; numbers and booleans are written as text. */
  describe(name: string, value: unknown): void {
    if (typeof value === 'string' ? value !== '' : typeof value === 'number' || typeof value === 'boolean') {
      this.#attributes[name] = String(value).slice(0, 128)
    }
  }

  warn(code: UsageWarning['code'], message: string): void {
    this.warnings.push({ code, message })
  }

  /** A whole number that a response may leave out: absent and null are 0. `where` is a path like `usage.`. */
  count(fields: Fields | undefined, name: string, where = ''): number {
    const value = fields?.[name]
    if (value === undefined || value === null) return 0
    if (typeof value === 'number' && value >= 0 && value <= maxCount && Number.isInteger(value)) return value
    return this.#readOddCount(value, where + name)
  }

  /** A whole number that every response of its kind has; one without it is read, with a warning. */
  required(fields: Fields, name: string, where = ''): number {
    const value = fields[name]
    if (value === undefined) this.warn('missing-usage', `${where}${name} is missing; it is counted as 0.`)
    else if (value === null) this.warn('bad-quantity', `${where}${name} is null; it is counted as 0.`)
    return this.count(fields, name, where)
  }

  /** A quantity with decimals, e.g. seconds, also where the API documents it as text; six decimals are kept. */
  decimal(value: unknown, path: string): number {
    if (value === undefined || value === null) return 0
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number === 'number' && number >= 0 && number <= maxDecimal) return Math.round(number * 1e6) / 1e6
    this.warn('unread-quantity', `${path} is ${show(value)}, which is no quantity; it is counted as 0.`)
    return 0
  }

  #readOddCount(value: unknown, path: string): number {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number !== 'number' || !(number >= 0 && number <= maxCount)) {
      this.warn('unread-quantity', `${path} is ${show(value)}, which is no quantity; it is counted as 0.`)
      return 0
    }
    const whole = Math.ceil(number)
    this.warn('bad-quantity', `${path} is ${show(value)}; it is read as ${whole}.`)
    return whole
  }

  /** The first of several fields that a response has, as an object; null is none. */
  part(fields: Fields | undefined, names: readonly string[], where = ''): Fields | undefined {
    const name = names.find((each) => fields?.[each] !== undefined && fields[each] !== null)
    if (name === undefined) return undefined
    const part = asFields(fields?.[name])
    if (part === undefined)
      this.warn('unread-quantity', `${where}${name} is ${show(fields?.[name])} where an object is documented; it is not counted.`)
    return part
  }

  /** A list that a response may leave out; null is none. */
  list(fields: Fields, name: string, where = ''): readonly unknown[] {
    const value = fields[name]
    if (value !== undefined && value !== null && !Array.isArray(value)) {
      this.warn('unread-quantity', `${where}${name} is ${show(value)} where a list is documented; it is not counted.`)
    }
    return asList(value)
  }

  /** Warns of every field that is not known and not zero, so that nothing billable goes by unseen. */
  reportUnknown(fields: Fields | undefined, known: ReadonlySet<string>, where: string): void {
    for (const name in fields) {
      if (known.has(name)) continue
      const found = firstNonZero(fields[name], where + name, 4)
      if (found !== undefined)
        this.warn('unknown-field', `${found.path} is ${show(found.value)}; no meter is known for it, so it is not counted.`)
    }
  }

  toReading(facts: ReadingFacts): UsageReading {
    const { serviceTier, speed, region, responseId, stopReason, reportedCostUsd } = facts
    return {
      model: facts.model ?? null,
      usage: this.#toUsage(),
      ...(serviceTier === undefined ? {} : { serviceTier }),
      ...(speed === undefined ? {} : { speed }),
      ...(region === undefined ? {} : { region }),
      ...(responseId === undefined ? {} : { responseId }),
      ...(stopReason === undefined ? {} : { stopReason }),
      ...(reportedCostUsd === undefined ? {} : { reportedCostUsd }),
      warnings: this.warnings,
    }
  }

  #toUsage(): Usage {
    const quantities = this.#quantities
    const { reasoningTokens = 0, outputTokens = 0 } = quantities
    if (reasoningTokens > outputTokens) {
      this.warn('sum-mismatch', `${reasoningTokens} reasoning tokens are more than the ${outputTokens} output tokens they are part of.`)
      if (outputTokens > 0) quantities.reasoningTokens = outputTokens
      else delete quantities.reasoningTokens
    }
    const attributes: Attributes = this.#attributes
    return Object.keys(attributes).length > 0 ? { ...quantities, attributes } : quantities
  }
}

function firstNonZero(value: unknown, path: string, depth: number): { path: string; value: unknown } | undefined {
  if (value === undefined || value === null || value === 0 || value === '' || value === false) return undefined
  if (typeof value !== 'object') return { path, value }
  if (depth === 0) return { path, value }
  for (const [name, inner] of Object.entries(value)) {
    const found = firstNonZero(inner, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, depth - 1)
    if (found !== undefined) return found
  }
  return undefined
}
