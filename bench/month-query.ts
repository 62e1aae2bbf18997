import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CostQuery } from '../src/ledger/cost-query.ts'
import type { CallRecord } from '../src/ledger/parse-record.ts'
import { Purser } from '../src/purser.ts'
import { type Figure, percentile, report } from './report.ts'

const charges = Number(process.env['BENCH_CHARGES'] ?? 10_000_000)
const seriesCount = 1000
const callsPerRun = 20
const samples = 40
const startMs = Date.UTC(2026, 9, 1)
const days = 31
const models = ['claude-sonnet-4-5-20250929', 'gpt-4o', 'gemini-2.5-flash'] as const
const providers = ['anthropic', 'openai', 'google'] as const
const folder = join(import.meta.dirname, '.data', 'month')

const month: CostQuery = {
  groupBy: ['model', 'project'],
  sinceMs: startMs,
  untilMs: startMs + days * 86_400_000,
  timezone: 'UTC',
  weekStart: 1,
  where: [],
}

report(`A month by two dimensions, ${charges.toLocaleString('en-US')} charges, ${seriesCount} series`, [
  ...(await measure('no runs', false)),
  ...(await measure(`a run for every ${callsPerRun} charges`, true)),
])

async function measure(name: string, withRuns: boolean): Promise<Figure[]> {
  const path = await ledger(withRuns)
  const purser = await Purser.open({ db: path, create: false })
  const times: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const started = performance.now()
    const table = await purser.costs(month)
    times.push(performance.now() - started)
    if (table.total.calls !== charges) throw new Error(`The answer counts ${table.total.calls} calls, not ${charges}.`)
  }
  await purser.close()
  const p95 = percentile(times, 0.95)
  const goal = withRuns ? {} : { goal: '≤ 50 ms', met: p95 <= 50 }
  return [
    { name: `month by model and project, p95, ${name}`, ours: p95, unit: 'ms', ...goal },
    { name: `bytes a charge, ${name}`, ours: statSync(path).size / charges, unit: 'bytes' },
  ]
}

/** A ledger with the fixed data, made once and kept. */
async function ledger(withRuns: boolean): Promise<string> {
  const path = join(folder, `${charges}${withRuns ? '-runs' : ''}.db`)
  if (existsSync(`${path}.complete`)) return path
  mkdirSync(folder, { recursive: true })
  const purser = await Purser.open({ db: path })
  const started = performance.now()
  for (let from = 0; from < charges; from += 20_000) {
    const pending: Promise<unknown>[] = []
    for (let batch = from; batch < Math.min(charges, from + 20_000); batch += 500) {
      pending.push(purser.recordMany(Array.from({ length: Math.min(500, charges - batch) }, (_, index) => record(batch + index, withRuns))))
    }
    await Promise.all(pending)
    process.stderr.write(`\r${from.toLocaleString('en-US')} charges, ${Math.round(from / (performance.now() - started))} a millisecond `)
  }
  await purser.close()
  process.stderr.write('\r')
  writeFileSync(`${path}.complete`, '')
  return path
}

function record(index: number, withRuns: boolean): CallRecord {
  const run = Math.floor(index / callsPerRun)
  const series = (run * 7919) % seriesCount
  const model = series % models.length
  return {
    at: startMs + Math.floor((index / charges) * days * 86_400_000),
    provider: providers[model] ?? 'anthropic',
    model: models[model] ?? '',
    usage: { inputTokens: 500 + (index % 3000), cacheReadTokens: index % 9000, outputTokens: 100 + (index % 700) },
    labels: { project: `project-${series % 50}`, stage: `stage-${Math.floor(series / 50)}`, ...(withRuns && { run: `run-${run}` }) },
    responseId: `msg_01XFDUDYJgAACzvn${String(index).padStart(8, '0')}`,
  }
}
