import { PurserError } from '../errors.ts'
import type { Charge } from '../ledger/charge.ts'
import { passes } from '../ledger/cost-query.ts'
import { addCharge, type Measures, zeroMeasures } from '../ledger/measures.ts'
import { addPackedMeters, type MeterTotals, zeroMeterTotals } from '../ledger/meter-totals.ts'
import { createBucketNamer, createDayNamer } from '../ledger/time-buckets.ts'
import type { RollupSource, Store } from '../stores/store.ts'
import { slotMs, slotOf } from '../time/calendar.ts'
import type { CostPlan, Sum } from './cost-plan.ts'

/**
 * The sums that answer a question: day rows where its days are the ledger's, else quarter-hour rows; the day rows of a
 * subject where it asks for one. Only what no sum can tell, such as two subjects at once or a subject by the hour, is
 * added up from the charges of the period.
 */
export async function* readSums(store: Store, plan: CostPlan): AsyncIterable<Sum> {
  const [subject, second] = plan.subjects
  if (subject === undefined) yield* rollupSums(store, plan, plan.inLedgerDays ? { rows: 'days' } : { rows: 'slots' })
  else if (second === undefined && plan.inLedgerDays && isToldBySubjectRows(plan)) yield* subjectSums(store, plan, subject)
  else yield* chargeSums(store, plan)
}

/** A filter that a missing subject cannot pass: then the subject's own rows are all there is to read. */
function needsSubject({ field, filter }: CostPlan['filters'][number]): boolean {
  return field.kind === 'subject' && !passes(filter, null)
}

/** Rows without the subject are a remainder, which only filters that all need the subject, or none of them, can be told of. */
function isToldBySubjectRows(plan: CostPlan): boolean {
  return plan.filters.every((entry) => entry.field.kind !== 'subject' || needsSubject(entry))
}

async function* rollupSums(store: Store, plan: CostPlan, source: RollupSource): AsyncIterable<Sum> {
  const { query, timeUnit, byMeter } = plan
  const bySlot = source.rows === 'slots'
  const { from, to } = bySlot ? bounds(plan, checkedSlot) : dayBounds(plan)
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
async function* subjectSums(store: Store, plan: CostPlan, subject: string): AsyncIterable<Sum> {
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

export async function* chargeSums(store: Store, plan: CostPlan): AsyncIterable<Sum> {
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

function chargesOf(store: Store, plan: CostPlan): AsyncIterable<Charge> {
  const { sinceMs, untilMs } = plan.query
  const one = plan.filters.find(({ field, filter }) => field.kind === 'subject' && filter.op === 'equals')
  return store.charges({
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(one?.filter.values[0] !== undefined && { subject: { kind: one.field.name, value: one.filter.values[0] } }),
  })
}

/** First and last day of the question, the last exclusive. */
export function dayBounds(plan: CostPlan): { from: number; to: number } {
  return bounds(plan, plan.calendar.dayOf)
}

function bounds({ query }: CostPlan, place: (ms: number) => number): { from: number; to: number } {
  return {
    from: query.sinceMs === undefined ? 0 : place(query.sinceMs),
    to: query.untilMs === undefined ? Number.MAX_SAFE_INTEGER : place(query.untilMs),
  }
}
