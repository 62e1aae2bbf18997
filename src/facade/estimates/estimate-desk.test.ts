import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { acmeCard } from '../../../test/ledger/acme-cards.ts'
import { openTemporaryLedger, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import { aRun, estimateOf } from '../../../test/reports/kept-run.ts'
import type { PurserOptions } from '../open-options.ts'
import { parseUsd } from '../../money/nanos.ts'
import { Purser } from '../../purser.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import { readRun, writeRun } from '../../runs/run-documents.ts'
import type { Run } from '../../runs/run.ts'
import { openSqliteStore } from '../../stores/sqlite/sqlite-store.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import type { Store } from '../../stores/store.ts'

/** Nanos a token: big 2 in and 10 out, small 1 in and 2 out; a picture is a nano. */
const ownerCards = [
  acmeCard('big', { inputTokens: '0.000000002', outputTokens: '0.00000001' }),
  acmeCard('small', { inputTokens: '0.000000001', outputTokens: '0.000000002' }),
  acmeCard('painter', { images: '0.000000001' }),
]
const profiles = { cheap: { default: 'acme/small' }, good: { default: 'acme/big', stages: { art: 'acme/painter' } } }

const open = (options: Partial<PurserOptions> = {}): Promise<Purser> => openTemporaryLedger({ ownerCards, profiles, ...options })

/** The store behind a ledger, to write runs as a host's pipeline does. */
function storeOf(purser: Purser): Store {
  const store = openSqliteStore({ path: purser.location, create: false, timezone: 'UTC', subjects: defaultSubjects })
  onTestFinished(() => store.close())
  return store
}

const call = (run: string, costUsd: string, labels: Record<string, string> = {}) => ({
  provider: 'acme',
  model: 'other',
  costUsd,
  labels: { project: 'film', run, ...labels },
})

const runOf = (id: string, more: Partial<Run> = {}): Run => aRun(id, { project: 'film', ...more })

function estimated(usd: string, parts: CostEstimate['parts'] = []): CostEstimate {
  return estimateOf(parseUsd(usd), { source: 'plan', parts })
}

describe('from a plan', () => {
  const plan = {
    calls: [
      { stage: 'extract', input: 1000, output: 100 },
      { stage: 'art', images: 5 },
    ],
    project: 'film',
  }

  test('the models are those of the profile in force for its project, or of the one that is named', async () => {
    const purser = await open({ profile: 'cheap' })
    const models = ({ parts }: CostEstimate) => parts.map(({ model }) => model)
    // 1,000 × 1 + 100 × 2; the small model has no price for pictures.
    expect(await purser.estimate(plan)).toMatchObject({ costNanos: 1200n, profile: 'cheap', unpriced: [{ stage: 'art', model: 'small' }] })
    await purser.profiles.use('good', { project: 'film' })
    // 1,000 × 2 + 100 × 10 + 5 × 1
    expect(await purser.estimate(plan)).toMatchObject({ costNanos: 3005n, profile: 'good', unpriced: [] })
    expect(models(await purser.estimate({ ...plan, project: 'atlas' }))).toEqual(['small', 'small'])
    expect(models(await purser.estimate(plan, { profile: 'cheap' }))).toEqual(['small', 'small'])
    await expect(purser.estimate(plan, { profile: 'chaep' })).rejects.toThrow('There is no profile "chaep" (did you mean "cheap"?).')
  })

  test('side by side with several profiles', async () => {
    const purser = await open()
    const { names, differences, rows } = await purser.estimates.compare(plan, ['good', 'cheap'], { buffer: '100%' })
    expect([names, differences]).toEqual([
      ['good', 'cheap'],
      // The cheap one has no price for pictures: nobody knows whether it comes to less.
      [0n, null],
    ])
    const [text] = plan.calls
    const alike = await purser.estimates.compare({ calls: text === undefined ? [] : [text] }, ['good', 'cheap'], { buffer: '100%' })
    // Twice 1,000 × 1 + 100 × 2, and twice 1,000 × 2 + 100 × 10
    expect(alike.differences).toEqual([0n, 2n * (1200n - 3000n)])
    expect(rows.map(({ stage, costs }) => [stage, costs])).toEqual([
      ['extract', [3000n, 1200n]],
      ['art', [5n, null]],
    ])
  })

  test('a plan that is wrong is refused with the place in it', async () => {
    const purser = await open()
    await expect(purser.estimate({ calls: [{ model: 'acme/big', input: -1 }] })).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: '"calls[1].input" of the plan is -1; it must be a whole number, 0 or more, of tokens of one call.',
    })
    await expect(purser.estimate(plan, { buffer: 0.1 })).rejects.toThrow('The buffer is 0.1; it must be a percent from 1 to 1000')
  })
})

