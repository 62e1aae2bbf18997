import { describe, expect, test } from 'vitest'
import type { Action, Budget } from '../../src/budgets/budget.ts'
import { everyStore } from './every-store.ts'
import { budget, denied, granted, openGate, usd } from './gate-ledger.ts'

describe.each(everyStore)('refusals, on $name', (kind) => {
  test('a refusal is exhausted, contended or never fits, by what stands in the way', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.settle(granted(await gate.reserve(usd(2))).id, usd(2))
    granted(await gate.reserve(usd(2)))
    const figures = { budget: 'daily', metric: 'cost', limit: usd(5), spent: usd(2), held: usd(2), presumed: 0n }
    expect(denied(await gate.reserve(usd(2)))).toMatchObject({ ...figures, kind: 'contended' })
    expect(denied(await gate.reserve(usd(3) + 1n))).toMatchObject({ ...figures, kind: 'exhausted' })
    expect(denied(await gate.reserve(usd(5)))).toMatchObject({ ...figures, kind: 'exhausted' })
    expect(denied(await gate.reserve(usd(5) + 1n))).toMatchObject({ ...figures, kind: 'never-fits' })
  })

  test('a call that nobody can price or bound is refused where the budget is hard, and let through with a warning where it is soft', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const unpriced = { worst: {}, refusal: { kind: 'unpriced', message: 'No price.' } } as const
    const unbounded = { worst: {}, refusal: { kind: 'unbounded', message: 'An image.' } } as const
    expect(denied(await gate.reserve(undefined, unpriced))).toMatchObject({ kind: 'unpriced', asked: null, retryAfterMs: null })
    expect(denied(await gate.reserve(undefined, unbounded))).toMatchObject({ kind: 'unbounded', asked: null })
    await gate.define({ mode: 'soft', onLimit: 'warn' })
    for (const asked of [unpriced, unbounded])
      expect(granted(await gate.reserve(undefined, asked)).warnings).toMatchObject([{ budget: 'daily' }])
    expect((await gate.counter()).held).toBe(0n)
  })

  test('a ceiling is held for a call that cannot be bounded', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ ceiling: usd(2) })
    for (const _ of [1, 2]) granted(await gate.reserve(undefined))
    expect((await gate.counter()).held).toBe(usd(4))
    expect(denied(await gate.reserve(undefined))).toMatchObject({ kind: 'contended', asked: usd(2) })
  })

  test('while a new budget still counts what was booked before, it is unavailable where hard, and warns of nothing where soft', async () => {
    const { gate, store } = await openGate(kind)
    await gate.book(usd(4))
    await store.gate('define', { budget: budget(), author: 'test' })
    expect(denied(await gate.reserve(usd(1)))).toMatchObject({ kind: 'unavailable', budget: 'daily' })
    granted(await gate.reserve(0n))
    while ((await store.gate('seed', { name: 'daily' })).seeding !== null)
      expect(denied(await gate.reserve(usd(1))).kind).toBe('unavailable')
    expect((await gate.counter()).spent).toBe(usd(4))
    granted(await gate.reserve(usd(1)))
  })

  test('a refusal writes nothing but its first event', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    await gate.settle(granted(await gate.reserve(usd(5))).id, usd(5))
    const before = await gate.counter()
    for (let ask = 0; ask < 5; ask += 1) denied(await gate.reserve(usd(1)))
    expect(await gate.counter()).toEqual(before)
    expect(await store.gate('holds', {})).toEqual([])
    expect(await gate.events('budget.denied')).toMatchObject([
      { budget: 'daily', denial: 'exhausted', asked: '1000000000', spent: '5000000000' },
    ])
  })

  test('the next window, and a raised limit, tell of their first refusal again', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    await gate.settle(granted(await gate.reserve(usd(5))).id, usd(5))
    denied(await gate.reserve(usd(1)))
    await gate.define({ limit: usd(6) })
    await gate.settle(granted(await gate.reserve(usd(1))).id, usd(1))
    denied(await gate.reserve(usd(1)))
    clock.now += 24 * 60 * 60 * 1000
    denied(await gate.reserve(usd(7)))
    expect(await gate.events('budget.denied')).toMatchObject([{ limit: '5000000000' }, { limit: '6000000000' }, { denial: 'never-fits' }])
  })

  test('an explanation grants and writes nothing, and says who holds what', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(4), { labels: { agent: 'writer' } }))
    const why = await gate.why(usd(2))
    expect(why).toMatchObject({
      decision: { granted: false, kind: 'contended', held: usd(4) },
      holders: [{ id, labels: { agent: 'writer' }, left: { cost: usd(4) } }],
    })
    expect(why.budgets).toMatchObject([{ budget: 'daily', held: usd(4) }])
    expect(await gate.why(usd(1))).toMatchObject({ decision: { granted: true, warnings: [] } })
    expect((await gate.counter()).held).toBe(usd(4))
    expect(await store.gate('holds', {})).toHaveLength(1)
    expect(await gate.events('budget.denied')).toEqual([])
  })
})

