import { describe, expect, test } from 'vitest'
import { runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import { Purser } from '../../src/purser.ts'
import type { Run } from '../../src/runs/run.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { openBehind, openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { aRun, aStage, estimateOf, keepRuns } from './kept-run.ts'

async function keep(purser: Purser, run: Run, stages = [aStage(run.id, 'extract', 1), aStage(run.id, 'review', 2)]): Promise<void> {
  const store = openSqliteStore({ path: purser.location, create: false, timezone: 'UTC', subjects: defaultSubjects })
  await keepRuns(store, [run], stages)
  await store.close()
}

const run = (more: Partial<Run> = {}): Run =>
  aRun('film-7', { project: 'film', estimate: estimateOf(300n), cap: { cost: 1000n, calls: 9n }, ...more })

/** The calls come with an import, so that they can be taken out of the ledger again. */
async function importCalls(purser: Purser): Promise<string> {
  const at = Date.parse('2026-02-20T10:00:00Z')
  const charge = (id: string, stage: string, inputTokens: number) => ({
    charge: { id, at, provider: 'acme', model: 'big', usage: { inputTokens }, labels: { run: 'film-7', stage } },
    onExisting: 'duplicate' as const,
  })
  const { batch } = await purser.import('test', (sink) => sink.put([charge('a', 'extract', 100), charge('b', 'review', 50)], new Map()))
  return batch
}

/** Prices the calls of a model again, at so many dollars a token. */
async function repriced({ location: db }: Purser, { model, rate }: { model: string; rate: string }): Promise<void> {
  const other = await Purser.open({ db, ownerCards: [acmeCard(model, { inputTokens: rate })] })
  expect(await other.reprice({ apply: true, model })).toMatchObject({ applied: true })
  await other.close()
}

describe('the report of a run', () => {
  test('has the summary, the stages, and the limits that the run was under', async () => {
    const purser = await openTemporaryLedger()
    await importCalls(purser)
    await keep(purser, run())
    await purser.budgets.set('film', { limit: '1', window: 'total' })
    const { report, markdown } = await purser.reports.keep('film-7')
    expect(runReportSchema.parse(report)).toEqual(report)
    // 100 × 2 + 50 × 2 = 300 nanos, as estimated.
    expect(report.summary).toMatchObject({ total_cost_nanos: '300', variance: { variance_nanos: '0', variance_percent: 0 } })
    expect(report.stage_runs.map(({ stage_id: stage, state }) => [stage, state])).toEqual([
      ['extract', 'completed'],
      ['review', 'completed'],
    ])
    expect(report.budgets.map(({ name, metric, limit, on_limit: action }) => [name, metric, limit, action])).toEqual([
      ['run', 'cost', '1000', 'pause'],
      ['run', 'calls', '9', 'pause'],
      ['film', 'cost', '1000000000', 'block'],
    ])
    expect(markdown).toContain('# Costs of run film-7')
    expect(markdown).toContain('| extract | big | 1 | 100 | 0 | $0.0000002 |')
    expect(markdown).toContain('| limit | $0.000001 (of the run) |')
  })

  test('is read back unchanged when the details of its charges are gone', async () => {
    const purser = await openTemporaryLedger()
    await importCalls(purser)
    await keep(purser, run())
    const kept = await purser.reports.keep('film-7')
    // Sums are kept for longer than charges.
    openBehind(purser.location).exec('PRAGMA foreign_keys = OFF; DELETE FROM charge_subjects; DELETE FROM charges')
    expect(await Array.fromAsync(purser.charges())).toEqual([])
    expect(await purser.reports.report('film-7')).toEqual(kept)
  })

  test('is made anew when its calls come to something else: another price, a first price, an import taken back', async () => {
    const purser = await openTemporaryLedger()
    const batch = await importCalls(purser)
    await purser.record({ provider: 'acme', model: 'mystery', usage: { inputTokens: 9 }, labels: { run: 'film-7' } })
    await keep(purser, run())
    await purser.reports.keep('film-7')
    const told = async () => {
      const { summary } = (await purser.reports.report('film-7')).report
      return [summary.total_cost_nanos, summary.calls, summary.unpriced_calls, summary.is_lower_bound]
    }
    expect(await told()).toEqual(['300', 3, 1, true])
    // The unknown model turns out to be free: the sum and the calls are the same, and it is no lower bound any more.
    await repriced(purser, { model: 'mystery', rate: '0' })
    expect(await told()).toEqual(['300', 3, 0, false])
    // The other one costs 3 nanos a token in place of 2.
    await repriced(purser, { model: 'big', rate: '0.000000003' })
    expect(await told()).toEqual(['450', 3, 0, false])
    await purser.undoImport(batch)
    expect(await told()).toEqual(['0', 1, 0, false])
  })

  test('is made now while the run goes on, and kept anew when it ends once more', async () => {
    const purser = await openTemporaryLedger()
    await importCalls(purser)
    await keep(purser, run({ state: 'paused', message: 'Stopped at its cap.' }))
    await purser.reports.keep('film-7')
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 5 }, labels: { run: 'film-7' } })
    // Paused, as when it was kept, and with what was booked since.
    expect((await purser.reports.report('film-7')).report.summary).toMatchObject({ state: 'paused', total_cost_nanos: '310' })
    await keep(purser, run({ state: 'running', endedAt: null }))
    expect((await purser.reports.report('film-7')).report.summary).toMatchObject({ state: 'running', total_cost_nanos: '310' })
    await keep(purser, run({ endedAt: Date.parse('2026-02-20T12:00:00Z') }))
    await purser.reports.keep('film-7')
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 5 }, labels: { run: 'film-7' } })
    expect((await purser.reports.report('film-7')).report.summary).toMatchObject({ state: 'completed', total_cost_nanos: '320' })
  })

  test('what hosts named starts no table and no link in the Markdown', async () => {
    const purser = await openTemporaryLedger()
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 5 }, labels: { run: 'a|b', stage: '[x](y) *z*' } })
    const { markdown } = await purser.reports.report('a|b')
    expect(markdown).toContain('# Costs of run a\\|b')
    expect(markdown).toContain('| \\[x\\](y) \\*z\\* | big |')
  })
})
