import { describe, expect, test } from 'vitest'
import type { Mode } from '../../src/budgets/budget.ts'
import { type Ending, endingOfStatus } from '../../src/budgets/endings.ts'
import { everyStore } from './every-store.ts'
import { openHoldDesk } from './hold-desk.ts'
import { chargeOf, denied, granted, openGate, usd } from './gate-ledger.ts'

/** What arrived of a call that was held at one dollar. */
const delivered = { provider: 'acme', model: 'big', usage: { inputTokens: 1 }, costUsd: '0.40' }

const nothing = { spent: 0n, held: 0n, presumed: 0n }
const settled = { spent: usd(0.4), held: 0n, presumed: 0n }
const restPresumed = { spent: usd(0.4), held: 0n, presumed: usd(0.6) }
const stillHeld = { spent: 0n, held: usd(1), presumed: 0n }
const allPresumed = { spent: 0n, held: 0n, presumed: usd(1) }

/** Where the counter stands at once, and when the hold would have run out. */
const table: [Ending, Mode, object, object][] = [
  ['refused', 'strict', nothing, nothing],
  ['refused', 'adaptive', nothing, nothing],
  ['refused', 'soft', nothing, nothing],
  ['rejected', 'strict', nothing, nothing],
  ['rejected', 'adaptive', nothing, nothing],
  ['rejected', 'soft', nothing, nothing],
  ['rate-limited', 'strict', nothing, nothing],
  ['rate-limited', 'adaptive', nothing, nothing],
  ['rate-limited', 'soft', nothing, nothing],
  ['ok', 'strict', settled, settled],
  ['ok', 'adaptive', settled, settled],
  ['ok', 'soft', settled, settled],
  ['cut', 'strict', restPresumed, restPresumed],
  ['cut', 'adaptive', settled, settled],
  ['cut', 'soft', settled, settled],
  ['aborted', 'strict', restPresumed, restPresumed],
  ['aborted', 'adaptive', settled, settled],
  ['aborted', 'soft', settled, settled],
  ['timeout', 'strict', stillHeld, allPresumed],
  ['timeout', 'adaptive', stillHeld, allPresumed],
  ['timeout', 'soft', stillHeld, allPresumed],
  ['server-error', 'strict', stillHeld, allPresumed],
  ['server-error', 'adaptive', stillHeld, allPresumed],
  ['server-error', 'soft', stillHeld, allPresumed],
]

describe.each(everyStore)('what becomes of a hold, on $name', (kind) => {
  test.for(table)('%s in a budget that is %s', async ([ending, mode, atOnce, later]) => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define({ mode, tolerance: mode === 'adaptive' ? usd(1) : 0n })
    const { id } = granted(await gate.reserve(usd(1)))
    await openHoldDesk(store, () => clock.now).end(id, ending, delivered)
    expect(await gate.counter()).toMatchObject(atOnce)
    clock.now += 60_000
    expect(await gate.counter()).toMatchObject(later)
  })

  test('what is presumed of a call that was cut can be resolved: by what it cost, or as not sent', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const [first, second] = [granted(await gate.reserve(usd(1))), granted(await gate.reserve(usd(1)))]
    await gate.settle(first.id, usd(0.4), 'uncertain', { estimated: true })
    await gate.settle(second.id, usd(0.4), 'uncertain', { estimated: true })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.8), presumed: usd(1.2) })
    await gate.settle(first.id, usd(0.5))
    expect(await gate.counter()).toMatchObject({ spent: usd(1.3), presumed: usd(0.6) })
    await gate.release(second.id)
    expect(await gate.counter()).toMatchObject({ spent: usd(1.3), presumed: usd(0.6) })
    expect(await gate.release(second.id, true)).toMatchObject({ state: 'released' })
    expect(await gate.counter()).toMatchObject({ spent: usd(1.3), presumed: 0n, held: 0n })
  })

  test('a budget that presumes the rest and one that does not can meet in one call', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'hard' })
    await gate.define({ name: 'soft', mode: 'soft', onLimit: 'warn' })
    await gate.define({ name: 'calls', metric: 'calls', limit: 10n })
    await gate.define({ name: 'places', metric: 'concurrency', window: { kind: 'total' }, limit: 1n })
    const { id } = granted(await gate.reserve(usd(1)))
    await gate.settle(id, usd(0.4), 'uncertain')
    expect(await gate.counter('hard')).toMatchObject(restPresumed)
    expect(await gate.counter('soft')).toMatchObject(settled)
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n, held: 0n, presumed: 0n })
    expect(await gate.counter('places')).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
  })
})

