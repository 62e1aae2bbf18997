import { PurserError } from '../errors.ts'
import type { Charge, Labels } from '../ledger/charge.ts'
import { passes } from '../ledger/cost-query.ts'
import { addCharge, addMeasures, measureNames, zeroMeasures } from '../ledger/measures.ts'
import { addMeterTotals, addPackedMeters, type MeterTotals, zeroMeterTotals } from '../ledger/meter-totals.ts'
import { createBucketNamer, createDayNamer } from '../ledger/time-buckets.ts'
import type { RollupRow, Store } from '../stores/store.ts'
import { slotMs, slotOf } from '../time/calendar.ts'
import { onlySubject } from './charge-filters.ts'
import type { CostPlan, Sum } from './cost-plan.ts'

/**
 * The sums that answer a question: day rows where its days are the ledger's, else quarter-hour rows; the day rows of a
 * subject where it asks for one. Only what no sum can tell, such as two subjects at once or a subject by the hour, is
 * added up from the charges of the period.
 */
export async function* readSums(store: Store, plan: CostPlan): AsyncIterable<Sum> {
  const [subject, second] = plan.subjects
  if (subject === undefined) yield* rollupSums(store, plan, plan.inLedgerDays ? 'days' : 'slots')
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

async function* rollupSums(store: Store, plan: CostPlan, rows: 'days' | 'slots'): AsyncIterable<Sum> {
  const range = rows === 'slots' ? bounds(plan, checkedSlot) : dayBounds(plan)
  const [found = []] = await store.rollups([{ source: { rows }, ...range, byTime: plan.timeUnit !== undefined, byMeter: plan.byMeter }])
  const toSum = sumMaker(store, plan, rows === 'slots')
  for (const row of found) yield toSum(row, {})
}

function sumMaker(store: Store, plan: CostPlan, bySlot: boolean): (row: RollupRow, subjects: Labels) => Sum {
  const { query, timeUnit, byMeter } = plan
  const nameSlot = timeUnit && bySlot ? createBucketNamer(timeUnit, query.timezone, query.weekStart) : undefined
  const nameDay = timeUnit && !bySlot ? createDayNamer(timeUnit, query.weekStart) : undefined
  return (row, subjects) => ({
    time: nameSlot?.(row.time * slotMs) ?? nameDay?.(row.time) ?? null,
    labels: store.series(row.series),
    subjects,
    sku: store.sku(row.sku),
    measures: row.measures,
    meters: byMeter ? unpack(row.meters) : undefined,
  })
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
  const asked = { ...dayBounds(plan), byTime: plan.timeUnit !== undefined, byMeter: plan.byMeter }
  const withRest = !plan.filters.some(needsSubject)
  const value = onlySubject(plan)?.value
  const [own = [], all = []] = await store.rollups([
    { ...asked, source: { rows: 'subjects', subject, ...(value !== undefined && { value }) } },
    ...(withRest ? [{ ...asked, source: { rows: 'days' } } as const] : []),
  ])
  const toSum = sumMaker(store, plan, false)
  const taken = new Map<string, Sum>()
  for (const row of own) {
    const sum = toSum(row, row.subject === null ? {} : { [subject]: row.subject })
    yield sum
    if (withRest) take(taken, placeOf(row), sum)
  }
  for (const row of all) {
    const place = placeOf(row)
    yield without(toSum(row, {}), taken.get(place))
    // By meter a place has several rows; what is taken is taken once.
    taken.delete(place)
  }
}

function placeOf({ time, series, sku }: RollupRow): string {
  return `${time} ${series} ${sku}`
}

function take(taken: Map<string, Sum>, place: string, sum: Sum): void {
  const known = taken.get(place)
  if (known === undefined) {
    taken.set(place, { ...sum, measures: { ...sum.measures }, meters: sum.meters && structuredClone(sum.meters) })
    return
  }
  addMeasures(known.measures, sum.measures)
  if (known.meters !== undefined && sum.meters !== undefined) addMeterTotals(known.meters, sum.meters)
}

function without(sum: Sum, taken: Sum | undefined): Sum {
  if (taken === undefined) return sum
  const measures = { ...sum.measures }
  for (const name of measureNames) {
    if (name === 'costNanos' || name === 'estimatedNanos') measures[name] -= taken.measures[name]
    else measures[name] -= taken.measures[name]
  }
  const meters = sum.meters && {
    quantities: sum.meters.quantities.map((quantity, code) => quantity - (taken.meters?.quantities[code] ?? 0)),
    nanos: sum.meters.nanos.map((nanos, code) => nanos - (taken.meters?.nanos[code] ?? 0n)),
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

/** Charges among which those are that pass the filters of a question; found by a subject where one is named. */
export function chargesOf(store: Store, plan: CostPlan): AsyncIterable<Charge> {
  const { sinceMs, untilMs } = plan.query
  const one = onlySubject(plan)
  return store.charges({
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(one !== undefined && { subject: one }),
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
