import { describe, expect, test } from 'vitest'
import { everyStore } from './every-store.ts'
import { denied, granted, openGate, usd } from './gate-ledger.ts'

const minute = 60_000
const hour = 60 * minute

describe.each(everyStore)('time, on $name', (kind) => {
  test('a hold that runs out is presumed spent, apart from spent and held, until it is settled late', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    const { id, expiresAt } = granted(await gate.reserve(usd(2), { ttlMs: minute }))
    expect(expiresAt).toBe(clock.now + minute)
    clock.now += minute - 1
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: usd(2), presumed: 0n })
    clock.now += 1
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: usd(2), overLimit: null })
    expect(denied(await gate.reserve(usd(3) + 1n))).toMatchObject({ kind: 'exhausted', presumed: usd(2), held: 0n, spent: 0n })
    clock.now += hour
    expect(await gate.settle(id, usd(1.5))).toMatchObject({ state: 'settled', overrun: [] })
    expect(await gate.counter()).toMatchObject({ spent: usd(1.5), held: 0n, presumed: 0n })
    expect(await gate.events('hold.lapsed')).toMatchObject([{ hold: id, expiredAt: expiresAt }])
  })

  test('a presumed hold is released where the call was never sent', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(2), { ttlMs: minute }))
    clock.now += minute
    expect(await gate.release(id)).toMatchObject({ state: 'released' })
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, presumed: 0n })
  })

  test('extending keeps a hold open, never shortens it, and comes too late once it ran out', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    const { id, expiresAt } = granted(await gate.reserve(usd(2), { ttlMs: 10 * minute }))
    expect(await gate.extend(id, minute)).toMatchObject({ expiresAt, state: 'open' })
    clock.now += 9 * minute
    expect((await gate.extend(id, 5 * minute)).expiresAt).toBe(clock.now + 5 * minute)
    clock.now += 5 * minute - 1
    expect((await gate.counter()).held).toBe(usd(2))
    clock.now += 1
    expect((await gate.counter()).presumed).toBe(usd(2))
    await expect(gate.extend(id, minute)).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
  })

  test('places are leases: a hold that runs out gives its place back, while its money stays presumed', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'places', metric: 'concurrency', window: { kind: 'total' }, limit: 2n })
    await gate.define({ name: 'daily' })
    const [first] = [granted(await gate.reserve(usd(1), { ttlMs: minute })), granted(await gate.reserve(usd(1), { ttlMs: hour }))]
    expect(denied(await gate.reserve(usd(1)))).toMatchObject({ budget: 'places', kind: 'contended', limit: 2n, held: 2n })
    clock.now += minute
    granted(await gate.reserve(usd(1)))
    expect(await gate.counter('places')).toMatchObject({ held: 2n, presumed: 0n, spent: 0n })
    expect(await gate.counter('daily')).toMatchObject({ held: usd(2), presumed: usd(1) })
    await gate.settle(first.id, usd(1))
    expect((await gate.counter('places')).held).toBe(2n)
  })

  test('a place is free again when its call is settled or released', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'places', metric: 'concurrency', window: { kind: 'total' }, limit: 1n })
    for (const end of ['settle', 'release'] as const) {
      const { id } = granted(await gate.reserve(usd(1)))
      expect(denied(await gate.reserve(usd(1))).budget).toBe('places')
      await (end === 'settle' ? gate.settle(id, usd(1)) : gate.release(id))
    }
    expect((await gate.counter('places')).held).toBe(0n)
  })

  test('a rolling window is a sum of quarters of an hour, the oldest counted whole', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:05:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 } })
    await gate.settle(granted(await gate.reserve(usd(3))).id, usd(3))
    clock.now = Date.parse('2026-03-10T10:20:00Z')
    await gate.settle(granted(await gate.reserve(usd(2))).id, usd(2))
    expect((await gate.counter()).spent).toBe(usd(5))
    // What was spent at 10:05 lies in the slice from 10:00 on, which counts until 11:15.
    expect(denied(await gate.reserve(usd(1)))).toMatchObject({
      kind: 'exhausted',
      resetsAt: Date.parse('2026-03-10T11:15:00Z'),
      retryAfterMs: 55 * minute,
    })
    expect(denied(await gate.reserve(usd(4)))).toMatchObject({ resetsAt: Date.parse('2026-03-10T11:30:00Z') })
    clock.now = Date.parse('2026-03-10T11:14:59.999Z')
    expect((await gate.counter()).spent).toBe(usd(5))
    denied(await gate.reserve(usd(1)))
    clock.now += 1
    expect((await gate.counter()).spent).toBe(usd(2))
    granted(await gate.reserve(usd(3)))
    clock.now = Date.parse('2026-03-10T11:30:00Z')
    expect(await gate.counter()).toMatchObject({ spent: 0n, presumed: usd(3) })
  })

  test('an adaptive rolling budget says when the expected amount has room again, not only the worst case', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:05:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 }, mode: 'adaptive', tolerance: usd(5) })
    for (const at of ['2026-03-10T10:05:00Z', '2026-03-10T10:20:00Z']) {
      clock.now = Date.parse(at)
      await gate.settle(granted(await gate.reserve(usd(2.5))).id, usd(2.5))
    }
    // Five dollars are spent of five and five: the worst case of four fits, the expected three do only once one half is gone.
    const asked = { expected: { cost: usd(3) } }
    expect(denied(await gate.reserve(usd(4), asked))).toMatchObject({ kind: 'exhausted', resetsAt: Date.parse('2026-03-10T11:30:00Z') })
  })

  test('a refusal says when to ask again: at the end of the window, soon, or never', async () => {
    const { gate } = await openGate(kind, '2026-03-10T10:00:00Z')
    await gate.define()
    await gate.settle(granted(await gate.reserve(usd(4))).id, usd(4))
    const end = Date.parse('2026-03-11T00:00:00Z')
    expect(denied(await gate.reserve(usd(2)))).toMatchObject({ kind: 'exhausted', resetsAt: end, retryAfterMs: 14 * hour })
    expect(denied(await gate.reserve(usd(6)))).toMatchObject({ kind: 'never-fits', resetsAt: null, retryAfterMs: null })
    granted(await gate.reserve(usd(1)))
    const contended = denied(await gate.reserve(usd(1)))
    expect(contended).toMatchObject({ kind: 'contended', resetsAt: end })
    expect(contended.retryAfterMs).toBeGreaterThan(0)
    expect(contended.retryAfterMs).toBeLessThan(1000)
  })

  test('a window without an end has nothing to wait for', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ window: { kind: 'total' } })
    await gate.settle(granted(await gate.reserve(usd(5))).id, usd(5))
    expect(denied(await gate.reserve(usd(1)))).toMatchObject({ kind: 'exhausted', resetsAt: null, retryAfterMs: null })
    expect(await gate.counter()).toMatchObject({ windowStart: null, resetsAt: null })
  })

  test('an increase raises the limit until its end, and what was spent by then is told as such', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ increase: { by: usd(3), until: clock.now + hour } })
    const { id } = granted(await gate.reserve(usd(8), { ttlMs: 2 * hour }))
    expect(await gate.counter()).toMatchObject({ limit: usd(8), overLimit: null })
    clock.now += hour
    expect(denied(await gate.reserve(1n))).toMatchObject({ limit: usd(5) })
    await gate.settle(id, usd(7))
    expect(await gate.counter()).toMatchObject({ limit: usd(5), spent: usd(7), overLimit: { by: usd(2), cause: 'increase-ended' } })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'increase-ended' }])
  })

  test('an increase that ended is the cause also where a hold had passed the limit before, and was given back', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ mode: 'soft', onLimit: 'warn', increase: { by: usd(3), until: clock.now + hour } })
    await gate.book(usd(7))
    await gate.release(granted(await gate.reserve(usd(2))).id)
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'soft' }])
    clock.now += hour
    expect((await gate.counter()).overLimit).toEqual({ by: usd(2), cause: 'increase-ended' })
  })

  test('a charge of the day before yesterday does not take a rolling hour past its limit', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-08T10:00:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 } })
    clock.now = Date.parse('2026-03-10T10:00:00Z')
    granted(await gate.reserve(usd(3)))
    await gate.book(usd(3), { at: Date.parse('2026-03-08T10:00:00Z') })
    expect(await gate.events('budget.exceeded')).toEqual([])
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: usd(3), overLimit: null })
    // Alone it can be too much for the quarter of an hour that it was made in.
    await gate.book(usd(3), { at: Date.parse('2026-03-08T10:00:00Z') })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ windowStart: Date.parse('2026-03-08T10:00:00Z'), cause: 'unheld' }])
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: usd(3), overLimit: null })
  })

  test('a charge of a time to come counts in a rolling window when its time comes', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:00:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 } })
    await gate.book(usd(5), { at: Date.parse('2026-03-10T14:00:00Z') })
    expect((await gate.counter()).spent).toBe(0n)
    await gate.release(granted(await gate.reserve(usd(5))).id)
    clock.now = Date.parse('2026-03-10T14:00:00Z')
    expect((await gate.counter()).spent).toBe(usd(5))
    expect(denied(await gate.reserve(1n)).kind).toBe('exhausted')
    clock.now = Date.parse('2026-03-10T15:15:00Z')
    expect(granted(await gate.reserve(usd(5))).warnings).toEqual([])
  })

  test('each slice of a rolling window keeps why it takes the window past its limit', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:00:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 }, mode: 'soft', onLimit: 'warn' })
    await gate.settle(granted(await gate.reserve(usd(6))).id, usd(6))
    clock.now = Date.parse('2026-03-10T10:30:00Z')
    await gate.book(usd(7))
    expect((await gate.counter()).overLimit).toEqual({ by: usd(8), cause: 'soft' })
    clock.now = Date.parse('2026-03-10T11:15:00Z')
    expect((await gate.counter()).overLimit).toEqual({ by: usd(2), cause: 'unheld' })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'soft' }])
  })

  test('a rolling window that was within its limit in between has a new cause when it is passed again', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T10:00:00Z')
    await gate.define({ window: { kind: 'rolling', hours: 1 }, mode: 'soft', onLimit: 'warn' })
    await gate.settle(granted(await gate.reserve(usd(4))).id, usd(4))
    clock.now = Date.parse('2026-03-10T10:30:00Z')
    await gate.book(usd(2))
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'unheld' })
    clock.now = Date.parse('2026-03-10T11:20:00Z')
    expect(await gate.counter()).toMatchObject({ spent: usd(2), overLimit: null })
    await gate.settle(granted(await gate.reserve(usd(4))).id, usd(4))
    expect((await gate.counter()).overLimit).toEqual({ by: usd(1), cause: 'soft' })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ cause: 'unheld' }, { cause: 'soft' }])
  })

  test('what expires while nobody asks is presumed, however much it is', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ limit: usd(5000) })
    const holds = await Promise.all(Array.from({ length: 1200 }, () => gate.reserve(usd(1), { ttlMs: minute })))
    expect(holds.every(({ granted: isGranted }) => isGranted)).toBe(true)
    clock.now += minute
    // A bounded number lapses at a time; until then the rest is held, so nobody is granted it.
    for (let turn = 0; turn < 4; turn += 1) {
      const { held, presumed } = await gate.counter()
      expect(held + presumed).toBe(usd(1200))
    }
    expect(await gate.counter()).toMatchObject({ held: 0n, presumed: usd(1200) })
  })
})
