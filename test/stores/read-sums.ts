import type { Labels } from '../../src/ledger/charge.ts'
import { addMeasures, type Measures, zeroMeasures } from '../../src/ledger/measures.ts'
import { addPackedMeters, meterEntries, zeroMeterTotals } from '../../src/ledger/meter-totals.ts'
import type { Sku } from '../../src/ledger/sku.ts'
import type { RollupQuery, RollupSource, Store } from '../../src/stores/store.ts'

/** A row of sums with what its numbers stand for, which each store gives out as it likes. */
export interface ReadSum {
  readonly time: number
  readonly labels: Labels
  readonly sku: Sku
  readonly subject: string | null
  readonly measures: Measures
  /** Quantity in units of the meter's scale, and nanos, of each meter; empty where they were not asked for. */
  readonly meters: Readonly<Record<string, readonly [number, bigint]>>
}

const always = { from: 0, to: Number.MAX_SAFE_INTEGER }

/** Sums of days, of all time and by meter unless said otherwise; in an order that is the same for every store. */
export async function readSums(
  store: Store,
  rows: 'days' | 'slots' | { readonly subject: string },
  more: Partial<Omit<RollupQuery, 'source'>> = {},
): Promise<ReadSum[]> {
  const source: RollupSource = typeof rows === 'string' ? { rows } : { rows: 'subjects', subject: rows.subject }
  const [found = []] = await store.rollups([{ source, ...always, byTime: true, byMeter: true, ...more }])
  const sums = new Map<string, { sum: Omit<ReadSum, 'meters'>; totals: ReturnType<typeof zeroMeterTotals> }>()
  for (const { time, series, sku, subject, measures, meters } of found) {
    const place = { time, labels: store.series(series), sku: store.sku(sku), subject }
    const key = JSON.stringify([time, Object.entries(place.labels).toSorted(), Object.values(place.sku), subject])
    const sum = sums.get(key) ?? { sum: { ...place, measures: zeroMeasures() }, totals: zeroMeterTotals() }
    sums.set(key, sum)
    addMeasures(sum.sum.measures, measures)
    for (const packed of meters) addPackedMeters(sum.totals, packed)
  }
  return [...sums]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { sum, totals }]) => ({
      ...sum,
      meters: Object.fromEntries([...meterEntries(totals)].map(({ meter, quantity, nanos }) => [meter, [quantity, nanos] as const])),
    }))
}

/** Which series and skus each value of a subject stands in: one text for each value, in an order that is the same for every store. */
export async function readSubjectRows(store: Store, subject: string, byTime: boolean, { from, to } = always): Promise<string[]> {
  const { rows, skus } = await store.subjectRows({ subject, from, to, byTime })
  const places = new Map<number, string[]>()
  let last: number | undefined
  for (const [value, time, series, sku] of rows) {
    if (value !== last && places.has(value)) throw new Error('Rows of one subject value do not stand together.')
    if (sku >= skus) throw new Error(`Sku ${sku} is not below ${skus}.`)
    last = value
    const labels = Object.entries(store.series(series)).toSorted()
    places.set(value, [...(places.get(value) ?? []), JSON.stringify([time, labels, Object.values(store.sku(sku))])])
  }
  return [...places.values()].map((each) => each.toSorted().join('\n')).toSorted()
}
