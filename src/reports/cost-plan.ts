import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import { type CostQuery, type Field, type Filter, passes, resolveField } from '../ledger/cost-query.ts'
import type { Measures } from '../ledger/measures.ts'
import type { MeterTotals } from '../ledger/meter-totals.ts'
import type { Sku } from '../ledger/sku.ts'
import { canonicalProvider } from '../pricing/provider-names.ts'
import type { Store } from '../stores/store.ts'
import { type Calendar, checkZone, createCalendar } from '../time/calendar.ts'

/** What is known of one sum: when, whose, of what. `subjects` holds the labels that have totals of their own. */
export interface Sum {
  readonly time: string | null
  readonly labels: Labels
  readonly subjects: Labels
  readonly sku: Sku
  readonly measures: Measures
  readonly meters: MeterTotals | undefined
}

export interface CostPlan {
  readonly query: CostQuery
  readonly fields: readonly Field[]
  readonly filters: readonly { readonly field: Field; readonly filter: Filter }[]
  readonly subjects: readonly string[]
  readonly timeUnit: Extract<Field, { kind: 'time' }>['unit'] | undefined
  readonly byMeter: boolean
  /** The question's days are days of the ledger, so that day rows answer it. */
  readonly inLedgerDays: boolean
  readonly calendar: Calendar
}

/** How a question is answered: its fields resolved, and what it asks of the sums. @throws PURSER_BAD_QUERY, PURSER_BAD_TIME */
export function planCosts(store: Store, asked: CostQuery): CostPlan {
  const query = { ...asked, timezone: checkZone(asked.timezone) }
  const fields = query.groupBy.map((name) => resolveField(name, store.subjects))
  const filters = planFilters(query.where, store.subjects)
  const units = fields.filter((field) => field.kind === 'time')
  if (units.length > 1)
    throw new PurserError('PURSER_BAD_QUERY', `Rows go by one span of time; ${units.map((unit) => unit.name).join(' and ')} are two.`)
  if (new Set(query.groupBy).size < query.groupBy.length) throw new PurserError('PURSER_BAD_QUERY', 'A field stands twice in the grouping.')
  const named = [...fields, ...filters.map(({ field }) => field)].filter((field) => field.kind === 'subject')
  const calendar = createCalendar(store.timezone)
  const startsDay = (ms: number | undefined): boolean => ms === undefined || calendar.startOfDay(calendar.dayOf(ms)) === ms
  const timeUnit = units[0]?.unit
  return {
    query,
    fields,
    filters,
    subjects: [...new Set(named.map((field) => field.name))],
    timeUnit,
    byMeter: fields.some((field) => field.kind === 'meter'),
    inLedgerDays:
      timeUnit !== 'hour' &&
      (timeUnit === undefined || query.timezone === store.timezone) &&
      startsDay(query.sinceMs) &&
      startsDay(query.untilMs),
    calendar,
  }
}

/** Filters with what they ask by. @throws PURSER_BAD_QUERY */
export function planFilters(where: readonly Filter[], subjects: ReadonlySet<string>): CostPlan['filters'] {
  const filters = where.map((filter) => toFilter(filter, subjects))
  for (const { field } of filters) {
    if (field.kind === 'time' || field.kind === 'meter') {
      throw new PurserError('PURSER_BAD_QUERY', `Rows cannot be filtered by ${field.name}; use --since and --until, or group by it.`)
    }
  }
  return filters
}

/** Providers are asked for by any of their names, as they are booked. */
function toFilter(filter: Filter, subjects: ReadonlySet<string>): CostPlan['filters'][number] {
  const field = resolveField(filter.field, subjects)
  const isProvider = field.kind === 'sku' && field.field === 'provider' && filter.op !== 'prefix'
  return { field, filter: isProvider ? { ...filter, values: filter.values.map(canonicalProvider) } : filter }
}

/** What the filters say to a sum. */
export function isAsked(plan: Pick<CostPlan, 'filters'>, sum: Sum): boolean {
  return plan.filters.every(({ field, filter }) => passes(filter, valueOf(field, sum)))
}

/** The group that a sum belongs to. */
export function keyOf(plan: CostPlan, sum: Sum): (string | null)[] {
  return plan.fields.map((field) => valueOf(field, sum))
}

function valueOf(field: Field, sum: Sum): string | null {
  switch (field.kind) {
    case 'sku':
      return sum.sku[field.field]
    case 'time':
      return sum.time
    case 'meter':
      return null
    case 'service':
      return labelOf(sum.labels, field.name) ?? sum.sku.provider
    case 'subject':
      return labelOf(sum.subjects, field.name)
    case 'dimension':
      return labelOf(sum.labels, field.name)
  }
}

/** Null where the label is missing, also for names that every object answers to, like `toString`. */
function labelOf(labels: Labels, key: string): string | null {
  return Object.hasOwn(labels, key) ? (labels[key] ?? null) : null
}
