import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultSubjects } from '../src/ledger/labels.ts'
import type { CallRecord } from '../src/ledger/parse-record.ts'
import { Purser } from '../src/purser.ts'
import { summarizeRun } from '../src/reports/runs/run-summary.ts'
import { openSqliteStore } from '../src/stores/sqlite/sqlite-store.ts'
import { type Figure, percentile, report } from './report.ts'

const stages = 10_000
const callsPerStage = 3
const otherRuns = 200
const samples = 45
const warmUps = 5
const models = [
  ['anthropic', 'claude-sonnet-4-5-20250929'],
  ['openai', 'gpt-4o'],
  ['google', 'gemini-2.5-flash'],
] as const
const folder = join(import.meta.dirname, '.data', 'run-summary')

interface Shape {
  readonly name: string
  readonly file: string
  /** Whether the calls of a stage are of one model, or each of another. */
  readonly modelsPerStage: 1 | 3
  readonly hasScenes: boolean
  readonly hasGoal: boolean
}

const shapes: readonly Shape[] = [
  { name: 'a model a stage', file: 'plain', modelsPerStage: 1, hasScenes: false, hasGoal: true },
  { name: 'a model a stage, 500 scenes', file: 'scenes', modelsPerStage: 1, hasScenes: true, hasGoal: true },
  { name: 'three models a stage', file: 'models', modelsPerStage: 3, hasScenes: false, hasGoal: false },
]

const figures: Figure[] = []
for (const shape of shapes) figures.push(...(await measure(shape)))
report(
  `A run of ${stages.toLocaleString('en-US')} stages and ${(stages * callsPerStage).toLocaleString('en-US')} charges, summarised`,
  figures,
)

async function measure(shape: Shape): Promise<Figure[]> {
  const path = await ledger(shape)
  const store = openSqliteStore({ path, create: false, timezone: 'UTC', subjects: defaultSubjects })
  const times: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const started = performance.now()
    const summary = await summarizeRun(store, 'film-1')
    times.push(performance.now() - started)
    if (summary.calls !== stages * callsPerStage || summary.stages.length !== stages * shape.modelsPerStage) {
      throw new Error(`The summary counts ${summary.calls} calls in ${summary.stages.length} stages.`)
    }
  }
  await store.close()
  const first = times[0] ?? 0
  // What the compiler had not yet seen is told by the first alone.
  times.splice(0, warmUps)
  const p95 = percentile(times, 0.95)
  return [
    { name: `${shape.name}, first`, ours: first, unit: 'ms' },
    { name: `${shape.name}, p50`, ours: percentile(times, 0.5), unit: 'ms' },
    { name: `${shape.name}, p95`, ours: p95, unit: 'ms', ...(shape.hasGoal && { goal: '≤ 50 ms', met: p95 <= 50 }) },
  ]
}

/** A ledger with the fixed data, made once and kept: the run, and others beside it. */
async function ledger(shape: Shape): Promise<string> {
  const path = join(folder, `${shape.file}.db`)
  if (existsSync(`${path}.complete`)) return path
  mkdirSync(folder, { recursive: true })
  const purser = await Purser.open({ db: path })
  await purser.recordMany(Array.from({ length: stages * callsPerStage }, (_, index) => record(shape, 'film-1', index)))
  for (let run = 2; run < otherRuns + 2; run += 1) {
    await purser.recordMany(Array.from({ length: 300 }, (_, index) => record(shape, `film-${run}`, index)))
  }
  await purser.close()
  writeFileSync(`${path}.complete`, '')
  return path
}

function record({ modelsPerStage, hasScenes }: Shape, run: string, index: number): CallRecord {
  const stage = Math.floor(index / callsPerStage)
  const [provider, model] = models[modelsPerStage === 1 ? stage % models.length : index % models.length] ?? models[0]
  return {
    at: Date.UTC(2026, 9, 1) + index * 1000,
    provider,
    model,
    usage: { inputTokens: 500 + (index % 3000), outputTokens: 100 + (index % 700) },
    labels: {
      project: 'film',
      run,
      stage: `stage-${stage}`,
      role: `role-${stage % 7}`,
      ...(hasScenes && { scene: `scene-${stage % 500}` }),
    },
  }
}