describe('from the past', () => {
  test('counts what the runs of a project and its stages came to, without those that have not come to their end', async () => {
    const purser = await open()
    const runs = ['1.00', '2.00', '3.00', '10.00'].map((cost, index) => call(`r${index}`, cost, { stage: 'extract', role: 'reader' }))
    const reviews = ['0.10', '0.30', '0.20'].map((cost, index) => call(`r${index}`, cost, { stage: 'review' }))
    const others = [
      call('failed', '500', { stage: 'extract' }),
      call('going', '500'),
      { ...call('x', '77'), labels: { project: 'atlas', run: 'x' } },
    ]
    await purser.recordAll([...runs, ...reviews, ...others, { ...call('none', '9'), labels: { project: 'film' } }])
    await storeOf(purser).transact({
      documents: [
        writeRun(runOf('r0'), 0),
        writeRun(runOf('failed', { state: 'failed' }), 0),
        writeRun(runOf('going', { state: 'running' }), 0),
      ],
    })
    // Runs of 1.10, 2.30, 3.20 and 10.00; of them r0 is known to be completed, and the others by their label alone.
    const history = await purser.estimates.history({ project: 'film', buffer: 10 })
    expect(history).toMatchObject({
      enough: true,
      run: { p50: parseUsd('2.30'), p90: parseUsd('10'), samples: 4 },
      stages: [
        { stage: 'extract', p50: parseUsd('2'), p90: parseUsd('10'), samples: 4 },
        { stage: 'review', p50: parseUsd('0.20'), p90: parseUsd('0.30'), samples: 3 },
      ],
      estimate: { costNanos: parseUsd('2.53') },
    })
    expect(await purser.estimates.history({ project: 'film', stage: 'review' })).toMatchObject({
      run: { p50: parseUsd('0.20'), samples: 3 },
    })
    expect(await purser.estimates.history({ project: 'film', role: 'reader' })).toMatchObject({ run: { p50: parseUsd('2'), samples: 4 } })
    expect(await purser.estimates.history({ project: 'atlas' })).toMatchObject({ enough: false, samples: 1 })
  })

  test('leaves out a run with a call that nobody has a price for', async () => {
    const purser = await open()
    await purser.recordAll(['1', '2', '3', '4'].map((cost, index) => call(`r${index}`, cost)))
    await purser.record({ provider: 'nobody', model: 'unheard-of', usage: { inputTokens: 1 }, labels: { project: 'film', run: 'r0' } })
    expect(await purser.estimates.history({ project: 'film' })).toMatchObject({
      enough: true,
      run: { p50: parseUsd('3'), samples: 3 },
      leftOut: 1,
    })
  })

  test('learns how estimates of a project turned out, whole and by stage, and corrects when told to', async () => {
    const purser = await open({ profile: 'cheap' })
    const store = storeOf(purser)
    const part = { role: null, pass: null, provider: null, model: null, calls: 1, usage: {} }
    for (const [index, cost] of ['0.80', '1.00', '1.30'].entries()) {
      const id = `r${index}`
      await purser.recordAll([call(id, cost, { stage: 'a' }), call(id, '1.00', { stage: 'b' })])
      const parts = [
        { ...part, stage: 'a', costNanos: parseUsd('1.00') },
        { ...part, stage: 'b', costNanos: parseUsd('2.00') },
      ]
      await store.transact({ documents: [writeRun(runOf(id, { estimate: estimated('3.00', parts) }), 0)] })
      expect(await purser.estimates.learned({ project: 'film' })).toEqual(index < 2 ? { samples: index + 1 } : expect.anything())
    }
    // 1.80, 2.00 and 2.30 of 3.00
    expect(await purser.estimates.learned({ project: 'film' })).toEqual({ p50: 0.666667, p90: 0.766667, samples: 3 })
    expect(await purser.estimates.learned({ project: 'film', stage: 'a' })).toEqual({ p50: 1, p90: 1.3, samples: 3 })
    expect(await purser.estimates.learned({ project: 'film', stage: 'b' })).toEqual({ p50: 0.5, p90: 0.5, samples: 3 })
    expect(await purser.estimates.learned({ project: 'atlas' })).toEqual({ samples: 0 })
    const plan = { project: 'film', calls: [{ input: 3_000_000 }] }
    // 3,000,000 nanos × 0.666667
    expect(await purser.estimate(plan, { corrected: true })).toMatchObject({ costNanos: 2_000_001n, factor: 0.666667 })
    expect(await purser.estimate(plan)).toMatchObject({ costNanos: 3_000_000n })
    const uncorrected = await purser.estimate({ ...plan, project: 'atlas' }, { corrected: true })
    expect(uncorrected.costNanos).toBe(3_000_000n)
    expect(uncorrected).not.toHaveProperty('factor')
  })
})

