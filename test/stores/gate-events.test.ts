import { describe, expect, test } from 'vitest'
import type { LedgerEvent } from '../../src/stores/store.ts'
import { everyStore } from './every-store.ts'
import { budget, denied, granted, openGate, usd } from './gate-ledger.ts'

const thresholds = [
  { percent: 50, level: 'info' },
  { percent: 80, level: 'warning', message: 'Four fifths are gone.' },
  { percent: 100, level: 'critical', action: 'block' },
] as const

describe.each(everyStore)('thresholds, on $name', (kind) => {
  test('each fires once in a window, looks at what is spent only, and says its message and action', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ limit: usd(10), thresholds })
    granted(await gate.reserve(usd(5)))
    expect(await gate.events('threshold.crossed')).toEqual([])
    await gate.book(usd(5) - 1n)
    expect(await gate.events('threshold.crossed')).toEqual([])
    await gate.book(1n)
    await gate.book(usd(1))
    expect(await gate.events('threshold.crossed')).toMatchObject([
      { budget: 'daily', percent: 50, level: 'info', spent: '5000000000', limit: '10000000000' },
    ])
    await gate.book(usd(4))
    expect((await gate.events('threshold.crossed')).slice(1)).toMatchObject([
      { percent: 80, level: 'warning', message: 'Four fifths are gone.', spent: '10000000000' },
      { percent: 100, level: 'critical', action: 'block' },
    ])
    expect((await gate.counter()).level).toBe('critical')
    clock.now += 24 * 60 * 60 * 1000
    await gate.book(usd(6))
    expect((await gate.events('threshold.crossed')).slice(3)).toMatchObject([{ percent: 50 }])
  })

  test('what is taken back and spent again does not fire again', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ limit: usd(10), thresholds })
    await gate.import('batch', usd(6))
    await store.removeBatch('batch')
    expect((await gate.counter()).spent).toBe(0n)
    await gate.book(usd(6))
    expect(await gate.events('threshold.crossed')).toHaveLength(1)
  })

  test('a raised limit makes them ready again, a lowered one fires what is reached', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ limit: usd(10), thresholds })
    await gate.book(usd(6))
    await gate.define({ limit: usd(20), thresholds })
    await gate.book(usd(4))
    await gate.define({ limit: usd(12), thresholds })
    expect(await gate.events('threshold.crossed')).toMatchObject([
      { percent: 50, limit: '10000000000' },
      { percent: 50, limit: '20000000000' },
      { percent: 80, limit: '12000000000' },
    ])
  })

  test('charges of a window that is over fire nothing', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ thresholds })
    clock.now += 24 * 60 * 60 * 1000
    await gate.book(usd(5), { at: Date.parse('2026-03-10T11:00:00Z') })
    expect(await gate.events('threshold.crossed')).toEqual([])
  })

  test('a new budget fires what was reached before it once it has counted all of it', async () => {
    const { gate } = await openGate(kind)
    await gate.book(usd(3))
    await gate.book(usd(2))
    await gate.define({ thresholds })
    expect(await gate.events('threshold.crossed')).toMatchObject([{ percent: 50 }, { percent: 80 }, { percent: 100 }])
  })
})

describe.each(everyStore)('why a limit is passed, on $name', (kind) => {
  test('by a charge without a hold', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.book(usd(6))
    await gate.book(usd(1))
    expect(await gate.counter()).toMatchObject({ spent: usd(7), level: 'over', overLimit: { by: usd(2), cause: 'unheld' } })
    expect(await gate.events('budget.exceeded')).toMatchObject([
      { budget: 'daily', metric: 'cost', cause: 'unheld', limit: '5000000000', spent: '6000000000', held: '0', presumed: '0' },
    ])
  })

  test('by an overrun, which is booked whole and told, also within the limit', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const [first, second] = [granted(await gate.reserve(usd(2))), granted(await gate.reserve(usd(3)))]
    expect(await gate.settle(first.id, usd(2.5))).toMatchObject({ overrun: [{ budget: 'daily', by: usd(0.5) }] })
    expect((await gate.counter()).overLimit).toBeNull()
    await gate.settle(second.id, usd(3))
    expect(await gate.counter()).toMatchObject({ spent: usd(5.5), overLimit: { by: usd(0.5), cause: 'overrun' } })
    expect(await gate.events('hold.overrun')).toMatchObject([{ hold: first.id, budgets: [{ budget: 'daily', by: '500000000' }] }])
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'overrun' }])
  })

  test('by a call that was held as free, and was not', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(0n))
    expect(await gate.settle(id, usd(6))).toMatchObject({ overrun: [{ budget: 'daily', by: usd(6) }] })
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'overrun' })
    expect(await gate.events('hold.overrun')).toHaveLength(1)
  })

  test('by a call that a soft budget let through unbounded', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'soft', onLimit: 'warn' })
    const { id } = granted(await gate.reserve(undefined))
    expect(await gate.settle(id, usd(6))).toMatchObject({ overrun: [] })
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'soft' })
  })

  test('by a correction', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.book(usd(4), { id: 'call', usage: { inputTokens: 10 } })
    await gate.supersede('call', usd(7), { usage: { inputTokens: 20 } })
    expect(await gate.counter()).toMatchObject({ spent: usd(7), overLimit: { by: usd(2), cause: 'correction' } })
  })

  test('by what a new budget counts of the ledger', async () => {
    const { gate } = await openGate(kind)
    await gate.book(usd(6))
    await gate.define()
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'seeded' })
    await gate.define({ each: ['project'] })
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'seeded' })
  })

  test('by holds that were open when the budget was made', async () => {
    const { gate } = await openGate(kind)
    const { id } = granted(await gate.reserve(usd(6)))
    await gate.define()
    expect((await gate.counter()).held).toBe(usd(6))
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'seeded' }])
    await gate.settle(id, usd(6))
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'seeded' })
  })

  test('once it is within its limit again it can be passed again, and says so again', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    await gate.import('batch', usd(6))
    await store.removeBatch('batch')
    expect((await gate.counter()).overLimit).toBeNull()
    await gate.define({ mode: 'soft', onLimit: 'warn' })
    granted(await gate.reserve(usd(6)))
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'unheld' }, { cause: 'soft' }])
  })
})

