import { describe, expect, test } from 'vitest'
import { everyStore } from './every-store.ts'
import { denied, granted, openGate, usd } from './gate-ledger.ts'

const at = (text: string): number => Date.parse(text)

describe.each(everyStore)('the edges of a limit, on $name', (kind) => {
  test('a call that fits exactly is granted, and one nano-dollar more is not', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(3)))
    expect(denied(await gate.reserve(usd(2) + 1n))).toMatchObject({
      kind: 'contended',
      limit: usd(5),
      held: usd(3),
      spent: 0n,
      asked: usd(2) + 1n,
    })
    granted(await gate.reserve(usd(2)))
    expect(denied(await gate.reserve(1n)).kind).toBe('contended')
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: usd(5), presumed: 0n, overLimit: null })
  })

  test('a limit of zero lets a free call through, and not one nano-dollar', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ limit: 0n })
    granted(await gate.reserve(0n))
    expect(denied(await gate.reserve(1n)).kind).toBe('never-fits')
  })

  test('a free call passes a budget that is full', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(5)))
    await gate.settle(id, usd(5))
    granted(await gate.reserve(0n))
    expect(denied(await gate.reserve(1n)).kind).toBe('exhausted')
  })

  test('amounts beyond what a double holds are counted to the last nano-dollar', async () => {
    const { gate } = await openGate(kind)
    const limit = 2n ** 53n + 3n
    await gate.define({ limit })
    const { id } = granted(await gate.reserve(limit))
    expect((await gate.counter()).held).toBe(9_007_199_254_740_995n)
    await gate.settle(id, limit - 1n)
    expect((await gate.counter()).spent).toBe(9_007_199_254_740_994n)
    granted(await gate.reserve(1n))
    expect(denied(await gate.reserve(1n)).kind).toBe('contended')
  })

  test('a limit lowered below what is held takes nothing back, refuses what is new, and says why it is passed', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(4)))
    await gate.define({ limit: usd(3) })
    expect(denied(await gate.reserve(1n))).toMatchObject({ kind: 'contended', limit: usd(3), held: usd(4) })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ budget: 'daily', cause: 'limit-lowered', held: '4000000000' }])
    await gate.settle(id, usd(3.5))
    expect(await gate.counter()).toMatchObject({ spent: usd(3.5), level: 'over', overLimit: { by: usd(0.5), cause: 'limit-lowered' } })
    await gate.define({ limit: usd(6) })
    expect((await gate.counter()).overLimit).toBeNull()
    granted(await gate.reserve(usd(2.5)))
  })

  test('the first call of an unknown scope is measured against the whole limit', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ each: ['project'] })
    expect(denied(await gate.reserve(usd(5) + 1n, { labels: { project: 'new' } }))).toMatchObject({
      kind: 'never-fits',
      scope: { project: 'new' },
      held: 0n,
    })
    granted(await gate.reserve(usd(5), { labels: { project: 'new' } }))
    granted(await gate.reserve(usd(5), { labels: { project: 'other' } }))
    expect(denied(await gate.reserve(1n, { labels: { project: 'new' } })).kind).toBe('contended')
  })

  test('a missing label is a value of its own, so that no call escapes by leaving it out', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ each: ['project'] })
    granted(await gate.reserve(usd(4)))
    expect(denied(await gate.reserve(usd(2))).scope).toEqual({})
    granted(await gate.reserve(usd(2), { labels: { project: 'atlas' } }))
    expect((await gate.counter('daily', {})).held).toBe(usd(4))
    expect((await gate.counter('daily', { project: 'atlas' })).held).toBe(usd(2))
  })

  test('of several budgets all grant, or none: a refusal leaves nothing behind in the others', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'daily', limit: usd(5) })
    await gate.define({ name: 'narrow', limit: usd(1), window: { kind: 'hour' } })
    await gate.define({ name: 'calls', metric: 'calls', limit: 10n })
    expect(denied(await gate.reserve(usd(2)))).toMatchObject({ budget: 'narrow', kind: 'never-fits', also: [] })
    for (const name of ['daily', 'narrow', 'calls']) expect(await gate.counter(name)).toMatchObject({ spent: 0n, held: 0n })
    granted(await gate.reserve(usd(1)))
    expect(denied(await gate.reserve(usd(5)))).toMatchObject({ budget: 'narrow', also: ['daily'] })
    expect((await gate.counter('daily')).held).toBe(usd(1))
    expect((await gate.counter('narrow')).held).toBe(usd(1))
    expect((await gate.counter('calls')).held).toBe(1n)
  })

  test('of 1,000 holds of ten cents at once, five dollars admit exactly 50; checking first and adding later admits more', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const answers = await Promise.all(Array.from({ length: 1000 }, () => gate.reserve(usd(0.1))))
    expect(answers.filter((answer) => answer.granted)).toHaveLength(50)
    expect(await gate.counter()).toMatchObject({ held: usd(5), overLimit: null })

    // What a counter does that is read before the call and added to after it, with the same calls under way.
    let spent = 0n
    const checkThenAct = async (): Promise<boolean> => {
      const isAllowed = spent + usd(0.1) <= usd(5)
      await new Promise((resolve) => setImmediate(resolve))
      if (isAllowed) spent += usd(0.1)
      return isAllowed
    }
    const naive = await Promise.all(Array.from({ length: 1000 }, checkThenAct))
    expect(naive.filter(Boolean)).toHaveLength(1000)
    expect(spent).toBe(usd(100))
  })
})