describe.each(everyStore)('modes, on $name', (kind) => {
  test('strict holds the worst case, whatever is expected', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(3), { expected: { cost: usd(1) } }))
    expect(denied(await gate.reserve(usd(3), { expected: { cost: usd(1) } })).kind).toBe('contended')
  })

  test('adaptive grants while the expected amounts fit the limit, and the worst cases the limit and the tolerance', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'adaptive', tolerance: usd(4) })
    const expected = { expected: { cost: usd(1) } }
    for (const _ of [1, 2, 3]) granted(await gate.reserve(usd(3), expected))
    expect(await gate.counter()).toMatchObject({ expected: usd(3), held: usd(9), tolerance: usd(4), bound: '$9.00' })
    // One nano-dollar more would pass nine in the worst case.
    expect(denied(await gate.reserve(1n)).kind).toBe('contended')
    const { gate: other } = await openGate(kind)
    await other.define({ mode: 'adaptive', tolerance: usd(100) })
    granted(await other.reserve(usd(50), { expected: { cost: usd(5) } }))
    expect(denied(await other.reserve(usd(1), { expected: { cost: 1n } })).kind).toBe('contended')
  })

  test('adaptive learns what calls come to: a quantile of twenty and more, by model', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'adaptive', limit: usd(1000), tolerance: usd(1000), quantile: 0.9 })
    // Eighteen calls come to a tenth of their worst case, two to all of it.
    for (let call = 0; call < 20; call += 1) {
      const { id } = granted(await gate.reserve(usd(1), { model: 'big' }))
      expect((await gate.counter()).expected).toBe(usd(1))
      await gate.settle(id, call < 18 ? usd(0.1) : usd(1))
    }
    // Nine of ten stayed below three twentieths.
    const { id } = granted(await gate.reserve(usd(2), { model: 'big' }))
    expect(await gate.counter()).toMatchObject({ expected: usd(0.3), held: usd(2) })
    await gate.release(id)
    granted(await gate.reserve(usd(2), { model: 'small' }))
    expect((await gate.counter()).expected).toBe(usd(2))
  })

  test('holds that made no call, or gave parts away, teach nothing', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'adaptive', limit: usd(1000), tolerance: usd(1000) })
    for (let call = 0; call < 25; call += 1) {
      await gate.release(granted(await gate.reserve(usd(1), { model: 'big' })).id)
      granted(await gate.reserve(usd(1), { model: 'big', id: `run${call}` }))
      granted(await gate.split(`run${call}`, usd(0.9), { id: `part${call}` }))
      await gate.settle(`part${call}`, usd(0.9))
      await gate.settle(`run${call}`, 0n)
      await gate.book(usd(0.5), { id: `acme:${call}` })
      await gate.settle(granted(await gate.reserve(usd(1), { model: 'big' })).id, usd(0.5), 'final', { id: `acme:${call}` })
    }
    granted(await gate.reserve(usd(2), { model: 'big' }))
    expect((await gate.counter()).expected).toBe(usd(2))
  })

  test('soft always grants, with a warning once the limit is passed', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'soft', onLimit: 'warn' })
    expect(granted(await gate.reserve(usd(5))).warnings).toEqual([])
    expect(granted(await gate.reserve(usd(1))).warnings).toMatchObject([
      { budget: 'daily', metric: 'cost', limit: usd(5), spent: 0n, held: usd(5), presumed: 0n, asked: usd(1) },
    ])
    expect(await gate.counter()).toMatchObject({ held: usd(6), bound: 'none: it warns' })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'soft' }])
    expect(await gate.events('budget.denied')).toEqual([])
  })

  test('a hard budget beside a soft one still refuses', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'soft', mode: 'soft', limit: usd(1) })
    await gate.define({ name: 'hard', limit: usd(3) })
    expect(granted(await gate.reserve(usd(2))).warnings).toMatchObject([{ budget: 'soft' }])
    expect(denied(await gate.reserve(usd(2)))).toMatchObject({ budget: 'hard', also: [] })
  })
})

