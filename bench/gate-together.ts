import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Purser } from '../src/purser.ts'
import { runFleet } from './gate-fleet.ts'
import { defineGateBudgets, gateLabels } from './gate-scene.ts'
import { percentile, report } from './report.ts'

const seconds = 5
const imported = Number(process.env['BENCH_IMPORT'] ?? 1_000_000)

const folder = mkdtempSync(join(tmpdir(), 'purser-bench-'))
try {
  const path = join(folder, 'together.db')
  const purser = await Purser.open({ db: path })
  await defineGateBudgets(purser)
  const fleet = await runFleet('gate', { processes: 4, seconds, argsOf: (index) => [path, `p${index}-`, '16'] })
  const beside = await besideImport(purser)
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
    {
      name: `reserve or settle, p99, while ${imported.toLocaleString('en-US')} charges are imported`,
      ours: percentile(beside.waits, 0.99),
      unit: 'ms',
      goal: '< 50 ms',
      met: percentile(beside.waits, 0.99) < 50,
    },
    { name: 'that import', ours: imported / beside.seconds, unit: 'charges/s' },
    { name: 'a denial, p50', ours: percentile(denials.waits, 0.5), unit: 'ms' },
    { name: 'bytes written by 10,000 denials', ours: denials.bytes, unit: 'bytes', goal: '0', met: denials.bytes === 0 },
  ])
} finally {
  rmSync(folder, { recursive: true })
}

/** Holds and settles one call after the other while charges are booked in bulk. */
async function besideImport(purser: Purser): Promise<{ waits: number[]; seconds: number }> {
  const waits: number[] = []
  const importer = { isDone: false }
  const started = performance.now()
  const importing = bookMany(purser).finally(() => {
    importer.isDone = true
  })
  for (let index = 0; !importer.isDone; index += 1) {
    const id = `beside-${index}`
    const before = performance.now()
    await purser.holds.reserve({ id, labels: gateLabels(index, 'beside'), amount: { cost: '0.10', tokens: 20_000 } })
    const between = performance.now()
    await purser.holds.settle(id, {
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      usage: { inputTokens: 3, outputTokens: 150 },
    })
    waits.push(between - before, performance.now() - between)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await importing
  return { waits, seconds: (performance.now() - started) / 1000 }
}

/** As an importer does: batches of some thousand calls, each in as many transactions as it takes to let others in. */
async function bookMany(purser: Purser): Promise<void> {
  const batch = 5000
  for (let first = 0; first < imported; first += batch) {
    await purser.recordMany(
      Array.from({ length: batch }, (_, offset) => {
        const index = first + offset
        return {
          at: Date.now() - (index % 86_400_000),
          provider: 'anthropic',
          model: 'claude-sonnet-4-5-20250929',
          usage: { inputTokens: 3, cacheReadTokens: 20_000, outputTokens: 150 + (index % 900) },
          labels: {
            project: `project-${index % 20}`,
            agent: `agent-${index % 8}`,
            user: `user-${index % 50}`,
            session: `s-${index % 5000}`,
          },
          responseId: `msg_imported${String(index).padStart(10, '0')}`,
        }
      }),
    )
  }
}

/** What 10,000 refusals take, and how much they leave behind; the first of a counter is told, and so comes before. */
async function denyMany(purser: Purser, path: string): Promise<{ waits: number[]; bytes: number }> {
  await purser.budgets.set('full', { limit: '0.01', window: 'total', where: 'project=full' })
  const refused = { labels: { project: 'full' }, amount: { cost: '1', tokens: 10 } }
  await purser.holds.reserve(refused)
  const size = (): number => statSync(path).size + statSync(`${path}-wal`).size
  const [before, waits] = [size(), [] as number[]]
  for (let index = 0; index < 10_000; index += 1) {
    const started = performance.now()
    const answer = await purser.holds.reserve(refused)
    waits.push(performance.now() - started)
    if (answer.granted) throw new Error('A hold of a dollar was granted on a budget of a cent.')
  }
  return { waits, bytes: size() - before }
}
