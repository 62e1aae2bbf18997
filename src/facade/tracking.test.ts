import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { openTemporaryLedger, temporaryFolder } from '../../test/ledger/temporary-ledger.ts'
import { runCostSummarySchema, runReportSchema } from '../reports/schemas/run-cost-schemas.ts'
import { costDataSchema, costReportSchema } from '../reports/schemas/host-schemas.ts'
import { Purser } from '../purser.ts'
import type { PurserOptions } from './open-options.ts'

const profiles = { economy: { default: 'openai/gpt-4o-mini' }, quality: { default: 'openai/gpt-4o' } }

// It is said once in a process, and here each test is one.
beforeEach(() => void Reflect.deleteProperty(globalThis, Symbol.for('purser.untracked')))

async function open(options: PurserOptions): Promise<Purser> {
  const purser = await Purser.open(options)
  onTestFinished(() => purser.close())
  return purser
}

/** A ledger with tracking on, and the same with tracking off, with what that says. */
async function twice(): Promise<{ on: Purser; off: Purser; told: string[] }> {
  const on = await openTemporaryLedger({ profiles, profile: 'economy' })
  const told: string[] = []
  const off = await open({ db: on.location, profiles, profile: 'economy', tracking: false, onWarning: (message) => told.push(message) })
  return { on, off, told }
}

test('settings of a ledger are changed with tracking off, and nothing else', async () => {
  const { on, off } = await twice()
  await off.budgets.set('daily', { limit: 5, window: 'day' })
  await off.budgets.change('daily', { limit: 6 })
  await off.profiles.use('quality', { project: 'film' })
  expect((await on.budgets.list()).map(({ budget }) => [budget.name, budget.limit])).toEqual([['daily', 6_000_000_000n]])
  expect((await on.profiles.model({ project: 'film' })).profile).toBe('quality')
  await off.budgets.remove('daily')
  await off.profiles.use(null, { project: 'film' })
  expect([await on.budgets.list(), (await on.profiles.model({ project: 'film' })).profile]).toEqual([[], 'economy'])

  await off.record({ provider: 'acme', model: 'flat', costUsd: 1 })
  await off.holds.reserve({ amount: { cost: 1 } })
  await off.runs.plan({ id: 'planned', budget: 1 })
  const summary = await off.import('jsonl', async () => {
    throw new Error('Nothing is read.')
  })
  expect(summary).toMatchObject({ read: 0, booked: 0 })
  await off.run({ id: 'r' }, (run) => run.stage('one', () => undefined))
  expect([await on.runs.list(), await on.holds.list(), (await on.costs()).total.calls, await on.imports()]).toEqual([[], [], 0, []])
})

test('what is booked stays as it is with tracking off: no correction, no import taken back', async () => {
  const { on } = await twice()
  const charge = {
    id: 'a',
    at: Date.parse('2026-02-20T10:00:00Z'),
    provider: 'acme',
    model: 'big',
    usage: { inputTokens: 100 },
    labels: {},
  }
  const { batch } = await on.import('test', (sink) => sink.put([{ charge, onExisting: 'duplicate' }], new Map()))
  const dearer = await open({ db: on.location, tracking: false, ownerCards: [acmeCard('big', { inputTokens: '0.000000003' })] })
  expect([on.isTracking, dearer.isTracking]).toEqual([true, false])
  // 100 tokens at 3 nanos in place of 2.
  expect(await dearer.reprice({ apply: true })).toMatchObject({ applied: false, corrected: 1, differenceNanos: 100n })
  expect(await dearer.undoImport(batch ?? '')).toEqual({ batch, removed: 0 })
  expect((await on.costs()).total).toMatchObject({ calls: 1, costNanos: 200n })
})

test('a ledger that was opened for reading stays as it is, and a profile counts in the process', async () => {
  const on = await openTemporaryLedger({ profiles, profile: 'economy' })
  const off = await open({ db: on.location, profiles, profile: 'economy', tracking: false, readOnly: true })
  await off.profiles.use('quality')
  expect([(await off.profiles.model()).profile, (await on.profiles.model()).profile]).toEqual(['quality', 'economy'])
  await expect(off.budgets.set('daily', { limit: 5, window: 'day' })).rejects.toMatchObject({ code: 'PURSER_LEDGER_READ_ONLY' })
})

test('where there is no ledger none is made, and settings are those of the process', async () => {
  const db = join(temporaryFolder(), 'none.db')
  const off = await open({ db, tracking: false })
  await off.budgets.set('daily', { limit: 5, window: 'day' })
  expect((await off.budgets.list()).map(({ budget }) => budget.name)).toEqual(['daily'])
  expect(existsSync(db)).toBe(false)
})

