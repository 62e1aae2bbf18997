import { Client } from 'pg'
import { Purser } from '../src/purser.ts'
import { migrations } from '../src/stores/postgres/schema.ts'
import { PostgresServer } from '../test/stores/postgres-server.ts'
import { bareTables, type RowsATurn } from './bare-postgres-tables.ts'
import { runFleet } from './gate-fleet.ts'
import { defineGateBudgets } from './gate-scene.ts'
import { report } from './report.ts'

const seconds = 10
const processes = 4
const width = 16
const [ours, floor] = ['purser', 'bare']

const server = await PostgresServer.create()
try {
  const url = server.url()
  const purser = await Purser.open({ db: url })
  await defineGateBudgets(purser)
  await purser.close()
  const gate = await runFleet('gate', { processes, seconds, argsOf: (index) => [url, `p${index}-`, String(width)] })
  const rows = await rowsATurn(url)
  const bare = await runFleet('bare', {
    processes,
    seconds,
    argsOf: (index) => [url, ours, floor, String(index), String(processes), JSON.stringify(rows)],
  })
  report('Reserve and settle on Postgres, five budgets, one of them hot', [
    {
      name: `pairs, ${processes} processes, ${width} in flight each`,
      ours: gate.pairsPerSecond,
      unit: 'pairs/s',
      against: bare.pairsPerSecond,
      peer: `bare group commits of the same rows under the lock, ${rows['charges']?.toFixed(1)} pairs each`,
      goal: '≥ 0.5 of it',
      met: gate.pairsPerSecond >= bare.pairsPerSecond * 0.5,
    },
    { name: 'p99 of a reserve or settle', ours: gate.p99Ms, unit: 'ms' },
    { name: 'longest wait of any process', ours: gate.longestMs, unit: 'ms' },
  ])
} finally {
  await server.remove()
}

/** What the server has counted: rows inserted and changed, for each transaction that wrote; makes the empty ledger too. */
async function rowsATurn(url: string): Promise<RowsATurn> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const turns = await client.query<{ turns: string }>(`SELECT last_value AS turns FROM ${ours}.writes`)
  const counted = await client.query<{ name: string; rows: string }>(
    `SELECT relname AS name, CASE WHEN relname = 'holds' THEN n_tup_ins ELSE n_tup_ins + n_tup_upd END AS rows
      FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = ANY($2)`,
    [ours, bareTables.map(({ name }) => name)],
  )
  await client.query(`CREATE SCHEMA ${floor}; ${migrations.map((step) => step(floor)).join('\n')}`)
  await client.end()
  return Object.fromEntries(counted.rows.map(({ name, rows }) => [name, Number(rows) / Number(turns.rows[0]?.turns)]))
}