test.for([
  [200, 'ok'],
  [400, 'rejected'],
  [404, 'rejected'],
  [429, 'rate-limited'],
  [500, 'server-error'],
  [529, 'server-error'],
] as const)('an answer of status %i ends a call as %s', ([status, ending]) => {
  expect(endingOfStatus(status)).toBe(ending)
})

test.for([100, 101, 199, 301, 302, 304, 600, 999, 200.5, -200])('status %d ends no call', (status) => {
  expect(() => endingOfStatus(status)).toThrow(`${status} is not the HTTP status of an answer or an error, 200 to 299 or 400 to 599.`)
})

describe.each(everyStore)('a held call that nobody has a price for, on $name', (kind) => {
  test('stays presumed at what was set aside, in hard budgets, until it has a price', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    await gate.define({ name: 'adaptive', mode: 'adaptive', tolerance: usd(1) })
    await gate.define({ name: 'soft', mode: 'soft' })
    const { id } = granted(await gate.reserve(usd(1)))
    expect(await gate.settle(id, null, 'final', { id: 'c1' })).toMatchObject({ state: 'presumed', charge: 'c1' })
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: usd(1), unpricedCalls: 1 })
    expect(await gate.counter('adaptive')).toMatchObject({ presumed: usd(1) })
    expect(await gate.counter('soft')).toMatchObject({ presumed: 0n, unpricedCalls: 1 })
    const priced = chargeOf(usd(0.3), { id: 'c1', at: clock.now, usage: { inputTokens: 1 } })
    await store.transact({ bookings: [{ draft: priced, onExisting: 'supersede', rank: 1 }] })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n, presumed: 0n, unpricedCalls: 0, overLimit: null })
    expect(await gate.store.gate('holds', {})).toEqual([])
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('that a partial settle booked is presumed too, once the rest is given back', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1)))
    await gate.settle(id, null, 'partial')
    for (const _ of [1, 2]) {
      expect(await gate.release(id)).toMatchObject({ state: 'presumed' })
      expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: usd(1) })
    }
    await expect(gate.release(id, true)).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: usd(1) })
  })

  test('is free again where its owner says that it cost nothing', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1)))
    await gate.settle(id, null)
    expect(await gate.settle(id, 0n, 'final', { id: 'rest' })).toMatchObject({ state: 'settled' })
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
  })

  test('stays presumed too where only part of it has a price', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1)))
    const draft = {
      ...chargeOf(usd(0.1), { at: clock.now, id: `hold:${id}`, usage: { inputTokens: 1, images: 2 } }),
      status: 'partial' as const,
    }
    await store.gate('settle', { id, settlement: { draft, ignore: ['at'], settling: 'final' } })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.1), held: 0n, presumed: usd(0.9) })
  })
})

describe.each(everyStore)('tokens that nobody has counted, on $name', (kind) => {
  const tokens = { worst: { tokens: 1000n } }

  test('stay presumed in hard budgets where only the cost of a call is stated, until somebody says how many', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 5000n })
    await gate.define({ name: 'warning', metric: 'tokens', limit: 5000n, mode: 'soft' })
    const { id } = granted(await gate.reserve(usd(1), tokens))
    expect(await gate.settle(id, usd(0.4), 'final', { usage: {} })).toMatchObject({ state: 'presumed' })
    expect(await gate.counter()).toMatchObject(settled)
    expect(await gate.counter('tokens')).toMatchObject({ spent: 0n, held: 0n, presumed: 1000n })
    expect(await gate.counter('warning')).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
    const rest = { id: 'rest', usage: { inputTokens: 300 } }
    expect(await gate.settle(id, 0n, 'final', rest)).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 300n, held: 0n, presumed: 0n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('are said by resolving the hold, beside a cost that is known', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 5000n })
    await gate.define()
    const desk = openHoldDesk(store, () => clock.now)
    const { id } = granted(await gate.reserve(usd(1), tokens))
    expect(await desk.settle(id, { provider: 'acme', model: 'big', costUsd: '0.40' })).toMatchObject({ state: 'presumed' })
    expect(await desk.resolve(id, { usage: { inputTokens: 300, outputTokens: 20 } })).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 320n, held: 0n, presumed: 0n })
    expect(await gate.counter()).toMatchObject(settled)
  })

  test('are known to be none where the call counts in something else', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 5000n })
    const { id } = granted(await gate.reserve(usd(1), tokens))
    expect(await gate.settle(id, usd(0.4), 'final', { usage: { images: 1 } })).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
  })
})

