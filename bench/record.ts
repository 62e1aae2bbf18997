import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { CallRecord } from '../src/ledger/parse-record.ts'
import { Purser } from '../src/purser.ts'
import { openDatabase } from '../src/stores/sqlite/open-database.ts'
import { type Figure, report } from './report.ts'

const calls = Number(process.env['BENCH_CALLS'] ?? 200_000)
const perTransaction = 500
const startMs = Date.UTC(2026, 9, 1)

/** Sessions of some hundred calls each, with ids as Claude's, over twenty projects and five branches. */
function* records(): Iterable<CallRecord> {
  for (let index = 0; index < calls; index += 1) {
    const session = Math.floor(index / 200)
    yield {
      at: startMs + index * 2000,
      provider: 'anthropic',
      model: index % 10 === 0 ? 'claude-haiku-4-5-20251001' : 'claude-sonnet-4-5-20250929',
      usage: {
        inputTokens: 3 + (index % 7),
        cacheReadTokens: 20_000 + (index % 9000),
        cacheWrite5mTokens: 300 + (index % 700),
        outputTokens: 150 + (index % 900),
      },
      labels: {
        project: `project-${session % 20}`,
        branch: `branch-${session % 5}`,
        session: `0b6f3c1e-7a52-4c1f-9f0e-${String(session).padStart(12, '0')}`,
      },
      responseId: `msg_01XFDUDYJgAACzvnp${String(index).padStart(7, '0')}`,
      stopReason: 'tool_use',
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
try {
  const path = join(folder, 'ours.db')
  const ours = await bookAll(path)
  const floor = insertAll(path, join(folder, 'floor.db'))
  const figures: Figure[] = [
    {
      name: 'bulk record',
      ours: calls / ours,
      unit: 'charges/s',
      against: calls / floor.seconds,
      peer: 'bare inserts of every row',
      goal: '≥ 0.4 of it',
      met: floor.seconds / ours >= 0.4,
    },
    {
      name: 'bytes a charge',
      ours: statSync(path).size / calls,
      unit: 'bytes',
      against: floor.bytes / calls,
      peer: 'the same rows',
      goal: '≤ 200',
      met: statSync(path).size / calls <= 200,
    },
  ]
  report('Bulk record on SQLite', figures)
} finally {
  rmSync(folder, { recursive: true })
}

async function bookAll(path: string): Promise<number> {
  const purser = await Purser.open({ db: path })
  const batches: CallRecord[][] = []
  for (const record of records()) {
    const last = batches.at(-1)
    if (last === undefined || last.length === perTransaction) batches.push([record])
    else last.push(record)
  }
  const started = performance.now()
  for (const batch of batches) await purser.recordMany(batch)
  const seconds = (performance.now() - started) / 1000
  await purser.close()
  return seconds
}

/** Writes the very rows of a ledger into an empty one with bare statements, in as many transactions as purser took calls in. */
function insertAll(from: string, to: string): { seconds: number; bytes: number } {
  const source = new DatabaseSync(from, { readBigInts: true })
  const names = ['charges', 'ids', 'charge_subjects', 'slots', 'days', 'subject_days', 'subjects', 'series', 'skus', 'pricings']
  const tables = names.map((name) => {
    const statement = source.prepare(
      `SELECT * FROM ${name} ${name === 'ids' ? 'ORDER BY seq' : name === 'charge_subjects' ? 'ORDER BY seq' : ''}`,
    )
    statement.setReturnArrays(true)
    return { name, rows: statement.all() as unknown as SQLInputValue[][] }
  })
  source.close()
  const target = openDatabase({ path: to, create: true, timezone: 'UTC', subjects: [] })
  const transactions = Math.ceil(calls / perTransaction)
  const started = performance.now()
  const inserts = tables.map(({ name, rows }) =>
    target.prepare(`INSERT INTO ${name} VALUES (${(rows[0] ?? []).map(() => '?').join(', ')})`),
  )
  for (let index = 0; index < transactions; index += 1) {
    target.exec('BEGIN IMMEDIATE')
    for (const [place, { rows }] of tables.entries()) {
      const slice = rows.slice(Math.floor((rows.length * index) / transactions), Math.floor((rows.length * (index + 1)) / transactions))
      for (const row of slice) inserts[place]?.run(...row)
    }
    target.exec('COMMIT')
  }
  const seconds = (performance.now() - started) / 1000
  target.close()
  return { seconds, bytes: statSync(to).size }
}
