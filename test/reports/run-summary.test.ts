import { describe, expect, test } from 'vitest'
import { defineBudget } from '../../src/budgets/define-budget.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import type { ChargeInput } from '../../src/ledger/charge.ts'
import { makeRunReport } from '../../src/reports/runs/run-report.ts'
import { summarizeRun } from '../../src/reports/runs/run-summary.ts'
import { runCostSummarySchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import type { Store } from '../../src/stores/store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from '../stores/every-store.ts'
import { aRun, estimateOf, keepRuns } from './kept-run.ts'

const summary = async (store: Store, run: string, by?: readonly string[]) =>
  runCostSummarySchema.parse(JSON.parse(JSON.stringify(await summarizeRun(store, run, by))))

/** A call of run film-7. `big` costs 2 nanos a token in and 10 out, `half-known` 5 a token in. */
const of = (id: string, labels: Readonly<Record<string, string>>, more: Partial<ChargeInput> = {}) =>
  booking({ id, labels: { run: 'film-7', project: 'film', ...labels }, ...more })

async function filmRun(store: Store): Promise<void> {
  await book(
    store,
    of('a', { stage: 'extract', role: 'reader', scene: 's1' }, { usage: { inputTokens: 100, outputTokens: 20 } }),
    of('b', { stage: 'extract', role: 'reader', scene: 's2' }, { usage: { inputTokens: 200, cacheReadTokens: 50, outputTokens: 10 } }),
    of('c', { stage: 'review', role: 'director', scene: 's1' }, { model: 'half-known', usage: { inputTokens: 1000 } }),
    of('d', { stage: 'review', role: 'director' }, { usage: { inputTokens: 10, outputTokens: 1 } }),
    of('e', { role: 'writer', operation: 'titles' }, { usage: { inputTokens: 1 } }),
    booking({ id: 'x', labels: { run: 'film-8', project: 'film', stage: 'extract' }, usage: { inputTokens: 7 } }),
  )
}

async function budget(store: Store, name: string, input: Parameters<typeof defineBudget>[1]): Promise<void> {
  const { budget: made } = defineBudget(name, input, { origin: 'sdk', zone: 'UTC', weekStart: 1 })
  let { record } = await store.gate('define', { budget: made, author: 'test' })
  while (record.seeding !== null) record = await store.gate('seed', { name })
}

describe.each(everyStore)('$name: what a run cost', (kind) => {
  test('by stage, model, role, operation and scene; each of them sums to the total', async () => {
    const store = await createStore(kind)
    await filmRun(store)
    const found = await summary(store, 'film-7')
    // a: 100 × 2 + 20 × 10 = 400; b: 200 × 2 + 50 × 1 + 10 × 10 = 550; c: 1000 × 5 = 5000; d: 10 × 2 + 10 = 30; e: 2.
    expect(found).toMatchObject({
      run_id: 'film-7',
      project: 'film',
      state: null,
      total_cost_nanos: '5982',
      total_cost_usd: 0.000005982,
      calls: 5,
      input_tokens: 1311,
      cache_read_tokens: 50,
      cache_write_tokens: 0,
      output_tokens: 31,
      total_tokens: 1392,
      is_lower_bound: false,
      labels: { run: 'film-7', project: 'film' },
      by_stage: { extract: 9.5e-7, review: 0.00000503, none: 2e-9 },
      by_model: { 'half-known': 0.000005, big: 9.82e-7 },
      by_role: { director: 0.00000503, reader: 9.5e-7, writer: 2e-9 },
      by_operation: { none: 0.00000598, titles: 2e-9 },
      by_scene: { s1: 0.0000054, s2: 5.5e-7, none: 3.2e-8 },
      estimate: null,
      variance: null,
      budget_limit_usd: null,
      budget_remaining_usd: null,
    })
    const stages = found.stages.map((stage) => [stage.stage_id, stage.model, stage.call_count, stage.cost_nanos])
    expect(stages.toSorted()).toEqual([
      ['extract', 'big', 2, '950'],
      ['none', 'big', 1, '2'],
      ['review', 'big', 1, '30'],
      ['review', 'half-known', 1, '5000'],
    ])
    expect(found.stages.find(({ stage_id: stage }) => stage === 'extract')).toMatchObject({
      provider: 'acme',
      input_tokens: 300,
      cache_read_tokens: 50,
      output_tokens: 30,
      estimated_cost_usd: 9.5e-7,
    })
    for (const costs of [found.by_stage, found.by_model, found.by_role, found.by_operation, found.by_scene]) {
      expect(Object.values(costs).reduce((sum, usd) => sum + Math.round(usd * 1e9), 0)).toBe(5982)
    }
  })

  test('with the calls and tokens of each model, role and operation, and of labels that are asked for', async () => {
    const store = await createStore(kind)
    await filmRun(store)
    const { groups } = await summary(store, 'film-7', ['scene'])
    const shown = (label: string) =>
      Object.entries(groups[label] ?? {}).map(([value, { cost_nanos: nanos, calls, input_tokens: input, total_tokens: all }]) => [
        value,
        nanos,
        calls,
        input,
        all,
      ])
    // big: a, b, d and e are 400 + 550 + 30 + 2; 100 + 200 + 10 + 1 in, 50 from the cache, 20 + 10 + 1 out.
    expect(shown('model')).toEqual([
      ['half-known', '5000', 1, 1000, 1000],
      ['big', '982', 4, 311, 392],
    ])
    // The director has c and d, the reader a and b.
    expect(shown('role')).toEqual([
      ['director', '5030', 2, 1010, 1011],
      ['reader', '950', 2, 300, 380],
      ['writer', '2', 1, 1, 1],
    ])
    expect(shown('operation')).toEqual([
      ['none', '5980', 4, 1310, 1391],
      ['titles', '2', 1, 1, 1],
    ])
    // a and c; b; d and e have no scene.
    expect(shown('scene')).toEqual([
      ['s1', '5400', 2, 1100, 1120],
      ['s2', '550', 1, 200, 260],
      ['none', '32', 2, 11, 12],
    ])
    expect((await summary(store, 'film-7')).groups['scene']).toEqual(groups['scene'])
    const { report, markdown } = await makeRunReport(store, 'film-7')
    expect(report.summary.groups['scene']).toEqual(groups['scene'])
    expect(report.summary.by_label).toEqual({})
    expect(markdown).toContain(
      '## By scene\n\n| scene | calls | tokens | cost |\n| --- | --- | --- | --- |\n| s1 | 2 | 1,120 | $0.0000054 |\n',
    )
  })

  test('a long run tells calls and tokens by scene only where they are asked for', async () => {
    const store = await createStore(kind)
    await book(store, ...Array.from({ length: 1001 }, (_, index) => of(`c${index}`, { scene: 's1' }, { usage: { inputTokens: 1 } })))
    const { by_scene: byScene, groups } = await summary(store, 'film-7')
    expect([byScene, groups['model']?.['big']?.calls, groups['scene']]).toEqual([{ s1: 0.000002002 }, 1001, undefined])
    expect((await summary(store, 'film-7', ['scene'])).groups['scene']).toMatchObject({ s1: { calls: 1001, input_tokens: 1001 } })
    expect((await makeRunReport(store, 'film-7')).report.summary.groups['scene']).toMatchObject({ s1: { calls: 1001 } })
  })

  test('what is unpriced, or covered by a plan, stands beside the cost', async () => {
    const store = await createStore(kind)
    await book(
      store,
      of('a', { stage: 's' }, { usage: { inputTokens: 100 } }),
      of('b', { stage: 's' }, { model: 'mystery', usage: { inputTokens: 9 } }),
      of('c', { stage: 's', scene: 's1' }, { basis: 'plan', usage: { inputTokens: 30 } }),
    )
    // The plan covers 30 × 2 nanos.
    expect(await summary(store, 'film-7')).toMatchObject({
      total_cost_nanos: '200',
      calls: 3,
      input_tokens: 139,
      unpriced_calls: 1,
      is_lower_bound: true,
      plan_cost_nanos: '60',
      plan_calls: 1,
      by_stage: { s: 2e-7 },
      by_scene: { s1: 0, none: 2e-7 },
      groups: {
        model: { big: { cost_nanos: '200', calls: 2, plan_calls: 1, is_lower_bound: false }, mystery: { calls: 1, is_lower_bound: true } },
      },
    })
  })

  test('by any other label, and by the service, which is the provider unless a call names another', async () => {
    const store = await createStore(kind)
    await book(
      store,
      of('a', { agent: 'scout', video: 'v1' }, { usage: { inputTokens: 5 } }),
      of('b', { agent: 'critic', service: 'local-gpu' }, { usage: { inputTokens: 7 } }),
    )
    const { by_label: by } = await summary(store, 'film-7', ['agent', 'service', 'video'])
    expect(by).toEqual({
      agent: { critic: 1.4e-8, scout: 1e-8 },
      service: { 'local-gpu': 1.4e-8, acme: 1e-8 },
      video: { none: 1.4e-8, v1: 1e-8 },
    })
  })

  test('against the estimate of before; of an estimate of zero there is no percentage', async () => {
    const store = await createStore(kind)
    await filmRun(store)
    await keepRuns(store, [
      aRun('film-7', { project: 'film', estimate: estimateOf(6410n) }),
      aRun('film-8', { project: 'film', estimate: estimateOf(0n) }),
    ])
    // 5982 − 6410 = −428, which is −6.677 % of 6410.
    expect(await summary(store, 'film-7')).toMatchObject({
      state: 'completed',
      started_at: '2026-02-20T09:00:00.000Z',
      estimate: { cost_nanos: '6410', source: 'given' },
      variance: { estimated_nanos: '6410', actual_nanos: '5982', variance_nanos: '-428', variance_percent: -6.7 },
    })
    expect((await summary(store, 'film-8')).variance).toMatchObject({ variance_nanos: '14', variance_percent: null })
  })

  test('a run that nobody knows is not found; one without calls yet costs nothing', async () => {
    const store = await createStore(kind)
    await expect(summarizeRun(store, 'nobody')).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    await keepRuns(store, [aRun('new', { state: 'running', endedAt: null })])
    expect(await summary(store, 'new')).toMatchObject({ state: 'running', calls: 0, total_cost_nanos: '0', stages: [], by_model: {} })
  })

  test('its limit is its own cap, else that of the budget with least left, by name', async () => {
    const store = await createStore(kind)
    await filmRun(store)
    await budget(store, 'film.project', { limit: '0.0001', window: 'total', each: ['project'] })
    await budget(store, 'all', { limit: '0.00001', window: 'total' })
    await budget(store, 'other', { limit: '0.000000001', window: 'total', where: ['project=other'] })
    await budget(store, 'stages', { limit: '0.000000001', window: 'run', each: ['run', 'stage'] })
    await budget(store, 'tickets', { limit: '0.000000001', window: 'total', each: ['ticket'] })
    await budget(store, 'tokens', { metric: 'tokens', limit: '1', window: 'total' })
    // film-7 and film-8 cost 5982 + 14 = 5996 of the 10,000 of "all", and as much of the 100,000 of the project.
    expect(await summary(store, 'film-7')).toMatchObject({
      budget_limit_usd: 0.00001,
      budget_remaining_usd: 0.000004004,
      budget: { name: 'all', scope: {}, spent_nanos: '5996', remaining_nanos: '4004' },
    })
    await keepRuns(store, [aRun('film-7', { project: 'film', cap: { cost: 5000n } })])
    // The run has spent 982 more than its cap; it is told so.
    expect(await summary(store, 'film-7')).toMatchObject({
      budget_limit_usd: 0.000005,
      budget_remaining_usd: -9.82e-7,
      budget: { name: 'run', scope: { run: 'film-7' } },
    })
  })

  test('what is held for it, and what is presumed of it, stand apart', async () => {
    const store = await createStore(kind)
    const now = Date.now()
    const asked = (cost: bigint, ttlMs: number) => ({
      labels: { run: 'film-7' },
      worst: { cost },
      expected: {},
      ttlMs,
      basis: 'metered' as const,
      provider: 'acme',
      model: 'big',
      refusal: null,
      catalog: null,
      request: null,
      maxOutputTokens: null,
    })
    await keepRuns(store, [aRun('film-7', { state: 'running', endedAt: null, cap: { cost: 10_000n } })])
    await store.gate('reserve', { id: 'open' as HoldId, asked: asked(3000n, 600_000) })
    await store.gate('reserve', { id: 'lost' as HoldId, asked: asked(500n, 1) })
    while (Date.now() < now + 10) await new Promise((resolve) => setTimeout(resolve, 5))
    // Of the cap of 10,000: 3,000 held, 500 presumed.
    expect(await summary(store, 'film-7')).toMatchObject({
      total_cost_nanos: '0',
      held_nanos: '3000',
      presumed_nanos: '500',
      presumed_holds: 1,
      budget: { name: 'run', held_nanos: '3000', presumed_nanos: '500', remaining_nanos: '6500' },
    })
  })
})