describe.each(everyStore)('windows, on $name', (kind) => {
  test('an hour that happens twice is two windows', async () => {
    // In Paris the hour from 02:00 to 03:00 of 25 October 2026 is from 00:00 to 01:00 UTC, and again from 01:00 to 02:00.
    const { gate, clock } = await openGate(kind, '2026-10-25T00:30:00Z')
    await gate.define({ window: { kind: 'hour' }, zone: 'Europe/Paris' })
    granted(await gate.reserve(usd(5)))
    expect(await gate.counter()).toMatchObject({
      windowStart: at('2026-10-25T00:00:00Z'),
      resetsAt: at('2026-10-25T01:00:00Z'),
      held: usd(5),
    })
    clock.now = at('2026-10-25T01:00:00Z')
    granted(await gate.reserve(usd(4)))
    expect(await gate.counter()).toMatchObject({
      windowStart: at('2026-10-25T01:00:00Z'),
      resetsAt: at('2026-10-25T02:00:00Z'),
      held: usd(4),
    })
  })

  test('where clocks go back by half an hour, the half that happens twice is a window of its own', async () => {
    // On Lord Howe 5 April 2026 at 02:00 (15:00 UTC the day before) is 01:30 again.
    const { gate, clock } = await openGate(kind, '2026-04-04T14:59:59Z')
    await gate.define({ window: { kind: 'hour' }, zone: 'Australia/Lord_Howe' })
    granted(await gate.reserve(usd(5)))
    expect(await gate.counter()).toMatchObject({ windowStart: at('2026-04-04T14:00:00Z'), resetsAt: at('2026-04-04T15:00:00Z') })
    clock.now += 1000
    granted(await gate.reserve(usd(5)))
    expect(await gate.counter()).toMatchObject({ windowStart: at('2026-04-04T15:00:00Z'), resetsAt: at('2026-04-04T15:30:00Z') })
    clock.now = at('2026-04-04T15:30:00Z')
    granted(await gate.reserve(usd(5)))
    expect((await gate.counter()).resetsAt).toBe(at('2026-04-04T16:30:00Z'))
  })

  test.for([
    ['2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
    ['2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ] as const)('the day of %s in Paris has %4$i hours', async ([now, start, end, hours]) => {
    const { gate } = await openGate(kind, now)
    await gate.define({ zone: 'Europe/Paris' })
    expect(await gate.counter()).toMatchObject({ windowStart: at(start), resetsAt: at(end) })
    expect((at(end) - at(start)) / 3_600_000).toBe(hours)
  })

  test.for([
    ['2026-01-30T23:59:59.999Z', '2025-12-31', '2026-01-31'],
    ['2026-01-31T00:00:00Z', '2026-01-31', '2026-02-28'],
    ['2026-02-27T12:00:00Z', '2026-01-31', '2026-02-28'],
    ['2026-02-28T00:00:00Z', '2026-02-28', '2026-03-31'],
    ['2026-03-30T12:00:00Z', '2026-02-28', '2026-03-31'],
    ['2026-04-30T00:00:00Z', '2026-04-30', '2026-05-31'],
    ['2028-02-28T12:00:00Z', '2028-01-31', '2028-02-29'],
    ['2028-02-29T00:00:00Z', '2028-02-29', '2028-03-31'],
  ])('a month from the 31st on, at %s, is from %s to %s', async ([now = '', start = '', end = '']) => {
    const { gate } = await openGate(kind, now)
    await gate.define({ window: { kind: 'month', anchorDay: 31 } })
    expect(await gate.counter()).toMatchObject({ windowStart: at(start), resetsAt: at(end) })
  })

  test.for([
    [{ kind: 'week', startsOn: 1 }, '2026-03-09', '2026-03-16'],
    [{ kind: 'week', startsOn: 7 }, '2026-03-08', '2026-03-15'],
    [{ kind: 'month', anchorDay: 15 }, '2026-02-15', '2026-03-15'],
    [{ kind: 'quarter' }, '2026-01-01', '2026-04-01'],
    [{ kind: 'year' }, '2026-01-01', '2027-01-01'],
  ] as const)('on 10 March 2026 the window %j is from %s to %s', async ([window, start, end]) => {
    const { gate } = await openGate(kind)
    await gate.define({ window })
    expect(await gate.counter()).toMatchObject({ windowStart: at(start), resetsAt: at(end) })
  })

  test('a hold counts in the window in which it was granted, also when it is settled in the next', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T23:59:00Z')
    await gate.define()
    const { id } = granted(await gate.reserve(usd(5), { ttlMs: 3_600_000 }))
    clock.now = at('2026-03-11T00:01:00Z')
    expect(await gate.counter()).toMatchObject({ held: 0n, spent: 0n })
    await gate.settle(id, usd(3))
    granted(await gate.reserve(usd(5)))
    expect(await gate.counter()).toMatchObject({ held: usd(5), spent: 0n })
    clock.now = at('2026-03-10T23:59:59Z')
    expect(await gate.counter()).toMatchObject({ held: 0n, spent: usd(3) })
  })

  test('a charge without a hold counts in the window of its own time', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:00:00Z')
    await gate.define()
    clock.now = at('2026-03-11T10:00:00Z')
    await gate.book(usd(2), { at: at('2026-03-10T12:00:00Z') })
    await gate.book(usd(1), { at: at('2026-03-11T00:00:00Z') })
    expect((await gate.counter()).spent).toBe(usd(1))
    clock.now = at('2026-03-10T20:00:00Z')
    expect((await gate.counter()).spent).toBe(usd(2))
  })
})
