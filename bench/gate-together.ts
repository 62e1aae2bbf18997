import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Purser } from '../src/purser.ts'
import { runFleet } from './gate-fleet.ts'
import { defineGateBudgets, gateLabels } from './gate-scene.ts'
import { writeImportLines } from './import-lines.ts'
import { type Figure, percentile, report } from './report.ts'

const seconds = 5
const imported = Number(process.env['BENCH_IMPORT'] ?? 1_000_000)
const importedText = imported.toLocaleString('en-US')
const command = join(import.meta.dirname, '../bin/purser.js')

const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
try {
  const path = join(folder, 'together.db')
  const purser = await Purser.open({ db: path })
  await defineGateBudgets(purser)
  const fleet = await runFleet('gate', { processes: 4, seconds, argsOf: (index) => [path, `p${index}-`, '16'] })
  const one = await besideImport(purser, path, 1)
  const eight = await besideImport(purser, path, 8)
  const denials = await denyMany(purser, path)
  await purser.close()
  report('The gate on SQLite beside others', [
    { name: 'four processes, 16 in flight each', ours: fleet.pairsPerSecond, unit: 'pairs/s' },
    {
      name: 'longest wait of any process',
      ours: fleet.longestMs,
      unit: 'ms',
      goal: '≤ 250 ms',
      met: fleet.longestMs <= 250,
    },
    ...latencies('one at a time', one),
    ...latencies('8 lanes', eight),
    { name: 'a denial, p50', ours: percentile(denials.waits, 0.5), unit: 'ms' },
    { name: 'files that 10,000 denials changed', ours: denials.changed, unit: 'files', goal: '0', met: denials.changed === 0 },
  ])
} finally {
  rmSync(folder, { recursive: true })
}

interface Beside {
  readonly waits: readonly number[]
  /** Of the import, as it says itself. */
  readonly seconds: number
}

function latencies(name: string, { waits, seconds: taken }: Beside): Figure[] {
  const p99 = percentile(waits, 0.99)
  const what = `reserve or settle, ${name}, while another process imports ${importedText} charges`
  return [
    { name: `${what}: p50`, ours: percentile(waits, 0.5), unit: 'ms' },
    { name: 'p99', ours: p99, unit: 'ms', goal: '< 50 ms', met: p99 < 50 },
    { name: 'longest', ours: percentile(waits, 1), unit: 'ms' },
    { name: 'that import', ours: imported / taken, unit: 'charges/s' },
  ]
}

/**
 * Holds and settles, in so many lanes and with five milliseconds between pairs, while `purser import` books a file of
 * charges into the same ledger, which all five budgets count. Waits count from its first booked charge until it ends.
 */
async function besideImport(purser: Purser, path: string, lanes: number): Promise<Beside> {
  const file = join(folder, `calls-${lanes}.jsonl`)
  await writeImportLines(file, imported, `imported${lanes}-`)
  const booked = (await purser.imports()).length
  // No home and no configuration but those of the benchmark.
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(process.execPath, [command, 'import', 'jsonl', file, '--db', path, '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const importing = { isDone: false }
  const ended = once(child, 'close').finally(() => (importing.isDone = true))
  while (!importing.isDone && (await purser.imports()).length === booked) await sleep(5)
  const waits: number[] = []
  const isOver = (): boolean => importing.isDone
  await Promise.all(Array.from({ length: lanes }, (_, lane) => holdAndSettle(purser, `beside-${lanes}-${lane}-`, waits, isOver)))
  const [code] = await ended
  const summary = JSON.parse(output) as { booked: number; seconds: number }
  if (code !== 0 || summary.booked !== imported) throw new Error(`The import ended with ${code} and booked ${summary.booked} charges.`)
  rmSync(file)
  return { waits, seconds: summary.seconds }
}

async function holdAndSettle(purser: Purser, prefix: string, waits: number[], isOver: () => boolean): Promise<void> {
  for (let index = 0; !isOver(); index += 1) {
    const id = `${prefix}${index}`
    const before = performance.now()
    const answer = await purser.holds.reserve({ id, labels: gateLabels(index, prefix), amount: { cost: '0.10', tokens: 20_000 } })
    if (!answer.granted) throw new Error(answer.message)
    const between = performance.now()
    await purser.holds.settle(id, {
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      usage: { inputTokens: 3, outputTokens: 150 },
    })
    waits.push(between - before, performance.now() - between)
    await sleep(5)
  }
}

/**
 * What 10,000 refusals take, and how many of the ledger's files they change: the database, or its log of writes, which
 * grows only until it is written over from its beginning. The first refusal of a counter is told, and so comes before.
 */
async function denyMany(purser: Purser, path: string): Promise<{ waits: number[]; changed: number }> {
  await purser.budgets.set('full', { limit: '0.01', window: 'total', where: 'project=full' })
  const refused = { labels: { project: 'full' }, amount: { cost: '1', tokens: 10 } }
  await purser.holds.reserve(refused)
  const waits: number[] = []
  const before = await contents(path)
  for (let index = 0; index < 10_000; index += 1) {
    const started = performance.now()
    const answer = await purser.holds.reserve(refused)
    waits.push(performance.now() - started)
    if (answer.granted) throw new Error('A hold of a dollar was granted on a budget of a cent.')
  }
  const after = await contents(path)
  const granted = await purser.holds.reserve({ labels: {}, amount: { cost: '0.01', tokens: 10 } })
  if (!granted.granted || changes(after, await contents(path)) === 0) throw new Error('A grant left the files as they were.')
  return { waits, changed: changes(before, after) }
}

/** Hashes of all that the ledger's files hold, headers and frames of the log among it. */
function contents(path: string): Promise<readonly string[]> {
  return Promise.all([path, `${path}-wal`].map(hashOf))
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

function changes(before: readonly string[], after: readonly string[]): number {
  return before.filter((each, index) => each !== after[index]).length
}
