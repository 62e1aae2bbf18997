import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { addPackedMeters, packMeterTotals, zeroMeterTotals } from '../../ledger/meter-totals.ts'
import type { RollupChanges, RowChange } from '../../ledger/rollup-changes.ts'
import { nanos } from '../../money/nanos.ts'
import { measureColumnNames } from './schema.ts'

/** Adds a transaction's changes to the rollup tables, one upsert a row. */
export class RollupWriter {
  readonly #slots: StatementSync
  readonly #days: StatementSync
  readonly #subjectDays: StatementSync
  readonly #dropEmpty: readonly string[]
  readonly #database: DatabaseSync

  /** `schema`: `main`, or `temp` for sums that are worked out anew beside those that are kept. */
  constructor(database: DatabaseSync, schema: 'main' | 'temp' = 'main') {
    this.#database = database
    database.function('add_meters', { deterministic: true }, (stored, added) => addMeters(stored as Uint8Array, added as Uint8Array))
    this.#slots = database.prepare(upsert(`${schema}.slots`, ['slot', 'series', 'sku']))
    this.#days = database.prepare(upsert(`${schema}.days`, ['day', 'series', 'sku']))
    this.#subjectDays = database.prepare(upsert(`${schema}.subject_days`, ['subject', 'day', 'series', 'sku']))
    this.#dropEmpty = ['slots', 'days', 'subject_days'].map(
      (table) =>
        `DELETE FROM ${schema}.${table} WHERE ${measureColumnNames.map((column) => `${column} = 0`).join(' AND ')} AND length(meters) = 0`,
    )
  }

  write(changes: RollupChanges): void {
    for (const { key, change } of changes.slots) this.#slots.run(...key, ...values(change))
    for (const { key, change } of changes.days) this.#days.run(...key, ...values(change))
    for (const [subject, rows] of changes.subjectDays) {
      for (const { key, change } of rows) this.#subjectDays.run(subject, ...key, ...values(change))
    }
  }

  /** Deletes rows that sum nothing, as they are left when charges are taken out. */
  dropEmptyRows(): void {
    for (const statement of this.#dropEmpty) this.#database.exec(statement)
  }
}

function upsert(table: string, key: readonly string[]): string {
  const columns = [...key, ...measureColumnNames, 'meters']
  const sums = measureColumnNames.map((column) => `${column} = ${column} + excluded.${column}`)
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET ${sums.join(', ')}, meters = add_meters(meters, excluded.meters)`
}

function values({ measures, totals }: RowChange): (number | bigint | Uint8Array)[] {
  return [
    measures.calls,
    nanos(measures.costNanos),
    measures.unpricedCalls,
    measures.partialCalls,
    measures.estimatedCalls,
    nanos(measures.estimatedNanos),
    measures.inputTokens,
    measures.cacheReadTokens,
    measures.cacheWriteTokens,
    measures.outputTokens,
    packMeterTotals(totals),
  ]
}

function addMeters(stored: Uint8Array, added: Uint8Array): Uint8Array {
  const totals = zeroMeterTotals()
  addPackedMeters(totals, stored)
  addPackedMeters(totals, added)
  return packMeterTotals(totals)
}
