import { checkZone, parseInstant } from '../time/calendar.ts'
import { startOf, zonedDate } from '../time/periods.ts'
import { type Budget, type Increase, type Metric, metrics, type Mode, type Origin, type Window } from './budget.ts'
import { formatAmount } from './amount-text.ts'
import { type InputPlace, shown } from './input-place.ts'
import { parseHeld, parseLimit, toDecimal } from './parse-amount.ts'
import { parseOverrides } from './parse-overrides.ts'
import { parseEach, parseWhere, said } from './parse-scope.ts'
import { parseTerms, termKeys } from './parse-terms.ts'
import { parseWindow, windowGrammar } from './parse-window.ts'
import { type Fields, readChoice, readFields, readYesNo } from './read-fields.ts'

/** Every key of a budget in its own form, as in purser.yaml. */
export const budgetKeys = [
  ...termKeys,
  'metric',
  'window',
  'timezone',
  'where',
  'each',
  'overrides',
  'increase',
  'counts_plan',
  'counts_cache_reads',
  'ceiling',
  'learn_by',
  'quantile',
] as const
export type BudgetKey = (typeof budgetKeys)[number]
type BudgetFields = Fields<BudgetKey>

/** What a budget takes from the ledger it is for, and from where it is defined. */
export interface BudgetDefaults {
  readonly origin: Origin
  /** IANA zone of the ledger. */
  readonly zone: string
  /** ISO weekday on which a plain `week` begins, 1 = Monday. */
  readonly weekStart: number
}

export interface DefinedBudget {
  readonly budget: Budget
  /** What was added or is doubtful, in sentences. */
  readonly warnings: readonly string[]
}

const namePattern = /^[A-Za-z0-9._:/-]{1,64}$/

/** A budget from its own form, checked, with defaults filled in; what cannot be is refused at its place. */
export function parseBudget(name: string, input: unknown, defaults: BudgetDefaults, place: InputPlace): DefinedBudget {
  if (!namePattern.test(name)) {
    return place.refuse('cannot be named so; a name has 1 to 64 letters from A to Z, digits, ".", "_", "-", ":" or "/"')
  }
  const fields = readFields(input, budgetKeys, place, 'a mapping with a limit and a window')
  const read = <T>(key: BudgetKey, parse: (value: unknown, at: InputPlace) => T, otherwise: T): T =>
    fields.has(key) ? parse(fields.value(key), fields.place(key)) : otherwise
  const metric = read('metric', (value, at) => readChoice(value, metrics, at), 'cost')
  const window = readWindow(fields, metric, defaults, place)
  const written = read('each', parseEach, [])
  const each = window.kind === 'run' && !written.includes('run') ? [...written, 'run'] : written
  const terms = parseTerms(fields, metric, place)
  const zone = read('timezone', toZone, defaults.zone)
  const overrides = read('overrides', (value, at) => parseOverrides(value, { terms, metric, each }, at), [])
  checkMetric(metric, fields)
  if ([terms, ...overrides].every(({ mode }) => mode !== 'adaptive')) checkNotAdaptive(terms.mode, fields)
  const budget: Budget = {
    name,
    metric,
    where: read('where', parseWhere, []),
    each,
    window,
    zone,
    ...terms,
    overrides,
    increase: read('increase', (value, at) => parseIncrease(value, metric, zone, at), null),
    countsPlan: read('counts_plan', readYesNo, false),
    countsCacheReads: read('counts_cache_reads', readYesNo, true),
    ceiling: read<bigint | null>('ceiling', (value, at) => readCeiling(value, metric, at), null),
    learnBy: read('learn_by', parseEach, []),
    quantile: read('quantile', toQuantile, 0.9),
    origin: defaults.origin,
  }
  return { budget, warnings: warningsOf(budget, written) }
}