describe.each(everyStore)('actions at a limit, on $name', (kind) => {
  const cap = (onLimit: Action): Partial<Budget> => ({ onLimit, limit: usd(1) })

  test.for(['block', 'terminate'] as const)('%s refuses new runs and running ones alike', async (onLimit) => {
    const { gate } = await openGate(kind)
    await gate.define(cap(onLimit))
    await gate.settle(granted(await gate.reserve(usd(1), { labels: { run: 'old' } })).id, usd(1))
    for (const run of ['old', 'new']) expect(denied(await gate.reserve(usd(1), { labels: { run } })).kind).toBe('exhausted')
  })

  test.for(['block-new-runs', 'pause', 'queue'] as const)(
    '%s lets a running run go on with a warning, and refuses new ones',
    async (onLimit) => {
      const { gate } = await openGate(kind)
      await gate.define(cap(onLimit))
      await gate.settle(granted(await gate.reserve(usd(1), { labels: { run: 'old' } })).id, usd(1))
      expect(denied(await gate.reserve(usd(1), { labels: { run: 'new' } })).kind).toBe('exhausted')
      expect(denied(await gate.reserve(usd(1))).kind).toBe('exhausted')
      const { id, warnings } = granted(await gate.reserve(usd(1), { labels: { run: 'old' } }))
      expect(warnings).toMatchObject([{ budget: 'daily', spent: usd(1), asked: usd(1) }])
      await gate.settle(id, usd(1))
      expect(await gate.counter()).toMatchObject({
        overLimit: { by: usd(1), cause: 'running-run' },
        bound: '$1.00, plus what running runs may still spend',
      })
    },
  )

  test('a run that holds its cap is running before it has spent anything', async () => {
    const { gate } = await openGate(kind)
    await gate.define(cap('block-new-runs'))
    granted(await gate.reserve(usd(1), { labels: { run: 'one' } }))
    expect(granted(await gate.reserve(usd(1), { labels: { run: 'one' } })).warnings).toHaveLength(1)
    expect(denied(await gate.reserve(usd(1), { labels: { run: 'two' } })).kind).toBe('contended')
  })

  test('what nobody can bound is refused to a running run too', async () => {
    const { gate } = await openGate(kind)
    await gate.define(cap('pause'))
    granted(await gate.reserve(usd(1), { labels: { run: 'one' } }))
    expect(denied(await gate.reserve(undefined, { labels: { run: 'one' } })).kind).toBe('unbounded')
  })

  test('warn lets all through with a warning, in every mode', async () => {
    const { gate } = await openGate(kind)
    await gate.define(cap('warn'))
    expect(granted(await gate.reserve(usd(9))).warnings).toMatchObject([{ budget: 'daily' }])
    expect((await gate.counter()).bound).toBe('none: it warns')
  })
})

