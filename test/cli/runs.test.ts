import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chargeShape } from '../../src/json/json-shapes.ts'
import { runListShape } from '../../src/json/run-shapes.ts'
import { Purser } from '../../src/purser.ts'
import { projectCostSummarySchema } from '../../src/reports/schemas/project-cost-schemas.ts'
import { runCostSummarySchema, runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { displayWidth } from '../../src/text/display-width.ts'
import { aRun, aStage, estimateOf, keepRuns } from '../reports/kept-run.ts'
import { type Machine, newMachine } from './run-purser.ts'

const calls = [
  // $0.40 + $0.60 + $0.25 in film-7, $0.50 in film-8, $0.10 in a run that only its calls tell of.
  {
    at: '2026-02-20T10:00:00Z',
    costUsd: '0.40',
    labels: { project: 'film', run: 'film-7', stage: 'extract', role: 'reader', scene: 's1' },
  },
  {
    at: '2026-02-20T10:01:00Z',
    costUsd: '0.60',
    labels: { project: 'film', run: 'film-7', stage: 'review', role: 'director', scene: 's2' },
  },
  {
    at: '2026-02-20T10:02:00Z',
    costUsd: '0.25',
    labels: { project: 'film', run: 'film-7', stage: 'review', role: 'director', scene: 's1' },
  },
  { at: '2026-02-21T10:00:00Z', costUsd: '0.50', labels: { project: 'film', run: 'film-8', stage: 'extract', role: 'reader' } },
  { at: '2026-02-19T10:00:00Z', costUsd: '0.10', labels: { run: 'stray' } },
]

async function filmMachine(): Promise<Machine> {
  const machine = newMachine()
  machine.write('purser.yaml', 'db: ledger.db\n')
  const path = join(machine.folder, 'ledger.db')
  const purser = await Purser.open({ db: path })
  await purser.recordAll(calls.map((call) => ({ provider: 'acme', model: 'flat', ...call })))
  const store = openSqliteStore({ path, create: false, timezone: 'UTC', subjects: defaultSubjects })
  const day = (text: string) => Date.parse(`2026-02-${text}:00Z`)
  const eighth = { state: 'paused', message: 'Paused at the cap of $0.50.', startedAt: day('21T09:00'), endedAt: day('21T10:30') } as const
  await keepRuns(
    store,
    [
      aRun('film-7', { project: 'film', estimate: estimateOf(1_000_000_000n) }),
      aRun('film-8', { project: 'film', cap: { cost: 500_000_000n }, ...eighth }),
    ],
    [aStage('film-7', 'extract', 1), aStage('film-7', 'review', 2)],
  )
  await store.close()
  await purser.reports.keep('film-7')
  await purser.close()
  return machine
}

describe('runs', () => {
  test('list: the last to begin first, also those that only the labels of calls tell of', async () => {
    const machine = await filmMachine()
    const { runs, more } = await machine.json(runListShape, ['runs', 'list'])
    expect(more).toBe(0)
    expect(runs.map(({ run, project, state, started, costNanos }) => [run, project, state, started, costNanos])).toEqual([
      ['film-8', 'film', 'paused', '2026-02-21T09:00:00.000Z', '500000000'],
      ['film-7', 'film', 'completed', '2026-02-20T09:00:00.000Z', '1250000000'],
      ['stray', null, null, '2026-02-19', '100000000'],
    ])
    expect(runs[1]).toMatchObject({ calls: 3, estimateUsd: 1, varianceUsd: 0.25, variancePercent: 25 })
    const ids = async (...args: string[]) => (await machine.json(runListShape, ['runs', 'list', ...args])).runs.map(({ run }) => run)
    expect(await ids('--project', 'film')).toEqual(['film-8', 'film-7'])
    expect(await ids('--state', 'completed,failed')).toEqual(['film-7'])
    expect((await machine.json(runListShape, ['runs', 'list', '--limit', '1'])).more).toBe(2)
    const { out } = await machine.run(['runs', 'list'])
    expect(out).toMatch(/film-7 +film +completed +2026-02-20 09:00 +\$1\.25 +\$1\.00 +\+25\.0% +3\n/)
    expect(out).toContain('Runs without a state are known by the label of their calls only.')
  })

  test('list: a state that is mistyped is refused with the nearest, and no run at all is said', async () => {
    const machine = await filmMachine()
    const { code, err } = await machine.run(['runs', 'list', '--state', 'complete'])
    expect([code, err]).toEqual([2, expect.stringContaining('Did you mean "completed"?')])
    expect((await machine.run(['runs', 'list', '--project', 'none'])).out).toContain('No runs.')
  })

  test('show: against estimate and limit, by stage, model, role and scene', async () => {
    const machine = await filmMachine()
    const summary = await machine.json(runCostSummarySchema, ['runs', 'show', 'film-7'])
    expect(summary).toMatchObject({
      total_cost_usd: 1.25,
      by_role: { director: 0.85, reader: 0.4 },
      by_scene: { s1: 0.65, s2: 0.6 },
      variance: { variance_usd: 0.25, variance_percent: 25 },
      budget_limit_usd: null,
    })
    expect(await machine.json(runCostSummarySchema, ['runs', 'show', 'last'])).toMatchObject({
      run_id: 'film-8',
      state: 'paused',
      budget_limit_usd: 0.5,
      budget_remaining_usd: 0,
    })
    const { out } = await machine.run(['runs', 'show', 'last'])
    expect(out).toContain('Run film-8, project film, paused\n  Paused at the cap of $0.50.\n')
    expect(out).toContain('limit      $0.50, the run’s own; $0.00 remaining')
    const seventh = (await machine.run(['runs', 'show', 'film-7', '--by', 'stage'])).out
    expect(seventh).toContain('estimated  $1.00, so it came to +$0.25 (+25.0%)')
    expect(seventh).toMatch(/by stage +cost +calls +tokens\nreview +\$0\.85 +2 +0\nextract +\$0\.40 +1 +0\n/)
    const narrow = await machine.run(['runs', 'show', 'film-7'], { env: { COLUMNS: '40' } })
    expect(Math.max(...narrow.out.split('\n').map(displayWidth))).toBeLessThanOrEqual(60)
    expect((await machine.run(['runs', 'show', 'film-9'])).code).toBe(2)
  })

  test('watch: what a run cost that only the labels of calls tell of; of none it is an error', async () => {
    const machine = await filmMachine()
    const { code, out } = await machine.run(['runs', 'watch', 'stray'])
    expect([code, out]).toEqual([
      0,
      'stray: $0.10 so far. It is known by the label of its calls only. `purser runs show stray` shows more.\n',
    ])
    expect(await machine.run(['runs', 'watch', 'nobody'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no run "nobody"') as string,
    })
  })

  test('report: as it was kept, as text, JSON and Markdown, and into a file', async () => {
    const machine = await filmMachine()
    const kept = await machine.json(runReportSchema, ['runs', 'report', 'film-7'])
    expect(kept.summary.total_cost_usd).toBe(1.25)
    expect(kept.stage_runs.map(({ stage_id: stage }) => stage)).toEqual(['extract', 'review'])
    const { out, err } = await machine.run(['runs', 'report', 'film-7', '--format', 'md', '--output', 'report.md'])
    expect([out, err]).toEqual(['', expect.stringContaining('Wrote the report to report.md.')])
    const markdown = readFileSync(join(machine.folder, 'report.md'), 'utf8')
    expect(markdown).toContain('| variance | +$0.25 (+25.0%) |')
    expect(markdown).toContain(
      '## By scene\n\n| scene | calls | tokens | cost |\n| --- | --- | --- | --- |\n| s1 | 2 | 0 | $0.65 |\n| s2 | 1 | 0 | $0.60 |\n',
    )
    expect((await machine.run(['runs', 'report', 'film-7', '--format', 'json'])).out).toBe(`${JSON.stringify(kept)}\n`)
    // What is booked later is counted.
    await machine.run(['record', '--provider', 'acme', '--model', 'late', '--cost', '5', '--label', 'run=film-7'])
    expect((await machine.json(runReportSchema, ['runs', 'report', 'film-7'])).summary.total_cost_usd).toBe(6.25)
    expect((await machine.json(runCostSummarySchema, ['runs', 'show', 'film-7'])).total_cost_usd).toBe(6.25)
  })

  test('report: of a project or anything else, run by run', async () => {
    const machine = await filmMachine()
    const film = await machine.json(projectCostSummarySchema, ['runs', 'report', '--project', 'film'])
    expect(film).toMatchObject({ total_cost_usd: 1.75, run_count: 2, average_per_run_usd: 0.875 })
    expect(film.runs.map(({ cumulative_usd: usd }) => usd)).toEqual([1.25, 1.75])
    expect(await machine.json(projectCostSummarySchema, ['runs', 'report', '--by', 'scene=s1'])).toMatchObject({ total_cost_usd: 0.65 })
    const { out } = await machine.run(['runs', 'report', '--project', 'film'])
    expect(out).toContain('project film\n  cost       $1.75 for 4 calls, 0 tokens\n  runs       2 runs for $1.75, $0.875 each on average\n')
    expect((await machine.run(['runs', 'report', '--project', 'film', '--format', 'md'])).out).toContain('| average per run | $0.875 |')
    expect((await machine.run(['runs', 'report', '--by', 'video=v9'])).code).toBe(2)
    expect((await machine.run(['runs', 'report', 'film-7', '--project', 'film'])).code).toBe(2)
  })

  test('what is exported line by line reads as a charge', async () => {
    const machine = await filmMachine()
    const { out } = await machine.run(['export'])
    const lines = out.trimEnd().split('\n')
    expect(lines.length).toBe(5)
    for (const line of lines) chargeShape.parse(JSON.parse(line))
  })
})
