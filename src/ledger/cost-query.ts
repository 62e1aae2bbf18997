import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import { skuFields, type Sku } from './sku.ts'

/** Spans of time that rows can be kept apart by. */
export const timeUnits = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type TimeUnit = (typeof timeUnits)[number]

/** What a question can be asked by: a part of the sku, a time, the meter, a subject, or any dimension. */
export type Field =
  | { readonly kind: 'sku'; readonly name: string; readonly field: keyof Sku }
  | { readonly kind: 'time'; readonly name: string; readonly unit: TimeUnit }
  | { readonly kind: 'meter'; readonly name: string }
  | { readonly kind: 'subject'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'dimension'; readonly name: string }

/** A condition on one field. `absent` holds where the label is missing; `not` and `noneOf` hold there too. */
export interface Filter {
  readonly field: string
  readonly op: 'equals' | 'not' | 'anyOf' | 'noneOf' | 'prefix' | 'absent' | 'present'
  readonly values: readonly string[]
}

export const sortKeys = ['cost', 'calls', 'tokens', 'name', 'runs', 'plan', 'unpriced'] as const
export type SortKey = (typeof sortKeys)[number]

/** A question to the ledger. Instants are milliseconds since 1970, until is exclusive. */
export interface CostQuery {
  readonly groupBy: readonly string[]
  readonly sinceMs: number | undefined
  readonly untilMs: number | undefined
  /** IANA zone in which days and weeks are told. */
  readonly timezone: string
  /** ISO weekday on which a week begins, 1 = Monday. */
  readonly weekStart: number
  readonly where: readonly Filter[]
  /** Default: by time where rows have one, then by cost. */
  readonly sort?: SortKey
  readonly descending?: boolean
  /** Keeps the first rows; the rest is summed in a row of its own, so that rows still sum to the total. */
  readonly limit?: number
}

const skuAliases: Readonly<Record<string, keyof Sku>> = { tier: 'serviceTier' }
const fieldPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
const notFields = new Set(['cost', 'costUsd', 'costNanos', 'calls', 'runs', 'tokens', 'totalTokens', 'at', 'id', 'labels'])

/** What a name in a question stands for. @throws PURSER_BAD_QUERY for the name of a measure. */
export function resolveField(name: string, subjects: ReadonlySet<string>): Field {
  const sku = (skuAliases[name] ?? name) as keyof Sku
  if (skuFields.includes(sku)) return { kind: 'sku', name, field: sku }
  if ((timeUnits as readonly string[]).includes(name)) return { kind: 'time', name, unit: name as TimeUnit }
  if (name === 'meter') return { kind: 'meter', name }
  if (name === 'service') return { kind: 'service', name }
  if (subjects.has(name)) return { kind: 'subject', name }
  if (notFields.has(name) || !fieldPattern.test(name)) {
    const known = [...skuFields, ...timeUnits, 'meter', 'service', ...subjects]
    const nearest = closest(name, known)
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
    throw new PurserError('PURSER_BAD_QUERY', `"${name}" cannot be asked by.${hint} Ask by ${known.join(', ')}, or any label of yours.`)
  }
  return { kind: 'dimension', name }
}

/**
 * A filter as people write it: `project=azure`, `project!=azure`, `project=a|b` (any of), `project!=a|b` (none of),
 * `project=az*` (prefix), `project=` (absent), `project!=` (present).
 * @throws PURSER_BAD_QUERY
 */
export function parseFilter(text: string): Filter {
  const match = /^([A-Za-z][A-Za-z0-9_.-]*)(!?=)(.*)$/s.exec(text)
  if (match === null) {
    throw new PurserError(
      'PURSER_BAD_QUERY',
      `"${text}" is no filter. Write label=value, label!=value, label=a|b, label=pre*, label= (absent).`,
    )
  }
  const [, field = '', operator, value = ''] = match
  const negated = operator === '!='
  if (value === '') return { field, op: negated ? 'present' : 'absent', values: [] }
  if (value.includes('|')) return { field, op: negated ? 'noneOf' : 'anyOf', values: value.split('|') }
  if (value.endsWith('*') && !negated) return { field, op: 'prefix', values: [value.slice(0, -1)] }
  return { field, op: negated ? 'not' : 'equals', values: [value] }
}

/** A filter as `parseFilter` reads it. */
export function formatFilter({ field, op, values }: Filter): string {
  const text = values.join('|')
  switch (op) {
    case 'equals':
    case 'anyOf':
      return `${field}=${text}`
    case 'not':
    case 'noneOf':
      return `${field}!=${text}`
    case 'prefix':
      return `${field}=${text}*`
    case 'absent':
      return `${field}=`
    case 'present':
      return `${field}!=`
  }
}

/** Whether a value, null where the label is missing, passes a filter. */
export function passes(filter: Filter, value: string | null): boolean {
  switch (filter.op) {
    case 'equals':
    case 'anyOf':
      return value !== null && filter.values.includes(value)
    case 'not':
    case 'noneOf':
      return value === null || !filter.values.includes(value)
    case 'prefix':
      return value !== null && filter.values.some((prefix) => value.startsWith(prefix))
    case 'absent':
      return value === null
    case 'present':
      return value !== null
  }
}
