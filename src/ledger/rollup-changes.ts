import { addMeasures, type Measures, zeroMeasures } from './measures.ts'
import { addToMeter, type MeterTotals } from './meter-totals.ts'

/** What is to be added to one rollup row. */
export interface RowChange {
  readonly measures: Measures
  readonly totals: MeterTotals
}

/** What one charge adds to every rollup row that it belongs to. */
export interface Contribution {
  readonly slot: number
  readonly day: number
  readonly series: number
  readonly sku: number
  readonly subjects: readonly number[]
  readonly change: RowChange
}

export interface ChangedRow {
  readonly key: readonly number[]
  readonly change: RowChange
}

/** Collects what a transaction changes in the rollups, so that each row is written once however many charges it sums. */
export class RollupChanges {
  readonly slots = new RowChanges()
  readonly days = new RowChanges()
  readonly subjectDays = new Map<number, RowChanges>()

  add(contribution: Contribution): void {
    const { slot, day, series, sku, subjects, change } = contribution
    this.slots.add(slot, series, sku, change)
    this.days.add(day, series, sku, change)
    for (const subject of subjects) {
      let rows = this.subjectDays.get(subject)
      if (rows === undefined) this.subjectDays.set(subject, (rows = new RowChanges()))
      rows.add(day, series, sku, change)
    }
  }
}

/** Changes of rows keyed by time, series and sku. */
export class RowChanges {
  readonly #bySeries = new Map<number, Map<number, Map<number, RowChange>>>()

  add(time: number, series: number, sku: number, change: RowChange): void {
    let bySku = this.#bySeries.get(series)
    if (bySku === undefined) this.#bySeries.set(series, (bySku = new Map()))
    let byTime = bySku.get(sku)
    if (byTime === undefined) bySku.set(sku, (byTime = new Map()))
    let row = byTime.get(time)
    if (row === undefined) byTime.set(time, (row = { measures: zeroMeasures(), totals: new Map() }))
    addMeasures(row.measures, change.measures)
    for (const [meter, total] of change.totals) addToMeter(row.totals, meter, total.quantity, total.nanos)
  }

  *[Symbol.iterator](): Iterator<ChangedRow> {
    for (const [series, bySku] of this.#bySeries) {
      for (const [sku, byTime] of bySku) {
        for (const [time, change] of byTime) yield { key: [time, series, sku], change }
      }
    }
  }
}
