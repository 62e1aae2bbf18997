import type { ChargeDraft } from './draft-charge.ts'
import { addCharge, type Measures, zeroMeasures } from './measures.ts'
import { type MeterTotals, zeroMeterTotals } from './meter-totals.ts'

/** What is to be added to one rollup row. */
export interface RowChange {
  readonly measures: Measures
  readonly totals: MeterTotals
}

/** A charge that is put into the sums, or with `sign` -1 taken out of them, and the rows that it belongs to. */
export interface Contribution {
  readonly charge: ChargeDraft
  readonly sign: 1 | -1
  readonly slot: number
  readonly day: number
  readonly series: number
  readonly sku: number
  readonly subjects: readonly number[]
}

export interface ChangedRow {
  readonly key: readonly number[]
  readonly change: RowChange
}

/** Collects what a transaction changes in the rollups, so that each row is written once however many charges it sums. */
export class RollupChanges {
  slots = new RowChanges()
  days = new RowChanges()
  readonly subjectDays = new Map<number, RowChanges>()

  clear(): void {
    this.slots = new RowChanges()
    this.days = new RowChanges()
    this.subjectDays.clear()
  }

  add(contribution: Contribution): void {
    this.slots.add(contribution.slot, contribution)
    this.days.add(contribution.day, contribution)
    for (const subject of contribution.subjects) {
      let rows = this.subjectDays.get(subject)
      if (rows === undefined) this.subjectDays.set(subject, (rows = new RowChanges()))
      rows.add(contribution.day, contribution)
    }
  }
}

/** Changes of rows keyed by time, series and sku. */
export class RowChanges {
  readonly #bySeries = new Map<number, Map<number, Map<number, RowChange>>>()

  add(time: number, { series, sku, charge, sign }: Contribution): void {
    let bySku = this.#bySeries.get(series)
    if (bySku === undefined) this.#bySeries.set(series, (bySku = new Map()))
    let byTime = bySku.get(sku)
    if (byTime === undefined) bySku.set(sku, (byTime = new Map()))
    let row = byTime.get(time)
    if (row === undefined) byTime.set(time, (row = { measures: zeroMeasures(), totals: zeroMeterTotals() }))
    addCharge(row.measures, row.totals, charge, sign)
  }

  *[Symbol.iterator](): Iterator<ChangedRow> {
    for (const [series, bySku] of this.#bySeries) {
      for (const [sku, byTime] of bySku) {
        for (const [time, change] of byTime) yield { key: [time, series, sku], change }
      }
    }
  }
}