describe.each(everyStore)('one of several calls of a hold that was cut, on $name', (kind) => {
  test('leaves what is left of the hold presumed in strict budgets, when the hold ends', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.define({ name: 'soft', mode: 'soft' })
    const { id } = granted(await gate.reserve(usd(2)))
    expect(await gate.settle(id, usd(0.4), 'partial-uncertain', { estimated: true })).toMatchObject({ state: 'open' })
    await gate.settle(id, usd(0.5), 'partial')
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), held: usd(1.1), presumed: 0n })
    for (const _ of [1, 2]) expect(await gate.release(id)).toMatchObject({ state: 'presumed' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), held: 0n, presumed: usd(1.1) })
    expect(await gate.counter('soft')).toMatchObject({ spent: usd(0.9), held: 0n, presumed: 0n })
    expect(await gate.release(id, true)).toMatchObject({ state: 'released' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), presumed: 0n })
  })
})

describe.each(everyStore)('a hold that ran out, on $name', (kind) => {
  test('is resolved by a record of its call that comes from elsewhere', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1), { ttlMs: 1000 }))
    clock.now += 2000
    expect(await gate.counter()).toMatchObject({ spent: 0n, presumed: usd(1) })
    await gate.book(usd(0.3), { hold: id })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n, presumed: 0n, overLimit: null })
    expect(await gate.store.gate('hold', { id })).toMatchObject({ state: 'settled', spent: { cost: usd(0.3), calls: 1n } })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('leaves the hold presumed that a part of it came from, where the part has nothing left', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(2)))
    const part = granted(await gate.split(id, usd(0.4)))
    await gate.settle(part.id, usd(0.4), 'uncertain', { estimated: true })
    expect(await gate.release(id)).toMatchObject({ state: 'presumed' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n, presumed: usd(1.6) })
  })

  test('leaves its tokens presumed and no money of the hold that it came from, where that was split off for tokens', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 10_000n })
    const { id } = granted(await gate.reserve(undefined, { id: 'cap', worst: { tokens: 1000n, calls: 5n } }))
    const part = granted(await gate.split(id, 0n, { worst: { tokens: 200n } }))
    await gate.settle(part.id, usd(0.1), 'uncertain', { usage: { inputTokens: 50 }, estimated: true })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 50n, held: 800n, presumed: 150n })
    // Of the 800 that are left of the cap 100 are used, and it is known that no more were.
    expect(await gate.settle(id, usd(0.1), 'final', { usage: { inputTokens: 100 } })).toMatchObject({ state: 'settled' })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 150n, held: 0n, presumed: 150n })
  })

  test('leaves that metric of its hold presumed of which it has nothing left, and no other', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 10_000n })
    const { id } = granted(await gate.reserve(usd(1), { id: 'cap', worst: { tokens: 1000n, calls: 5n } }))
    const part = granted(await gate.split(id, usd(0.1), { worst: { tokens: 200n } }))
    await gate.settle(part.id, usd(0.1), 'uncertain', { usage: { inputTokens: 50 }, estimated: true })
    expect(await gate.settle(id, usd(0.1), 'final', { usage: { inputTokens: 100 } })).toMatchObject({ state: 'presumed' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.2), held: 0n, presumed: usd(0.8) })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 150n, held: 0n, presumed: 150n })
  })

  test('leaves its own rest presumed, and the hold that it came from free', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(2)))
    const part = granted(await gate.split(id, usd(1)))
    await gate.settle(part.id, usd(0.4), 'uncertain', { estimated: true })
    expect(await gate.release(id)).toMatchObject({ state: 'released' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n, presumed: usd(0.6) })
  })
})

describe.each(everyStore)('what is presumed of a call that was cut, on $name', (kind) => {
  test('counts in a budget again once it is strict again, whichever way it was changed in between', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ limit: usd(10) })
    const { id } = granted(await gate.reserve(usd(9)))
    await gate.settle(id, usd(1), 'uncertain', { estimated: true })
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: usd(8) })
    const soft = { limit: usd(10), mode: 'soft', onLimit: 'warn' } as const
    expect(await gate.define({ ...soft, window: { kind: 'week', startsOn: 1 } })).toBe('revised')
    expect(await gate.define(soft)).toBe('revised')
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: 0n })
    expect(await gate.define({ limit: usd(10) })).toBe('changed')
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: usd(8) })
    // The same where it was changed in place both times.
    await gate.define(soft)
    await gate.define({ limit: usd(10) })
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: usd(8) })
    denied(await gate.reserve(usd(9)))
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
    await gate.release(id, true)
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: 0n, held: 0n })
  })
})