const untold = (names: string): string =>
  `Cost tracking is off (COST_TRACKING_ENABLED or \`tracking\`), so nothing is booked or held, and nothing keeps to the budgets ${names}.`

test('hard budgets that a program sets after it opened the ledger are said to bind nobody, once', async () => {
  const { off, told } = await twice()
  await off.budgets.set('soft', { limit: 5, window: 'day', mode: 'soft' })
  expect(told).toEqual([])
  await off.budgets.set('daily', { limit: 5, window: 'day' })
  await off.budgets.set('weekly', { limit: 20, window: 'week' })
  expect(told).toEqual([untold('daily')])
})

test('so is one that becomes hard, and one that comes with a file', async () => {
  const changed = await twice()
  await changed.off.budgets.set('daily', { limit: 5, window: 'day', mode: 'soft' })
  await changed.off.budgets.change('daily', { mode: 'strict' })
  expect(changed.told).toEqual([untold('daily')])

  Reflect.deleteProperty(globalThis, Symbol.for('purser.untracked'))
  const other = await openTemporaryLedger()
  await other.budgets.set('monthly', { limit: 50, window: 'month' })
  const [monthly] = await other.budgets.list()
  const applied = await twice()
  await applied.off.budgets.apply('/purser.yaml', monthly === undefined ? [] : [monthly.budget])
  expect(applied.told).toEqual([untold('monthly')])
})

test('reports of a run that is not known are empty, and say why; with tracking on they are refused', async () => {
  const { on, off } = await twice()
  const nothing = { total_cost_nanos: '0', calls: 0, is_lower_bound: true, estimate: null, variance: null, budget: null }
  const summary = runCostSummarySchema.parse(await off.reports.summary('r'))
  expect(summary).toMatchObject({ ...nothing, run_id: 'r', state: null, message: expect.stringMatching(/^Cost tracking is off/) as string })
  const { report, markdown } = await off.reports.keep('r')
  expect(runReportSchema.parse(report).summary).toEqual(summary)
  expect(markdown).toMatch(/^# Costs of run r\n\nCost tracking is off, .*\n\n## Total\n\n(.*\n)*\| cost \| ≥ \$0\.00 \|/)
  expect((await off.reports.report('r')).report.summary).toEqual(summary)
  expect((await off.reports.costsBlock('r')).costs).toMatchObject({ estimated_before: null, actual: 0, variance: null })
  const glance = costReportSchema.parse(await off.reports.costReport('r'))
  expect(glance).toMatchObject({ run: null, group: null })
  expect(glance.notes[0]).toMatch(/^Cost tracking is off/)
  const grant = await off.holds.reserve({ amount: { cost: 1 } })
  for (const of of [{ hold: grant.granted ? grant.id : '' }, { artifact: 'a' }, { chargeIds: ['c'] }]) {
    expect(costDataSchema.parse(await off.reports.costData(of))).toMatchObject({ call_count: 0, is_lower_bound: true, charge_ids: [] })
  }
  for (const refused of [on.reports.summary('r'), on.reports.report('r'), on.reports.costsBlock('r'), on.reports.costReport('r')]) {
    await expect(refused).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  }
})

test('a run that the ledger knows is reported as it is, and is not changed', async () => {
  const { on, off } = await twice()
  await on.run({ id: 'r', budget: 5 }, (run) =>
    run.stage('one', async () => {
      await on.record({ provider: 'acme', model: 'flat', costUsd: '0.25' })
    }),
  )
  await on.runs.plan({ id: 'planned', budget: 5 })
  expect(await off.reports.summary('r')).toMatchObject({ total_cost_usd: 0.25, state: 'completed', message: null, is_lower_bound: false })
  const before = await on.runs.list()
  const { runs } = off
  expect(await runs.raise('planned', { by: 1 })).toMatchObject({ id: 'planned', state: 'planned', cap: { cost: 5_000_000_000n } })
  for (const id of ['r', 'planned', 'unknown']) {
    for (const asked of [runs.pause(id), runs.resume(id), runs.stop(id), runs.terminate(id), runs.raise(id, { by: 1 })]) {
      expect(await asked).toMatchObject({ id })
    }
  }
  expect(await runs.plan({ id: 'planned' })).toMatchObject({ id: 'planned', state: 'planned' })
  expect(await on.runs.list()).toEqual(before)
  await expect(on.runs.pause('unknown')).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
})

test.skipIf(process.getuid?.() === 0)('a ledger that this user may not write is looked at', async () => {
  const on = await openTemporaryLedger()
  chmodSync(on.location, 0o444)
  const off = await open({ db: on.location, tracking: false })
  expect(off.isReadOnly).toBe(true)
})