describe('from a past run under other models', () => {
  const asked = (model: string, usage: object, labels: Record<string, string> = {}) => ({
    provider: 'acme',
    model,
    usage: usage as Record<string, number>,
    labels: { project: 'film', run: 'r', ...labels },
  })

  test('its calls are priced anew with the tokens that they had', async () => {
    const purser = await open()
    await purser.recordAll([
      asked('big', { inputTokens: 100, outputTokens: 10 }, { stage: 'extract', role: 'reader' }),
      asked('big', { inputTokens: 300 }, { stage: 'extract', role: 'reader' }),
      asked('small', { inputTokens: 7 }, { stage: 'review' }),
      asked('big', { inputTokens: 1000 }, { run: 'another' }),
      { ...asked('big', { inputTokens: 500 }), basis: 'plan' },
    ])
    // It cost 100 × 2 + 10 × 10, 300 × 2 and 7; with the small model 100 + 20, 300 and 7.
    const repriced = await purser.estimates.repriced('r', { models: { big: 'acme/small' }, buffer: 100 })
    expect(repriced).toMatchObject({
      actualNanos: 907n,
      planCalls: 1,
      unpricedCalls: 0,
      estimate: { source: 'repriced', costNanos: 854n, calls: 3 },
    })
    expect(repriced.estimate.parts).toEqual([
      {
        stage: 'extract',
        role: 'reader',
        pass: null,
        provider: 'acme',
        model: 'small',
        calls: 2,
        usage: { inputTokens: 400, outputTokens: 10 },
        costNanos: 420n,
      },
      { stage: 'review', role: null, pass: null, provider: 'acme', model: 'small', calls: 1, usage: { inputTokens: 7 }, costNanos: 7n },
    ])
    expect((await purser.estimates.repriced('r', { profile: 'good' })).estimate.costNanos).toBe(300n + 600n + 14n)
    const both = await purser.estimates.compareRun('r', ['cheap', 'good'])
    expect(both.differences).toEqual([0n, 914n - 427n])
  })

  test('a model is met by every name of its card', async () => {
    const purser = await Purser.open({ db: join(temporaryFolder(), 'l.db') })
    onTestFinished(() => purser.close())
    await purser.record({ provider: 'openai', model: 'gpt-4o-2024-08-06', usage: { inputTokens: 1_000_000 }, labels: { run: 'r' } })
    // $0.15 a million in place of $2.50
    const { estimate, actualNanos } = await purser.estimates.repriced('r', { models: { 'gpt-4o': 'gpt-4o-mini' } })
    expect([actualNanos, estimate.costNanos]).toEqual([2_500_000_000n, 150_000_000n])
  })

  test('what cannot be priced is named, and never counted as free', async () => {
    const purser = await open()
    await purser.recordAll([asked('big', { inputTokens: 100 }), asked('painter', { images: 2 }), call('r', '0.50')])
    const { estimate } = await purser.estimates.repriced('r', { profile: 'cheap' })
    expect(estimate.costNanos).toBe(100n)
    expect(estimate.unpriced.map(({ model, message }) => [model, message.slice(0, 40)])).toEqual([
      ['small', 'The card of model "small" of provider "a'],
      ['small', 'Only its cost was booked, and not what i'],
    ])
    // A call that keeps its model keeps a cost that only its owner knows.
    const kept = await purser.estimates.repriced('r', { models: { big: 'acme/small' } })
    expect(kept.estimate).toMatchObject({ costNanos: 100n + 2n + 500_000_000n, unpriced: [] })
  })

  test('counts corrections, and takes the prices of now', async () => {
    const db = join(temporaryFolder(), 'l.db')
    const before = await Purser.open({ db, ownerCards: [acmeCard('big', { inputTokens: '0.000000001' })] })
    await before.record(asked('big', { inputTokens: 100 }))
    await before.close()
    const now = await Purser.open({
      db,
      ownerCards: [acmeCard('big', { inputTokens: '0.000000005' }), acmeCard('small', { inputTokens: '0.000000001' })],
    })
    onTestFinished(() => now.close())
    await now.reprice({ apply: true })
    expect(await now.estimates.repriced('r', { models: { big: 'acme/small' } })).toMatchObject({
      actualNanos: 500n,
      estimate: { costNanos: 100n, calls: 1 },
    })
  })

  test('a call that several shared is priced whole, and each run has its share', async () => {
    const purser = await open()
    const serves = [
      { labels: { run: 'one' }, weight: 1 },
      { labels: { run: 'two' }, weight: 3 },
    ]
    await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens: 1001 }, labels: { project: 'film' }, serves })
    // 1,001 nanos with the small model, a quarter and three quarters of it.
    const [one, two] = [
      await purser.estimates.repriced('one', { profile: 'cheap' }),
      await purser.estimates.repriced('two', { profile: 'cheap' }),
    ]
    expect(one.estimate.costNanos + two.estimate.costNanos).toBe(1001n)
    expect(one.estimate.costNanos).toBe(250n)
    expect([one.estimate.calls, two.estimate.calls]).toEqual([0, 1])
  })

  test('a run and models that are not there are said', async () => {
    const purser = await open()
    await purser.record(asked('big', { inputTokens: 1 }))
    await expect(purser.estimates.repriced('nope', { profile: 'cheap' })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    await expect(purser.estimates.repriced('r', { models: { huge: 'acme/small' } })).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: 'No call of run "r" was served by "huge"; it was by acme/big.',
    })
    await expect(purser.estimates.repriced('r', { models: {} })).rejects.toThrow('Say either a profile, or models')
  })
})