describe.each(everyStore)('what is told of budgets, on $name', (kind) => {
  test('each change with its author, what was before and what is now', async () => {
    const { gate, store } = await openGate(kind)
    expect(await gate.define()).toBe('created')
    expect(await gate.define()).toBe('same')
    expect(await gate.define({ limit: usd(6) })).toBe('changed')
    expect(await gate.define({ limit: usd(6), each: ['project'] })).toBe('revised')
    await store.gate('remove', { name: 'daily', author: 'somebody' })
    await expect(store.gate('remove', { name: 'daily', author: 'somebody' })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    expect(await gate.events('budget.changed')).toMatchObject([
      { budget: 'daily', author: 'test', before: null, after: { limit: '5000000000' } },
      { before: { limit: '5000000000' }, after: { limit: '6000000000' } },
      { before: { each: [] }, after: { each: ['project'] } },
      { author: 'somebody', before: { each: ['project'] }, after: null },
    ])
  })

  test.for([
    ['metric', { metric: 'calls' }],
    ['filter', { where: [{ field: 'project', op: 'present', values: [] }] }],
    ['scope', { each: ['project'] }],
    ['window', { window: { kind: 'hour' } }],
    ['zone', { zone: 'Europe/Paris' }],
  ] as const)('another %s counts anew, from the ledger', async ([, change]) => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.book(usd(2), { labels: { project: 'atlas' } })
    expect(await gate.define(change)).toBe('revised')
    const { metric, spent } = await gate.counter()
    expect(spent).toBe(metric === 'calls' ? 1n : usd(2))
  })

  test('other terms go on counting', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(4)))
    for (const change of [
      { limit: usd(6) },
      { mode: 'adaptive', tolerance: usd(1) },
      { thresholds },
      { onLimit: 'terminate' },
      { increase: { by: usd(1), until: clock.now + 1000 } },
    ] as const) {
      expect(await gate.define(change)).toBe('changed')
      expect((await gate.counter()).held).toBe(usd(4))
    }
    await gate.settle(id, usd(3))
    expect((await gate.counter()).spent).toBe(usd(3))
  })

  test('what is booked while a new budget counts is counted once, also in the very same moment', async () => {
    const { gate, store } = await openGate(kind)
    await gate.book(usd(1))
    await Promise.all([gate.book(usd(1)), store.gate('define', { budget: budget(), author: 'test' }), gate.book(usd(1))])
    await gate.book(usd(1))
    while ((await store.gate('seed', { name: 'daily' })).seeding !== null);
    expect((await gate.counter()).spent).toBe(usd(4))
  })

  test('a hold of a budget that was taken away and made again counts in the new one alone', async () => {
    const { gate, store, again } = await openGate(kind)
    await gate.define({ name: 'old' })
    granted(await gate.reserve(usd(4), { id: 'call', labels: { project: 'atlas' } }))
    await store.gate('remove', { name: 'old', author: 'test' })
    // Opened anew, a store may give the numbers of what was taken away to others.
    const reopened = again === undefined ? store : await again()
    await reopened.gate('define', {
      budget: budget({ name: 'new', where: [{ field: 'project', op: 'absent', values: [] }] }),
      author: 'test',
    })
    granted(await gate.reserve(usd(5)))
    expect((await gate.counter('new')).held).toBe(usd(5))
    await gate.settle('call', usd(4))
    expect(await gate.counter('new')).toMatchObject({ spent: 0n, held: usd(5) })
  })

  test('listeners hear of each event once it is durable, and of nothing after they are done', async () => {
    const { gate, store } = await openGate(kind)
    const heard: LedgerEvent[] = []
    const end = store.listen((event) => void heard.push(event))
    await gate.define({ thresholds })
    await gate.book(usd(6))
    denied(await gate.reserve(usd(1)))
    await gate.counter()
    const stored = (await store.events(0, 100)).filter(({ kind: name }) => name !== 'charge.booked')
    expect(heard.filter(({ kind: name }) => name !== 'charge.booked')).toEqual(stored)
    expect(heard.map(({ kind: name }) => name)).toEqual(
      expect.arrayContaining(['budget.changed', 'threshold.crossed', 'budget.exceeded', 'budget.denied']),
    )
    const { length } = heard
    end()
    await gate.define({ limit: usd(9) })
    expect(heard).toHaveLength(length)
  })
})
