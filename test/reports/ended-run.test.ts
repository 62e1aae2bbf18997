import { expect, test } from 'vitest'
import { runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

test('a run that ends leaves its report, with estimate, cap and stages', async () => {
  const purser = await openTemporaryLedger()
  const call = (inputTokens: number) => purser.record({ provider: 'acme', model: 'big', usage: { inputTokens } })
  await purser.run({ id: 'film-7', project: 'film', estimate: '0.0000005', budget: '0.000001' }, async (run) => {
    await run.stage('extract', async () => void (await call(100)))
    await run.stage('review', { labels: { role: 'director' } }, async () => void (await call(130)))
  })
  const { report } = await purser.reports.report('film-7')
  // 230 tokens at 2 nanos are 460, against 500 foreseen: −8 %.
  expect(runReportSchema.parse(report).summary).toMatchObject({
    state: 'completed',
    project: 'film',
    total_cost_nanos: '460',
    by_stage: { extract: 2e-7, review: 2.6e-7 },
    by_role: { director: 2.6e-7, none: 2e-7 },
    variance: { estimated_nanos: '500', variance_nanos: '-40', variance_percent: -8 },
    budget_limit_usd: 0.000001,
    budget_remaining_usd: 5.4e-7,
    held_nanos: '0',
  })
  expect(report.stage_runs.map(({ stage_id: stage, state }) => [stage, state])).toEqual([
    ['extract', 'completed'],
    ['review', 'completed'],
  ])
  // What is booked later is counted.
  await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 1 }, labels: { run: 'film-7' } })
  expect((await purser.reports.report('film-7')).report.summary.total_cost_nanos).toBe('462')
})
