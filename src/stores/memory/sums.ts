import type { Charge, Labels } from '../../ledger/charge.ts'
import { splitLabels } from '../../ledger/labels.ts'
import { addCharge, sumsNothing, zeroMeasures } from '../../ledger/measures.ts'
import { type MeterTotals, packMeterTotals, zeroMeterTotals } from '../../ledger/meter-totals.ts'
import { type Sku, skuFields, skuKey } from '../../ledger/sku.ts'
import { nanos } from '../../money/nanos.ts'
import { type Calendar, slotOf } from '../../time/calendar.ts'
import type { RollupQuery, RollupRow, RollupSource, SharedCost, Store, SubjectRows } from '../store.ts'
import { Numbering } from './numbering.ts'

interface Sum {
  readonly row: Omit<RollupRow, 'meters'>
  readonly totals: MeterTotals
}

/** Sums of a ledger in memory: none is kept, each is added up from the charges when it is asked for. */
export class Sums {
  readonly #calendar: Calendar
  readonly #subjects: ReadonlySet<string>
  readonly #charges: () => Iterable<Charge>
  readonly #series = new Numbering<Labels>()
  readonly #skus = new Numbering<Sku>()
  readonly #subjectValues = new Numbering<string>()

  constructor(calendar: Calendar, subjects: ReadonlySet<string>, charges: () => Iterable<Charge>) {
    this.#calendar = calendar
    this.#subjects = subjects
    this.#charges = charges
  }

  series(number: number): Labels {
    return this.#series.valueOf(number)
  }

  sku(number: number): Sku {
    return this.#skus.valueOf(number)
  }

  rollups(query: RollupQuery): RollupRow[] {
    return this.#add(query).map(({ row, totals }) => ({ ...row, meters: query.byMeter ? [packMeterTotals(totals)] : [] }))
  }

  subjectRows({ subject, from, to, byTime }: Parameters<Store['subjectRows']>[0]): SubjectRows {
    const sums = this.#add({ source: { rows: 'subjects', subject }, from, to, byTime })
    const found = sums.filter(({ row }) => !sumsNothing(row.measures))
    const rows = found.map(
      ({ row }) => [this.#subjectValues.numberOf(`${subject}\n${row.subject}`, String), row.time, row.series, row.sku] as const,
    )
    return { rows: rows.toSorted(([a], [b]) => a - b), skus: this.#skus.next }
  }

  sharedCosts({ kind, value, by }: Parameters<Store['sharedCosts']>[0]): SharedCost[] {
    const rows: SharedCost[] = []
    for (const charge of this.#charges()) {
      const subjects = new Map(splitLabels(charge.labels, this.#subjects).subjects)
      const shared = subjects.get(by)
      if (subjects.get(kind) !== value || shared === undefined) continue
      const sku = this.#skus.numberOf(skuKey(charge), () => skuOf(charge))
      rows.push({ value: shared, sku, costNanos: charge.costNanos ?? 0n })
    }
    return rows
  }

  /**
   * How many rows other stores would keep for these charges.
   * @throws PURSER_AMOUNT_OUT_OF_RANGE, PURSER_INVARIANT where one of them would be beyond what a row can hold
   */
  countRows(): number {
    const kinds = [...this.#subjects].map((subject) => ({ rows: 'subjects', subject }) as const)
    const sources: RollupSource[] = [{ rows: 'slots' }, { rows: 'days' }, ...kinds]
    let count = 0
    for (const source of sources) {
      for (const { row } of this.#add({ source, from: 0, to: Number.MAX_SAFE_INTEGER, byTime: true })) {
        nanos(row.measures.costNanos)
        nanos(row.measures.estimatedNanos)
        count += 1
      }
    }
    return count
  }

  #add(query: Omit<RollupQuery, 'byMeter'>): Sum[] {
    const sums = new Map<string, Sum>()
    for (const charge of this.#charges()) {
      const place = this.#placeOf(charge, query)
      if (place === undefined) continue
      const key = JSON.stringify(place)
      const sum = sums.get(key) ?? { row: { ...place, measures: zeroMeasures() }, totals: zeroMeterTotals() }
      sums.set(key, sum)
      addCharge(sum.row.measures, sum.totals, charge)
    }
    return [...sums.values()]
  }

  /** The row that a charge belongs to; undefined where the question does not ask for it. */
  #placeOf(charge: Charge, { source, from, to, byTime }: Omit<RollupQuery, 'byMeter'>): Omit<RollupRow, 'measures' | 'meters'> | undefined {
    const time = source.rows === 'slots' ? slotOf(charge.at) : this.#calendar.dayOf(charge.at)
    if (time < from || time >= to) return undefined
    const { dimensions, subjects } = splitLabels(charge.labels, this.#subjects)
    const subject = source.rows === 'subjects' ? subjects.find(([kind]) => kind === source.subject)?.[1] : null
    if (subject === undefined) return undefined
    if (source.rows === 'subjects' && source.value !== undefined && subject !== source.value) return undefined
    return {
      time: byTime ? time : 0,
      series: this.#series.numberOf(JSON.stringify(dimensions), () => Object.fromEntries(dimensions)),
      sku: this.#skus.numberOf(skuKey(charge), () => skuOf(charge)),
      subject,
    }
  }
}

function skuOf(charge: Charge): Sku {
  return Object.fromEntries(skuFields.map((field) => [field, charge[field]])) as unknown as Sku
}
