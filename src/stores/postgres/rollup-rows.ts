import { addPackedMeters, packMeterTotals } from '../../ledger/meter-totals.ts'
import type { RollupChanges, RowChange } from '../../ledger/rollup-changes.ts'
import { measureCells, measureColumnNames, rollupKeys, type RollupTable, rollupTableNames } from '../rollup-tables.ts'
import type { Row, Statement } from './statement.ts'

/** A row of a table of sums that is to be changed. */
interface Changed {
  readonly key: readonly number[]
  readonly change: RowChange
}

/** All rows that changes touch, by table. */
export function changedRows(changes: RollupChanges): Readonly<Record<RollupTable, readonly Changed[]>> {
  const subjectDays: Changed[] = []
  for (const [subject, rows] of changes.subjectDays) {
    for (const { key, change } of rows) subjectDays.push({ key: [subject, ...key], change })
  }
  return { slots: [...changes.slots], days: [...changes.days], subject_days: subjectDays }
}

/**
 * Sums by meter are packed, so they are read, added to, and written back; nobody else writes meanwhile. What is known
 * here is good for one transaction.
 */
export class StoredMeters {
  readonly #wanted: Record<RollupTable, Map<string, readonly number[]>> = { slots: new Map(), days: new Map(), subject_days: new Map() }
  readonly #known: Record<RollupTable, Map<string, Uint8Array | null>> = { slots: new Map(), days: new Map(), subject_days: new Map() }

  want(table: RollupTable, key: readonly number[]): void {
    const name = key.join(' ')
    if (!this.#known[table].has(name)) this.#wanted[table].set(name, key)
  }

  /** What is stored for a row that was wanted; undefined where there is no such row. */
  of(table: RollupTable, key: readonly number[]): Uint8Array | undefined {
    return this.#known[table].get(key.join(' ')) ?? undefined
  }

  /** Asks for what is wanted. */
  reads(schema: string): { statement: Statement; take: (rows: readonly Row[]) => void }[] {
    return rollupTableNames.flatMap((table) => {
      const wanted = this.#wanted[table]
      if (wanted.size === 0) return []
      const keys = [...wanted]
      const statement: Statement = {
        name: `read_${table}`,
        text: `SELECT k.place, r.meters FROM ${unnestKeys(table)} JOIN ${schema}.${table} r USING (${rollupKeys[table].join(', ')})`,
        values: columnsOf(
          table,
          keys.map(([, key]) => key),
        ),
      }
      const take = (rows: readonly Row[]): void => {
        for (const [name] of keys) this.#known[table].set(name, null)
        for (const { place, meters } of rows) this.#known[table].set(keys[Number(place) - 1]?.[0] ?? '', meters as Uint8Array)
        wanted.clear()
      }
      return [{ statement, take }]
    })
  }
}

/** The statements that add changes to the sums. A row from which charges were taken, and that sums nothing, is deleted. */
export function rollupWrites(schema: string, changes: RollupChanges, stored: StoredMeters): Statement[] {
  return Object.entries(changedRows(changes)).flatMap(([name, rows]) => {
    const table = name as RollupTable
    if (rows.length === 0) return []
    const values = rows.map(({ key, change }) => measuresOf(change, stored.of(table, key)))
    const write: Statement = {
      name: `write_${table}`,
      text: upsert(schema, table),
      values: [
        ...columnsOf(
          table,
          rows.map(({ key }) => key),
        ),
        ...[...measureColumnNames, 'meters'].map((_, column) => values.map((row) => row[column])),
      ],
    }
    const emptied = rows.filter(({ change }) => change.measures.calls <= 0)
    return emptied.length === 0 ? [write] : [write, dropEmpty(schema, table, emptied)]
  })
}

function dropEmpty(schema: string, table: RollupTable, rows: readonly Changed[]): Statement {
  const isKey = rollupKeys[table].map((column) => `r.${column} = k.${column}`)
  const isEmpty = [...measureColumnNames.map((column) => `r.${column} = 0`), 'length(r.meters) = 0']
  return {
    name: `drop_${table}`,
    text: `DELETE FROM ${schema}.${table} r USING ${unnestKeys(table)} WHERE ${[...isKey, ...isEmpty].join(' AND ')}`,
    values: columnsOf(
      table,
      rows.map(({ key }) => key),
    ),
  }
}

/** Keys that are handed over one array a column, as rows `k` with their place. */
function unnestKeys(table: RollupTable): string {
  const key = rollupKeys[table]
  return `unnest(${key.map((_, index) => `$${index + 1}::integer[]`).join(', ')}) WITH ORDINALITY k (${key.join(', ')}, place)`
}

function columnsOf(table: RollupTable, keys: readonly (readonly number[])[]): number[][] {
  return rollupKeys[table].map((_, column) => keys.map((key) => key[column] ?? 0))
}

function upsert(schema: string, table: RollupTable): string {
  const key = rollupKeys[table]
  const types = [...key.map(() => 'integer'), ...measureColumnNames.map(() => 'bigint'), 'bytea']
  const sums = measureColumnNames.map((column) => `${column} = r.${column} + excluded.${column}`)
  return `INSERT INTO ${schema}.${table} AS r (${[...key, ...measureColumnNames, 'meters'].join(', ')})
    SELECT * FROM unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${sums.join(', ')}, meters = excluded.meters`
}

function measuresOf({ measures, totals }: RowChange, stored: Uint8Array | undefined): (number | bigint | Uint8Array)[] {
  if (stored !== undefined) addPackedMeters(totals, stored)
  return [...measureCells(measures), packMeterTotals(totals)]
}