describe('kept with a run', () => {
  test('plans a run that is not known, and a run that waits; one that has begun keeps what was foreseen', async () => {
    const purser = await open()
    const store = storeOf(purser)
    const estimate = await purser.estimate({ calls: [{ model: 'acme/big', input: 10 }] })
    await purser.estimates.save('r1', estimate, { project: 'film', labels: { episode: '7' } })
    expect(await readRun(store, 'r1')).toMatchObject({
      value: {
        state: 'planned',
        project: 'film',
        labels: { run: 'r1', project: 'film', episode: '7' },
        estimate,
        startedAt: null,
        attempt: 0,
      },
      version: 1,
    })
    const other = await purser.estimate({ calls: [{ model: 'acme/big', input: 20 }] })
    await purser.estimates.save('r1', other)
    expect(await readRun(store, 'r1')).toMatchObject({ value: { project: 'film', estimate: { costNanos: 40n } }, version: 2 })
    await store.transact({ documents: [writeRun(runOf('r1', { state: 'running', estimate: other, startedAt: 1_700_000_000_000 }), 2)] })
    await expect(purser.estimates.save('r1', estimate)).rejects.toMatchObject({
      code: 'PURSER_CONFLICT',
      message: expect.stringContaining('Run "r1" began at 2023-11-14T22:13:20.000Z and is running') as string,
    })
    expect((await readRun(store, 'r1'))?.value.estimate?.costNanos).toBe(40n)
  })

  test('without the profile that happened to be in force then: the run asks the one in force when it runs', async () => {
    const purser = await open({ profile: 'cheap' })
    const estimate = await purser.estimate({ calls: [{ stage: 'extract', input: 10 }] })
    expect(estimate.profile).toBe('cheap')
    await purser.estimates.save('r1', estimate)
    await purser.estimates.save('r2', estimate, { profile: 'cheap' })
    await purser.profiles.use('good')
    const modelOf = (id: string) => purser.run({ id }, async (run) => (await run.model({ stage: 'extract' })).model)
    expect(await modelOf('r1')).toMatchObject({ result: 'big', run: { profile: null } })
    expect(await modelOf('r2')).toMatchObject({ result: 'small', run: { profile: 'cheap' } })
    await expect(purser.estimates.save('r3', estimate, { profile: 'chaep' })).rejects.toThrow('There is no profile "chaep"')
    expect(await purser.runs.get('r3')).toBeUndefined()
  })

  test('with a run that is then begun with the project and the labels that it always has', async () => {
    const purser = await open()
    const estimate = await purser.estimate({ calls: [{ model: 'acme/big', input: 10 }] })
    await purser.estimates.save('r1', estimate, { labels: { episode: '7' } })
    const labels = { agent: 'cutter' }
    const ended = await purser.run({ id: 'r1', project: 'film', labels }, async () => {
      await purser.record({ provider: 'acme', model: 'big', costUsd: '0.01' })
    })
    expect(ended).toMatchObject({
      state: 'completed',
      run: { project: 'film', labels: { run: 'r1', project: 'film', agent: 'cutter', episode: '7' }, estimate: { costNanos: 20n } },
    })
    // 0.01 of the record
    expect(await purser.reports.projectSummary('film')).toMatchObject({ run_count: 1, total_cost_nanos: '10000000' })

    await purser.estimates.save('r2', estimate, { project: 'atlas' })
    await expect(purser.run({ id: 'r2', project: 'film' }, () => undefined)).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('another project: "atlas" then, "film" now') as string,
    })
    expect(await purser.run({ id: 'r2', labels }, () => undefined)).toMatchObject({
      run: { project: 'atlas', labels: { agent: 'cutter' } },
    })
  })

  test('by several at the same time, none of whom is refused', async () => {
    const purser = await open()
    const other = await Purser.open({ db: purser.location })
    onTestFinished(() => other.close())
    const estimates = await Promise.all([1, 2, 3, 4].map((input) => purser.estimate({ calls: [{ model: 'acme/big', input }] })))
    await Promise.all(estimates.map((estimate, index) => (index % 2 === 0 ? purser : other).estimates.save('r1', estimate)))
    expect(await readRun(storeOf(purser), 'r1')).toMatchObject({ version: 4 })
  })
})