function readWindow(fields: BudgetFields, metric: Metric, { weekStart }: BudgetDefaults, place: InputPlace): Window {
  if (metric === 'concurrency') {
    const given = fields.value('window') ?? 'total'
    if (given === 'total') return { kind: 'total' }
    return fields.place('window').refuse(`is ${shown(given)}; what is open at the same time has no window: leave it out, or say total`)
  }
  if (!fields.has('window')) return place.refuse(`has no window; write ${windowGrammar}`)
  return parseWindow(fields.value('window'), weekStart, fields.place('window'))
}

function readCeiling(value: unknown, metric: Metric, at: InputPlace): bigint {
  const ceiling = parseHeld(value, metric, at)
  return ceiling === 0n
    ? at.refuse('is 0, so that what cannot be bounded would be granted for nothing; leave it out to refuse such requests')
    : ceiling
}

function checkMetric(metric: Metric, fields: BudgetFields): void {
  if (fields.has('counts_cache_reads') && metric !== 'tokens') {
    fields.place('counts_cache_reads').refuse(`is for metric tokens, and the metric is ${metric}`)
  }
  if (fields.has('ceiling') && (metric === 'calls' || metric === 'concurrency')) {
    fields.place('ceiling').refuse(`is for metrics cost and tokens: a request is always one of ${metric}`)
  }
}

function checkNotAdaptive(mode: Mode, fields: BudgetFields): void {
  for (const key of ['learn_by', 'quantile'] as const) {
    if (fields.has(key)) fields.place(key).refuse(`is for mode adaptive, and the mode is ${mode}`)
  }
}

function toQuantile(value: unknown, place: InputPlace): number {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && toDecimal(value) !== undefined)
  const share = isNumber ? Number(value) : 0
  return share > 0 && share <= 1 ? share : place.refuse(`is ${shown(value)}; it must be a share above 0 and at most 1, like 0.9`)
}

function toZone(value: unknown, place: InputPlace): string {
  if (typeof value !== 'string') return place.refuse(`is ${shown(value)}; it must be an IANA zone, like Europe/Paris`)
  return said(() => checkZone(value), place)
}

/** A date as the end of an increase is inclusive, as in every question about costs. */
function parseIncrease(value: unknown, metric: Metric, zone: string, place: InputPlace): Increase {
  const fields = readFields(value, ['by', 'until'], place, 'an amount and an end, like { by: 10, until: 2026-12-01 }')
  if (!fields.has('by') || !fields.has('until')) return place.refuse('must have an amount and an end, like { by: 10, until: 2026-12-01 }')
  const by = parseLimit(fields.value('by'), metric, fields.place('by'))
  if (by === 0n) return fields.place('by').refuse('is 0 and raises nothing; leave the increase out')
  const [until, at] = [fields.value('until'), fields.place('until')]
  if (typeof until !== 'string') return at.refuse(`is ${shown(until)}; it must be a date or a time, like 2026-12-01`)
  const instant = said(() => parseInstant(until, zone), at)
  return { by, until: /^\d{4}-\d{2}-\d{2}$/.test(until.trim()) ? startOf(zonedDate(instant, zone).add({ days: 1 }), zone) : instant }
}

function warningsOf(
  { name, metric, each, where, limit, tolerance, ceiling, mode, thresholds }: Budget,
  written: readonly string[],
): string[] {
  const warnings: string[] = []
  if (each.length > written.length) {
    warnings.push(`budget "${name}" has the window run, so it is kept apart by run too: each is now ${each.join(', ')}.`)
  }
  if ([...each, ...where.map(({ field }) => field)].includes('service')) {
    warnings.push(`budget "${name}" goes by the label service; calls without that label count as having none, whoever serves them.`)
  }
  const tiny = thresholds.find(({ percent }) => percent < 1)
  if (tiny !== undefined) warnings.push(`budget "${name}" has a threshold at ${tiny.percent} % of its limit; four fifths are 80 %.`)
  if (ceiling !== null && mode !== 'soft' && ceiling > limit + tolerance) {
    const [most, held] = [limit + tolerance, ceiling].map((amount) => formatAmount(metric, amount))
    warnings.push(`budget "${name}" holds its ceiling of ${held} for a request without a bound, which never fits within ${most}.`)
  }
  return warnings
}
