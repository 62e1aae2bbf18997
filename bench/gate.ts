import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Purser } from '../src/purser.ts'
import { openDatabase } from '../src/stores/sqlite/open-database.ts'
import { defineGateBudgets, gateLabels, inFlight, reserveAndSettle } from './gate-scene.ts'
import { type Figure, percentile, report } from './report.ts'

const pairs = Number(process.env['BENCH_PAIRS'] ?? 60_000)
const width = 64
const single = 3000
/** Until the code is compiled that a server would have run for long. */
const warmUp = 20_000

const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
try {
  const path = join(folder, 'ours.db')
  const purser = await Purser.open({ db: path })
  await defineGateBudgets(purser)
  await inFlight(warmUp, width, (index) => reserveAndSettle(purser, index, 'warm'))
  const started = performance.now()
  await inFlight(pairs, width, (index) => reserveAndSettle(purser, index))
  const ours = pairs / ((performance.now() - started) / 1000)
  const { reserves, settles } = await oneByOne(purser)
  await purser.close()
  const floor = pairs / bareCommits(path, join(folder, 'floor.db'), Math.ceil((pairs * 2) / width))
  const bare = bareSingle(join(folder, 'floor.db'))
  report('Reserve and settle on SQLite, five budgets, one of them hot', [
    {
      name: `pairs, ${width} in flight`,
      ours,
      unit: 'pairs/s',
      against: floor,
      peer: 'bare group commits of the same rows',
      goal: '≥ 0.5 of it, ≥ 12,000',
      met: ours >= floor * 0.5 && ours >= 12_000,
    },
    ...latencies('reserve, one at a time', reserves, bare),
    ...latencies('settle, one at a time', settles, bare),
  ])
} finally {
  rmSync(folder, { recursive: true })
}

function latencies(name: string, samples: readonly number[], bare: readonly number[]): Figure[] {
  const figure = (share: number, goal: number): Figure => {
    const ours = percentile(samples, share)
    const [against, peer] = [percentile(bare, share), 'a bare commit']
    return { name: `${name}, p${share * 100}`, ours, unit: 'ms', against, peer, goal: `≤ ${goal} ms`, met: ours <= goal }
  }
  return [figure(0.5, 0.4), figure(0.99, 3)]
}

async function oneByOne(purser: Purser): Promise<{ reserves: number[]; settles: number[] }> {
  const [reserves, settles]: [number[], number[]] = [[], []]
  for (let index = 0; index < single; index += 1) {
    const id = `single-${index}`
    const started = performance.now()
    await purser.holds.reserve({ id, labels: gateLabels(index), amount: { cost: '0.10', tokens: 20_000 } })
    const reserved = performance.now()
    await purser.holds.settle(id, {
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      usage: { inputTokens: 3, outputTokens: 150 },
    })
    reserves.push(reserved - started)
    settles.push(performance.now() - reserved)
  }
  return { reserves, settles }
}

/**
 * Writes the rows of the ledger into an empty one with bare statements, in as many transactions: holds of one, and the
 * update, charge, id and subject of those of the one before; then the sums and counters that so many calls touch: for
 * sixteen runs at a time one row of each kind of sum for two calls, and nineteen counters for ten.
 */
function bareCommits(from: string, to: string, transactions: number): number {
  const source = new DatabaseSync(from, { readBigInts: true })
  const rowsOf = (sql: string): SQLInputValue[][] => {
    const statement = source.prepare(sql)
    statement.setReturnArrays(true)
    return statement.all() as unknown as SQLInputValue[][]
  }
  const held = `(SELECT number FROM holds WHERE id LIKE 'hold-%')`
  const holds = rowsOf(`SELECT * FROM holds WHERE number IN ${held} ORDER BY number`)
  const charges = rowsOf(`SELECT * FROM charges ORDER BY seq LIMIT ${pairs}`)
  const ids = rowsOf(`SELECT * FROM ids ORDER BY seq LIMIT ${pairs}`)
  const subjects = rowsOf(`SELECT * FROM charge_subjects ORDER BY seq LIMIT ${pairs}`)
  const sums = (['slots', 'days', 'subject_days', 'counters'] as const).map((table) => ({ table, rows: rowsOf(`SELECT * FROM ${table}`) }))
  source.close()
  const target = openDatabase({ path: to, create: true, timezone: 'UTC', subjects: [] })
  const insert = (table: string, row: readonly unknown[] = [], verb = 'INSERT'): ReturnType<DatabaseSync['prepare']> =>
    target.prepare(`${verb} INTO ${table} VALUES (${row.map(() => '?').join(', ')})`)
  const into = { holds: insert('holds', holds[0]), charges: insert('charges', charges[0]), ids: insert('ids', ids[0]) }
  const subject = insert('charge_subjects', subjects[0])
  const settle = target.prepare('UPDATE holds SET state = ?, expires_at = ?, rest = ? WHERE number = ?')
  const puts = sums.map(({ table, rows }) => ({ table, rows, put: insert(table, rows[0], 'INSERT OR REPLACE') }))
  const started = performance.now()
  for (let turn = 0; turn < transactions; turn += 1) {
    const [first, end] = [Math.floor((pairs * turn) / transactions), Math.floor((pairs * (turn + 1)) / transactions)]
    const earlier = Math.floor((pairs * (turn - 1)) / transactions)
    target.exec('BEGIN IMMEDIATE')
    for (let index = first; index < end; index += 1) {
      const [number = 0, id = '', , reserved = 0, expires = 0, parent = null, asked = '', rest = ''] = holds[index] ?? []
      into.holds.run(number, id, 0, reserved, expires, parent, asked, rest)
    }
    for (let index = Math.max(0, earlier); index < first; index += 1) {
      const [number = 0, , state = 0, , expires = 0, , , rest = ''] = holds[index] ?? []
      settle.run(state, expires, rest, number)
      into.charges.run(...(charges[index] ?? []))
      into.ids.run(...(ids[index] ?? []))
      subject.run(...(subjects[index] ?? []))
    }
    for (const { table, rows, put } of puts) {
      const touched = Math.min(rows.length, (end - first) * (table === 'counters' ? 1.9 : 0.5))
      for (let index = 0; index < touched; index += 1) put.run(...(rows[(first + index) % rows.length] ?? []))
    }
    target.exec('COMMIT')
  }
  const seconds = (performance.now() - started) / 1000
  target.close()
  return seconds
}

/** One row in one durable commit: what no operation can be faster than. */
function bareSingle(path: string): number[] {
  const target = openDatabase({ path, create: false, timezone: 'UTC', subjects: [] })
  const put = target.prepare("INSERT INTO documents (kind, key, version, body) VALUES ('bare', ?, 1, ?)")
  const samples: number[] = []
  for (let index = 0; index < single; index += 1) {
    const started = performance.now()
    target.exec('BEGIN IMMEDIATE')
    put.run(String(index), 'x'.repeat(300))
    target.exec('COMMIT')
    samples.push(performance.now() - started)
  }
  target.close()
  return samples
}
