import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { RollupQuery, RollupRow, Store, SubjectRows } from '../store.ts'
import { measureColumnNames, type RollupCells, toRollupRow } from '../rollup-tables.ts'

/** Reads sums from the rollup tables, grouped by series and sku, and by time and subject where asked. */
export class RollupReader {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Reads within one transaction, so that the answers fit together while others write. */
  readAll(queries: readonly RollupQuery[]): RollupRow[][] {
    this.#database.exec('BEGIN')
    try {
      return queries.map((query) => this.#read(query))
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #read(query: RollupQuery): RollupRow[] {
    const statement = this.#prepare(select(query))
    statement.setReadBigInts(true)
    const { source, from, to } = query
    const parameters = source.rows === 'subjects' ? [source.subject, from, to, from, to] : [from, to]
    return (statement.all(...parameters) as unknown as RollupCells[]).map(toRollupRow)
  }

  subjectRows({ subject, from, to, byTime }: Parameters<Store['subjectRows']>[0]): SubjectRows {
    const statement = this.#prepare(
      `SELECT ${byTime ? '' : 'DISTINCT '}r.subject, ${byTime ? 'r.day' : '0'}, r.series, r.sku
       FROM subject_days r WHERE r.subject IN (SELECT id FROM subjects WHERE kind = ? AND last_day >= ? AND first_day < ?)
       AND r.day >= ? AND r.day < ? AND r.calls > 0 ORDER BY r.subject`,
    )
    const rows = statement.all(subject, from, to, from, to) as unknown as SubjectRows['rows']
    return { rows, skus: 1 + Number(this.#database.prepare('SELECT max(id) AS id FROM skus').get()?.['id'] ?? 0) }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      statement.setReturnArrays(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * Sums by meter are packed, so rows are read one by one where they are wanted; else SQLite adds the columns up.
 * Columns: time, series, sku, subject, measures in the order of the table, packed meters.
 */
function select({ source, byTime, byMeter }: RollupQuery): string {
  const time = source.rows === 'slots' ? 'slot' : 'day'
  const measures = measureColumnNames.map((column) => (byMeter ? `r.${column}` : `sum(r.${column})`)).join(', ')
  const head = `${byTime ? `r.${time}` : '0'}, r.series, r.sku, ${source.rows === 'subjects' ? 's.value' : 'NULL'}`
  const table =
    source.rows === 'subjects'
      ? 'subjects s CROSS JOIN subject_days r ON r.subject = s.id'
      : `${source.rows === 'slots' ? 'slots' : 'days'} r`
  const where = `${source.rows === 'subjects' ? 's.kind = ? AND s.last_day >= ? AND s.first_day < ? AND ' : ''}r.${time} >= ? AND r.${time} < ?`
  const group = [...(source.rows === 'subjects' ? ['r.subject'] : []), ...(byTime ? [`r.${time}`] : []), 'r.series', 'r.sku']
  return `SELECT ${head}, ${measures}, ${byMeter ? 'r.meters' : 'NULL'} FROM ${table} WHERE ${where}${byMeter ? '' : ` GROUP BY ${group.join(', ')}`}`
}
