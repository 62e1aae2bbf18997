import type { ClientBase } from 'pg'
import type { RollupQuery, RollupRow, SharedCost, Store, SubjectRows } from '../store.ts'
import type { Dictionaries } from './dictionaries.ts'
import { measureColumnNames, type RollupCells, sumsSomething, toRollupRow } from '../rollup-tables.ts'
import { sendAll, type Statement } from './statement.ts'

const begin = { text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }
const end = { text: 'COMMIT' }

/** Reads sums from the tables of sums, grouped by series and sku, and by time and subject where asked. */
export class RollupReader {
  readonly #schema: string
  readonly #dictionaries: Dictionaries

  constructor(schema: string, dictionaries: Dictionaries) {
    this.#schema = schema
    this.#dictionaries = dictionaries
  }

  /** Reads as of one moment, so that the answers fit together while others write. */
  async readAll(client: ClientBase, queries: readonly RollupQuery[]): Promise<RollupRow[][]> {
    const asked = queries.map((query) => select(this.#schema, query))
    const results = await sendAll(client, [begin, this.#dictionaries.sync(), ...asked, end])
    this.#dictionaries.learn(results[1]?.rows ?? [])
    return queries.map((_, index) => ((results[index + 2]?.rows ?? []) as unknown as RollupCells[]).map(toRollupRow))
  }

  async subjectRows(client: ClientBase, { subject, from, to, byTime }: Parameters<Store['subjectRows']>[0]): Promise<SubjectRows> {
    const s = this.#schema
    const rows: Statement = {
      text: `SELECT ${byTime ? '' : 'DISTINCT '}r.subject, ${byTime ? 'r.day' : '0'}, r.series, r.sku
        FROM ${s}.subject_days r WHERE r.subject IN (SELECT id FROM ${s}.subjects WHERE kind = $1 AND last_day >= $2::bigint AND first_day < $3::bigint)
        AND r.day >= $2::bigint AND r.day < $3::bigint AND ${sumsSomething} ORDER BY r.subject`,
      values: [subject, from, to],
      rowMode: 'array',
    }
    const results = await sendAll(client, [begin, this.#dictionaries.sync(), rows, end])
    this.#dictionaries.learn(results[1]?.rows ?? [])
    return { rows: results[2]?.rows as unknown as SubjectRows['rows'], skus: 1 + this.#dictionaries.skus.last }
  }

  async sharedCosts(client: ClientBase, { kind, value, by }: Parameters<Store['sharedCosts']>[0]): Promise<SharedCost[]> {
    const s = this.#schema
    const costs: Statement = {
      text: `SELECT s.value, c.sku, sum(c.cost)
        FROM ${s}.subjects one JOIN ${s}.charge_subjects a ON a.subject = one.id JOIN ${s}.charge_subjects b ON b.seq = a.seq
        JOIN ${s}.subjects s ON s.id = b.subject JOIN ${s}.charges c ON c.seq = a.seq
        WHERE one.kind = $1 AND one.value = $2 AND s.kind = $3 AND s.last_day >= one.first_day AND s.first_day <= one.last_day
        GROUP BY s.id, c.sku`,
      values: [kind, value, by],
      rowMode: 'array',
    }
    const results = await sendAll(client, [begin, this.#dictionaries.sync(), costs, end])
    this.#dictionaries.learn(results[1]?.rows ?? [])
    const rows = (results[2]?.rows ?? []) as unknown as [string, number, string | null][]
    return rows.map(([shared, sku, cost]) => ({ value: shared, sku: Number(sku), costNanos: BigInt(cost ?? 0) }))
  }
}

/**
 * Sums by meter are packed, so rows are read one by one where they are wanted; else Postgres adds the columns up.
 * Columns: time, series, sku, subject, measures in the order of the table, packed meters.
 */
function select(s: string, { source, from, to, byTime, byMeter }: RollupQuery): Statement {
  const isOfSubjects = source.rows === 'subjects'
  const named = source.rows === 'subjects' && source.value !== undefined ? [source.value] : []
  const time = source.rows === 'slots' ? 'slot' : 'day'
  const measures = measureColumnNames.map((column) => (byMeter ? `r.${column}` : `sum(r.${column})`)).join(', ')
  const head = `${byTime ? `r.${time}` : '0'}, r.series, r.sku, ${isOfSubjects ? 's.value' : 'NULL'}`
  const table = isOfSubjects
    ? `${s}.subjects s JOIN ${s}.subject_days r ON r.subject = s.id`
    : `${s}.${source.rows === 'slots' ? 'slots' : 'days'} r`
  const where = `${isOfSubjects ? `s.kind = $3 ${named.length === 0 ? '' : 'AND s.value = $4 '}AND s.last_day >= $1::bigint AND s.first_day < $2::bigint AND ` : ''}r.${time} >= $1::bigint AND r.${time} < $2::bigint`
  const group = [...(isOfSubjects ? ['s.id'] : []), ...(byTime ? [`r.${time}`] : []), 'r.series', 'r.sku']
  return {
    text: `SELECT ${head}, ${measures}, ${byMeter ? 'r.meters' : 'NULL'} FROM ${table} WHERE ${where}${byMeter ? '' : ` GROUP BY ${group.join(', ')}`}`,
    values: [from, to, ...(isOfSubjects ? [source.subject, ...named] : [])],
    rowMode: 'array',
  }
}
