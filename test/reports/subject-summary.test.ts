import { describe, expect, test } from 'vitest'
import { summarizeSubject } from '../../src/reports/runs/subject-summary.ts'
import { projectCostSummarySchema } from '../../src/reports/schemas/project-cost-schemas.ts'
import type { Store } from '../../src/stores/store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from '../stores/every-store.ts'
import { aRun, estimateOf, keepRuns } from './kept-run.ts'

const summary = async (store: Store, label: string, value: string) =>
  projectCostSummarySchema.parse(await summarizeSubject(store, label, value))

const day = (number: number): number => Date.parse(`2026-02-0${number}T10:00:00Z`)

/** Input costs 2 nanos a token. Four runs of the film: 100, 160, 130 and 210 nanos; and a call without a run. */
async function films(store: Store): Promise<void> {
  const call = (id: string, at: number, inputTokens: number, labels: Readonly<Record<string, string>>) =>
    booking({ id, at, usage: { inputTokens }, labels: { project: 'film', user: 'ann', ...labels } })
  await book(
    store,
    call('a', day(1), 50, { run: 'f1', stage: 'extract', video: 'v1' }),
    call('b', day(2), 60, { run: 'f2', stage: 'extract', video: 'v1' }),
    call('c', day(3), 20, { run: 'f2', stage: 'review', video: 'v2' }),
    call('d', day(3), 65, { run: 'f3', stage: 'extract', user: 'bob' }),
    call('e', day(4), 105, { run: 'f4', stage: 'extract' }),
    call('f', day(5), 7, {}),
    booking({ id: 'other', at: day(1), usage: { inputTokens: 999 }, labels: { project: 'other', run: 'o1' } }),
  )
  await keepRuns(store, [
    aRun('f1', { project: 'film', startedAt: day(1), estimate: estimateOf(80n) }),
    aRun('f2', { project: 'film', startedAt: day(2) }),
    aRun('f4', { project: 'film', startedAt: day(4), state: 'running', endedAt: null }),
    aRun('f5', { project: 'film', startedAt: null, state: 'planned', endedAt: null }),
  ])
}

describe.each(everyStore)('$name: what a project cost, run by run', (kind) => {
  test('history, cumulative cost, average and trend', async () => {
    const store = await createStore(kind)
    await films(store)
    const found = await summary(store, 'project', 'film')
    expect(found).toMatchObject({
      label: 'project',
      value: 'film',
      // 600 in runs and 14 outside.
      total_cost_nanos: '614',
      runs_cost_nanos: '600',
      calls: 6,
      run_count: 4,
      average_per_run_nanos: '150',
      by_model: { big: 6.14e-7 },
      by_stage: { extract: 5.6e-7, review: 4e-8, none: 1.4e-8 },
      by_service: { acme: 6.14e-7 },
    })
    // f3 is known by its label only; f5 has not begun.
    expect(found.runs.map((run) => [run.run_id, run.state, run.started, run.cost_nanos, run.cumulative_nanos])).toEqual([
      ['f1', 'completed', '2026-02-01T10:00:00.000Z', '100', '100'],
      ['f2', 'completed', '2026-02-02T10:00:00.000Z', '160', '260'],
      ['f3', null, '2026-02-03', '130', '390'],
      ['f4', 'running', '2026-02-04T10:00:00.000Z', '210', '600'],
    ])
    // 100 against 80 is 25 % more.
    expect(found.runs[0]).toMatchObject({ estimate_usd: 8e-8, variance_usd: 2e-8, variance_percent: 25 })
    expect(found.runs[1]).toMatchObject({ estimate_usd: null, variance_usd: null, variance_percent: null })
    // Of the three that have ended, 100, 160, 130: Σ(i−2)·c = −100 + 130 = 30, over Σ(i−2)² = 2, is 15 a run.
    // The last against the average of before: 130 against 130.
    expect(found.trend).toMatchObject({
      runs: 3,
      slope_nanos_per_run: '15',
      direction: 'more expensive',
      last_nanos: '130',
      average_before_usd: 1.3e-7,
      last_against_average_percent: 0,
    })
  })

  test('of a video only what was spent on it counts, and the variance is that of the whole run', async () => {
    const store = await createStore(kind)
    await films(store)
    expect(await summary(store, 'video', 'v1')).toMatchObject({
      total_cost_nanos: '220',
      runs: [
        { run_id: 'f1', cost_nanos: '100', variance_percent: 25 },
        { run_id: 'f2', cost_nanos: '120', cumulative_nanos: '220' },
      ],
      average_per_run_nanos: '110',
      trend: { slope_nanos_per_run: '20', direction: 'more expensive', last_against_average_percent: 20 },
    })
    expect(await summary(store, 'video', 'v2')).toMatchObject({ total_cost_nanos: '40', run_count: 1, trend: null })
  })

  test('of a user, and of what nobody carries', async () => {
    const store = await createStore(kind)
    await films(store)
    expect(await summary(store, 'user', 'bob')).toMatchObject({ total_cost_nanos: '130', run_count: 1, runs: [{ run_id: 'f3' }] })
    expect(await summary(store, 'user', 'eve')).toMatchObject({ total_cost_nanos: '0', runs: [], average_per_run_nanos: null, trend: null })
    await expect(summarizeSubject(store, 'cost', '1')).rejects.toMatchObject({ code: 'PURSER_BAD_QUERY' })
  })
})
