import { once } from 'node:events'
import { Client } from 'pg'
import { type Cell, insert, sendAll, type Statement } from '../src/stores/postgres/statement.ts'
import { lockKey } from '../src/stores/postgres/schema.ts'
import { type BareTable, bareTables, type RowsATurn } from './bare-postgres-tables.ts'
import type { ProcessResult } from './gate-process.ts'

/**
 * One of several processes that write the rows of a ledger with bare statements into an empty one, each transaction under
 * the ledger's lock and in one round trip: `bare-postgres-process.ts SECONDS URL FROM TO INDEX OF COUNTS`. COUNTS says as JSON
 * how many rows of each table a transaction of the ledger wrote.
 */
const [seconds = '5', url = '', from = '', to = '', index = '0', of = '1', counts = '{}'] = process.argv.slice(2)
const perTurn = JSON.parse(counts) as RowsATurn
const client = new Client({ connectionString: url, pipeline: true })
await client.connect()
const sources = await Promise.all(bareTables.map(load))
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdout.write(`${JSON.stringify(await write())}\n`)
await client.end()
process.exit()

interface Source {
  readonly table: BareTable
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Rows written so far, with the part of one that averages leave. */
  written: number
}

/** Rows that this process is the only one to insert, and all rows of a table of sums. */
async function load(table: BareTable): Promise<Source> {
  const columns = await client.query<{ name: string; type: string }>(
    `SELECT column_name AS name, udt_name AS type FROM information_schema.columns
      WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`,
    [from, table.name],
  )
  const share = table.isSum ? '' : `WHERE ${table.key[0]} % ${of} = ${index}`
  const found = await client.query<Cell[]>({
    text: `SELECT * FROM ${from}.${table.name} ${share} ORDER BY ${table.key.join(', ')}`,
    rowMode: 'array',
  })
  return { table, columns: columns.rows.map(({ name, type }) => `${name} ${type}`), rows: found.rows, written: 0 }
}

function hasMore({ table, rows, written }: Source): boolean {
  return table.isSum || written + (perTurn[table.name] ?? 0) <= rows.length
}

/** Until the time is over, or every hold has been written and settled. */
async function write(): Promise<ProcessResult> {
  const started = performance.now()
  const end = started + Number(seconds) * 1000
  let pairs = 0
  while (performance.now() < end && sources.every(hasMore)) {
    await sendAll(client, [
      { text: 'BEGIN' },
      { name: 'lock', text: 'SELECT pg_advisory_xact_lock($1)', values: [lockKey(to)] },
      ...sources.flatMap(next),
      { text: 'COMMIT' },
    ])
    pairs += perTurn.charges ?? 0
  }
  // What is left of the time would have gone on at the same pace, were there more rows.
  const pace = (Number(seconds) * 1000) / (performance.now() - started)
  return { pairs: pairs * pace, longestMs: 0, p99Ms: 0 }
}

/** The rows of one transaction: new ones once, those of sums over and over. */
function next(source: Source): Statement[] {
  const { table, columns, rows } = source
  const count = perTurn[table.name] ?? 0
  const first = Math.floor(source.written)
  source.written += count
  const last = Math.floor(source.written)
  const turn = Array.from({ length: last - first }, (_, offset) => rows[(first + offset) % rows.length] ?? [])
  if (table.name === 'holds') return [...insert(to, 'holds', columns, turn.map(asOpen)), ...settleEarlier(rows, first)]
  if (!table.isSum) return insert(to, table.name, columns, turn)
  const changing = columns.map((column) => column.split(' ')[0] ?? '').filter((name) => !table.key.includes(name))
  const set = changing.map((name) => `"${name}" = excluded."${name}"`).join(', ')
  return insert(to, table.name, columns, [...new Set(turn)], `ON CONFLICT (${table.key.join(', ')}) DO UPDATE SET ${set}`)
}

function asOpen(hold: readonly Cell[]): Cell[] {
  return hold.map((cell, column) => (column === 2 ? 0 : cell))
}

/** Holds of the transaction before are settled in this one. */
function settleEarlier(holds: Source['rows'], first: number): Statement[] {
  const count = Math.floor(perTurn.charges ?? 0)
  const earlier = holds.slice(Math.max(0, first - count), first)
  if (earlier.length === 0) return []
  return [
    {
      name: 'settle_holds',
      text: `UPDATE ${to}.holds h SET state = k.state, expires_at = k.expires_at, rest = k.rest
        FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::text[]) k (number, state, expires_at, rest) WHERE h.number = k.number`,
      values: [0, 2, 4, 7].map((column) => earlier.map((hold) => hold[column] ?? null)),
    },
  ]
}
