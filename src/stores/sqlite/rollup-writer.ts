import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { addPackedMeters, packMeterTotals, zeroMeterTotals } from '../../ledger/meter-totals.ts'
import type { RollupChanges, RowChange } from '../../ledger/rollup-changes.ts'
import { measureCells, measureColumnNames, rollupKeys } from '../rollup-tables.ts'

/** Adds a transaction's changes to the rollup tables, one upsert a row. */
export class RollupWriter {
  readonly #slots: RowStatements
  readonly #days: RowStatements
  readonly #subjectDays: RowStatements

  /** `schema`: `main`, or `temp` for sums that are worked out anew beside those that are kept. */
  constructor(database: DatabaseSync, schema: 'main' | 'temp' = 'main') {
    database.function('add_meters', { deterministic: true }, (stored, added) => addMeters(stored as Uint8Array, added as Uint8Array))
    this.#slots = prepare(database, schema, 'slots')
    this.#days = prepare(database, schema, 'days')
    this.#subjectDays = prepare(database, schema, 'subject_days')
  }

  write(changes: RollupChanges): void {
    for (const { key, change } of changes.slots) write(this.#slots, key, change)
    for (const { key, change } of changes.days) write(this.#days, key, change)
    for (const [subject, rows] of changes.subjectDays) {
      for (const { key, change } of rows) write(this.#subjectDays, [subject, ...key], change)
    }
  }
}

interface RowStatements {
  readonly add: StatementSync
  readonly dropIfEmpty: StatementSync
}

function prepare(database: DatabaseSync, schema: string, table: keyof typeof rollupKeys): RowStatements {
  const key = rollupKeys[table]
  const isEmpty = [...measureColumnNames.map((column) => `${column} = 0`), 'length(meters) = 0']
  return {
    add: database.prepare(upsert(`${schema}.${table}`, key)),
    dropIfEmpty: database.prepare(
      `DELETE FROM ${schema}.${table} WHERE ${[...key.map((column) => `${column} = ?`), ...isEmpty].join(' AND ')}`,
    ),
  }
}

/** A row from which charges were taken out, and which sums nothing any more, is deleted. */
function write({ add, dropIfEmpty }: RowStatements, key: readonly number[], change: RowChange): void {
  add.run(...key, ...measureCells(change.measures), packMeterTotals(change.totals))
  if (change.measures.calls <= 0) dropIfEmpty.run(...key)
}

function upsert(table: string, key: readonly string[]): string {
  const columns = [...key, ...measureColumnNames, 'meters']
  const sums = measureColumnNames.map((column) => `${column} = ${column} + excluded.${column}`)
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT DO UPDATE SET ${sums.join(', ')}, meters = add_meters(meters, excluded.meters)`
}

function addMeters(stored: Uint8Array, added: Uint8Array): Uint8Array {
  const totals = zeroMeterTotals()
  addPackedMeters(totals, stored)
  addPackedMeters(totals, added)
  return packMeterTotals(totals)
}