describe.each(everyStore)('what counts, on $name', (kind) => {
  test('what a subscription covers does not count unless told', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'spend', limit: usd(1) })
    await gate.define({ name: 'value', limit: usd(3), countsPlan: true })
    const { id } = granted(await gate.reserve(usd(2), { basis: 'plan' }))
    expect((await gate.counter('spend')).held).toBe(0n)
    expect((await gate.counter('value')).held).toBe(usd(2))
    await gate.settle(id, usd(2), 'final', { basis: 'plan' })
    expect((await gate.counter('spend')).spent).toBe(0n)
    expect((await gate.counter('value')).spent).toBe(usd(2))
    expect(denied(await gate.reserve(usd(2), { basis: 'plan' })).budget).toBe('value')
  })

  test('tokens count with cache reads, or without', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'all', metric: 'tokens', limit: 1000n })
    await gate.define({ name: 'fresh', metric: 'tokens', limit: 1000n, countsCacheReads: false })
    const { id } = granted(await gate.reserve(0n, { worst: { tokens: 800n } }))
    const usage = { inputTokens: 100, cacheReadTokens: 300, cacheWrite5mTokens: 50, outputTokens: 40 }
    await gate.settle(id, 0n, 'final', { usage })
    expect(await gate.counter('all')).toMatchObject({ spent: 490n, held: 0n })
    expect(await gate.counter('fresh')).toMatchObject({ spent: 190n, held: 0n })
    expect(denied(await gate.reserve(0n, { worst: { tokens: 511n } }))).toMatchObject({ budget: 'all', metric: 'tokens', asked: 511n })
  })

  test('each attempt is a call, and a correction is none', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ metric: 'calls', limit: 3n })
    for (const attempt of [1, 2])
      await gate.settle(granted(await gate.reserve(0n)).id, usd(1), 'final', {
        attempt,
        id: `attempt-${attempt}`,
        usage: { inputTokens: 1 },
      })
    expect((await gate.counter()).spent).toBe(2n)
    await gate.supersede('attempt-2', usd(3), { usage: { inputTokens: 5 } })
    expect((await gate.counter()).spent).toBe(2n)
    granted(await gate.reserve(0n))
    expect(denied(await gate.reserve(0n)).kind).toBe('contended')
  })

  test('named values have other terms', async () => {
    const { gate } = await openGate(kind)
    await gate.define({
      each: ['project'],
      overrides: [
        { match: { project: 'atlas' }, limit: usd(30) },
        { match: { project: 'borg' }, mode: 'soft', onLimit: 'warn' },
      ],
    })
    granted(await gate.reserve(usd(30), { labels: { project: 'atlas' } }))
    expect(denied(await gate.reserve(1n, { labels: { project: 'atlas' } })).limit).toBe(usd(30))
    expect(granted(await gate.reserve(usd(9), { labels: { project: 'borg' } })).warnings).toHaveLength(1)
    expect(denied(await gate.reserve(usd(9), { labels: { project: 'other' } })).limit).toBe(usd(5))
  })

  test('a label match says for whom a budget counts', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ where: [{ field: 'project', op: 'equals', values: ['atlas'] }] })
    granted(await gate.reserve(usd(100)))
    granted(await gate.reserve(usd(100), { labels: { project: 'borg' } }))
    expect(denied(await gate.reserve(usd(100), { labels: { project: 'atlas' } })).budget).toBe('daily')
    await gate.book(usd(50), { labels: { project: 'borg' } })
    await gate.book(usd(2), { labels: { project: 'atlas' } })
    expect((await gate.counter()).spent).toBe(usd(2))
  })

  test('a call without a price is counted, and adds nothing to the cost until a correction brings one', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.book(null, { id: 'mystery', usage: { inputTokens: 10 } })
    expect(await gate.counter()).toMatchObject({ spent: 0n, unpricedCalls: 1 })
    await gate.supersede('mystery', usd(2), { usage: { inputTokens: 11 } })
    expect(await gate.counter()).toMatchObject({ spent: usd(2), unpricedCalls: 0 })
  })
})
