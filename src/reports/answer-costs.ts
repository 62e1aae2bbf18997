import { PurserError } from '../errors.ts'
import type { Charge, Labels } from '../ledger/charge.ts'
import { type CostQuery, type Field, type Filter, passes, resolveField } from '../ledger/cost-query.ts'
import { type CostTable, CostTableBuilder } from '../ledger/cost-table.ts'
import { addCharge, type Measures, zeroMeasures } from '../ledger/measures.ts'
import { addPackedMeters, type MeterTotals, zeroMeterTotals } from '../ledger/meter-totals.ts'
import type { Sku } from '../ledger/sku.ts'
import { createBucketNamer, createDayNamer } from '../ledger/time-buckets.ts'
import type { RollupSource, Store } from '../stores/store.ts'
import { type Calendar, createCalendar, slotMs, slotOf } from '../time/calendar.ts'

/** What is known of one sum: when, whose, of what. `subjects` holds the labels that have totals of their own. */
interface Sum {
  readonly time: string | null
  readonly labels: Labels
  readonly subjects: Labels
  readonly sku: Sku
  readonly measures: Measures
  readonly meters: MeterTotals | undefined
}

interface Plan {
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

/**
 * Answers a question from the sums that the ledger keeps: day rows where its days are the ledger's, else quarter-hour
 * rows; the day rows of a subject where it asks for one. Only what no sum can tell, such as two subjects at once or a
 * subject by the hour, is added up from the charges of the period.
 * @throws PURSER_BAD_QUERY
 */
export async function answerCosts(store: Store, query: CostQuery): Promise<CostTable> {
  const plan = makePlan(store, query)
  const builder = new CostTableBuilder(plan.fields.findIndex((field) => field.kind === 'meter'))
  for await (const sum of sums(store, plan)) addSum(builder, plan, sum)
  await addRuns(store, plan, builder)
  return builder.build(query.sort, query.descending, plan.timeUnit !== undefined, query.limit)
}

function makePlan(store: Store, query: CostQuery): Plan {
  const fields = query.groupBy.map((name) => resolveField(name, store.subjects))
  const filters = query.where.map((filter) => ({ field: resolveField(filter.field, store.subjects), filter }))
  const units = fields.filter((field) => field.kind === 'time')
  if (units.length > 1)
    throw new PurserError('PURSER_BAD_QUERY', `Rows go by one span of time; ${units.map((unit) => unit.name).join(' and ')} are two.`)
  if (new Set(query.groupBy).size < query.groupBy.length) throw new PurserError('PURSER_BAD_QUERY', 'A field stands twice in the grouping.')
  for (const { field } of filters) {
    if (field.kind === 'time' || field.kind === 'meter') {
      throw new PurserError('PURSER_BAD_QUERY', `Rows cannot be filtered by ${field.name}; use --since and --until, or group by it.`)
    }
  }
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

async function* sums(store: Store, plan: Plan): AsyncIterable<Sum> {
  const [subject, second] = plan.subjects
  if (subject === undefined) yield* rollupSums(store, plan, plan.inLedgerDays ? { rows: 'days' } : { rows: 'slots' })
  else if (second === undefined && plan.inLedgerDays && isToldBySubjectRows(plan)) yield* subjectSums(store, plan, subject)
  else yield* chargeSums(store, plan)
}

/** A filter that a missing subject cannot pass: then the subject's own rows are all there is to read. */
function needsSubject({ field, filter }: Plan['filters'][number]): boolean {
  return field.kind === 'subject' && !passes(filter, null)
}

/** Rows without the subject are a remainder, which only filters that all need the subject, or none of them, can be told of. */
function isToldBySubjectRows(plan: Plan): boolean {
  return plan.filters.every((entry) => entry.field.kind !== 'subject' || needsSubject(entry))
}

async function* rollupSums(store: Store, plan: Plan, source: RollupSource): AsyncIterable<Sum> {
  const { query, calendar, timeUnit, byMeter } = plan
  const bySlot = source.rows === 'slots'
  const bound = (ms: number): number => (bySlot ? checkedSlot(ms) : calendar.dayOf(ms))
  const from = query.sinceMs === undefined ? 0 : bound(query.sinceMs)
  const to = query.untilMs === undefined ? Number.MAX_SAFE_INTEGER : bound(query.untilMs)
  const rows = await store.rollups({ source, from, to, byTime: timeUnit !== undefined, byMeter })
  const nameSlot = bySlot && timeUnit !== undefined ? createBucketNamer(timeUnit, query.timezone, query.weekStart) : undefined
  const nameDay = !bySlot && timeUnit !== undefined ? createDayNamer(timeUnit, query.weekStart) : undefined
  for (const row of rows) {
    yield {
      time: nameSlot?.(row.time * slotMs) ?? nameDay?.(row.time) ?? null,
      labels: store.series(row.series),
      subjects: source.rows === 'subjects' && row.subject !== null ? { [source.subject]: row.subject } : {},
      sku: store.sku(row.sku),
      measures: row.measures,
      meters: byMeter ? unpack(row.meters) : undefined,
    }
  }
}

function checkedSlot(ms: number): number {
  if (ms % slotMs === 0) return slotOf(ms)
  const before = new Date(slotOf(ms) * slotMs).toISOString()
  throw new PurserError(
    'PURSER_BAD_QUERY',
    `${new Date(ms).toISOString()} is not on a quarter of an hour, and sums are kept by quarters. The one before is ${before}.`,
  )
}

function unpack(packed: readonly Uint8Array[]): MeterTotals {
  const totals = zeroMeterTotals()
  for (const bytes of packed) addPackedMeters(totals, bytes)
  return totals
}

/** The rows of each subject value, and, as what is left of all rows, those of calls without the subject. */
async function* subjectSums(store: Store, plan: Plan, subject: string): AsyncIterable<Sum> {
  yield* rollupSums(store, plan, { rows: 'subjects', subject })
  if (plan.filters.some(needsSubject)) return
  yield* rollupSums(store, plan, { rows: 'days' })
  for await (const sum of rollupSums(store, plan, { rows: 'subjects', subject })) yield { ...negated(sum), subjects: {} }
}

function negated(sum: Sum): Sum {
  const measures = zeroMeasures()
  for (const name of Object.keys(measures) as (keyof Measures)[]) {
    if (name === 'costNanos' || name === 'estimatedNanos') measures[name] = -sum.measures[name]
    else measures[name] = -sum.measures[name]
  }
  const meters = sum.meters && {
    quantities: sum.meters.quantities.map((quantity) => -quantity),
    nanos: sum.meters.nanos.map((nanos) => -nanos),
  }
  return { ...sum, measures, meters }
}

async function* chargeSums(store: Store, plan: Plan): AsyncIterable<Sum> {
  const name = plan.timeUnit && createBucketNamer(plan.timeUnit, plan.query.timezone, plan.query.weekStart)
  for await (const charge of chargesOf(store, plan)) {
    const measures = zeroMeasures()
    const meters = zeroMeterTotals()
    addCharge(measures, meters, charge)
    yield {
      time: name?.(slotOf(charge.at) * slotMs) ?? null,
      labels: charge.labels,
      subjects: charge.labels,
      sku: charge,
      measures,
      meters: plan.byMeter ? meters : undefined,
    }
  }
}

function chargesOf(store: Store, plan: Plan): AsyncIterable<Charge> {
  const { sinceMs, untilMs } = plan.query
  const one = plan.filters.find(({ field, filter }) => field.kind === 'subject' && filter.op === 'equals')
  return store.charges({
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(one?.filter.values[0] !== undefined && { subject: { kind: one.field.name, value: one.filter.values[0] } }),
  })
}

function addSum(builder: CostTableBuilder, plan: Plan, sum: Sum): void {
  if (!isAsked(plan, sum)) return
  builder.add({ key: keyOf(plan, sum), isPlan: sum.sku.basis === 'plan', measures: sum.measures, meters: sum.meters })
}

function isAsked(plan: Plan, sum: Sum): boolean {
  return plan.filters.every(({ field, filter }) => passes(filter, valueOf(field, sum)))
}

function keyOf(plan: Plan, sum: Sum): (string | null)[] {
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
      return sum.labels['service'] ?? sum.sku.provider
    case 'subject':
      return sum.subjects[field.name] ?? null
    case 'dimension':
      return sum.labels[field.name] ?? null
  }
}

/** Distinct runs of each group: from the rows of runs where those can tell, else from the charges. */
async function addRuns(store: Store, plan: Plan, builder: CostTableBuilder): Promise<void> {
  if (!store.subjects.has('run')) return
  const runs: Plan = { ...plan, subjects: [...new Set([...plan.subjects, 'run'])], byMeter: false }
  const source: AsyncIterable<Sum> =
    runs.subjects.length === 1 && plan.inLedgerDays
      ? rollupSums(store, runs, { rows: 'subjects', subject: 'run' })
      : runChargeSums(store, runs)
  for await (const sum of source) {
    const run = sum.subjects['run']
    if (run !== undefined && sum.measures.calls > 0 && isAsked(plan, sum)) builder.addRun(keyOf(plan, sum), run)
  }
}

async function* runChargeSums(store: Store, plan: Plan): AsyncIterable<Sum> {
  if (await store.hasSubject('run')) yield* chargeSums(store, plan)
}
