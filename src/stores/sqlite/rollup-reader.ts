import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { RollupQuery, RollupRow, SharedCost, Store, SubjectRows } from '../store.ts'
import { measureColumnNames, type RollupCells, sumsSomething, toRollupRow } from '../rollup-tables.ts'

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
    const { source, from, to } = query
    const named = source.rows === 'subjects' && source.value !== undefined ? [source.value] : []
    const parameters = source.rows === 'subjects' ? [source.subject, ...named, from, to, from, to] : [from, to]
    return allExactly(statement, parameters).map(toRollupRow)
  }

  subjectRows({ subject, from, to, byTime }: Parameters<Store['subjectRows']>[0]): SubjectRows {
    const statement = this.#prepare(
      `SELECT ${byTime ? '' : 'DISTINCT '}r.subject, ${byTime ? 'r.day' : '0'}, r.series, r.sku
       FROM subject_days r WHERE r.subject IN (SELECT id FROM subjects WHERE kind = ? AND last_day >= ? AND first_day < ?)
       AND r.day >= ? AND r.day < ? AND ${sumsSomething} ORDER BY r.subject`,
    )
    const rows = statement.all(subject, from, to, from, to) as unknown as SubjectRows['rows']
    return { rows, skus: 1 + Number(this.#database.prepare('SELECT max(id) AS id FROM skus').get()?.['id'] ?? 0) }
  }

  /** Goes through the values of the other kind that were seen on the same days, within the charges of the one. */
  sharedCosts({ kind, value, by }: Parameters<Store['sharedCosts']>[0]): SharedCost[] {
    const statement = this.#prepare(sharedCosts)
    statement.setReadBigInts(true)
    const rows = statement.all(kind, value, by) as unknown as [string, bigint, bigint | null][]
    return rows.map(([shared, sku, cost]) => ({ value: shared, sku: Number(sku), costNanos: cost ?? 0n }))
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

/** Reads integers as numbers, which is far cheaper, unless one of them is beyond what a number holds exactly. */
function allExactly(statement: StatementSync, parameters: readonly (string | number)[]): RollupCells[] {
  try {
    statement.setReadBigInts(false)
    return statement.all(...parameters) as unknown as RollupCells[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error
    statement.setReadBigInts(true)
    return statement.all(...parameters) as unknown as RollupCells[]
  }
}

// Where the charges of the one stand together, all that are among them are its own and need not be looked up.
const sharedCosts = `
  WITH one AS (
    SELECT s.id, s.first_day, s.last_day, min(c.seq) AS first, max(c.seq) AS last, count(*) = max(c.seq) - min(c.seq) + 1 AS stands_together
    FROM subjects s JOIN charge_subjects c ON c.subject = s.id WHERE s.kind = ? AND s.value = ? GROUP BY s.id
  )
  SELECT s.value, c.sku, sum(c.cost)
  FROM one CROSS JOIN subjects s CROSS JOIN charge_subjects b CROSS JOIN charges c
  WHERE s.kind = ? AND s.last_day >= one.first_day AND s.first_day <= one.last_day
    AND b.subject = s.id AND b.seq BETWEEN one.first AND one.last AND c.seq = b.seq
    AND (one.stands_together OR EXISTS (SELECT 1 FROM charge_subjects a WHERE a.subject = one.id AND a.seq = b.seq))
  GROUP BY s.id, c.sku`

/**
 * SQLite adds the columns up, but where rows are wanted one by one: each day's row is one already, and sums by meter are
 * packed. Columns: time, series, sku, subject, measures in the order of the table, packed meters.
 */
function select({ source, byTime, byMeter }: RollupQuery): string {
  const isWhole = byTime || byMeter
  const time = source.rows === 'slots' ? 'slot' : 'day'
  const measures = measureColumnNames.map((column) => (isWhole ? `r.${column}` : `sum(r.${column})`)).join(', ')
  const head = `${byTime ? `r.${time}` : '0'}, r.series, r.sku, ${source.rows === 'subjects' ? 's.value' : 'NULL'}`
  const table =
    source.rows === 'subjects'
      ? 'subjects s CROSS JOIN subject_days r ON r.subject = s.id'
      : `${source.rows === 'slots' ? 'slots' : 'days'} r`
  const where = `${source.rows === 'subjects' ? `s.kind = ? AND ${source.value === undefined ? '' : 's.value = ? AND '}s.last_day >= ? AND s.first_day < ? AND ` : ''}r.${time} >= ? AND r.${time} < ?`
  const group = [...(source.rows === 'subjects' ? ['r.subject'] : []), 'r.series', 'r.sku']
  return `SELECT ${head}, ${measures}, ${byMeter ? 'r.meters' : 'NULL'} FROM ${table} WHERE ${where}${isWhole ? '' : ` GROUP BY ${group.join(', ')}`}`
}
