import { describe, expect, test } from 'vitest'
import type { HoldId } from '../../src/budgets/hold.ts'
import { everyStore } from './every-store.ts'
import { splitCall } from '../../src/ledger/split-call.ts'
import { asked, chargeOf, denied, granted, openGate, usd } from './gate-ledger.ts'

const run = { run: '42' }
const stage = (name: string) => ({ ...run, stage: name })

describe.each(everyStore)('parts of a hold, on $name', (kind) => {
  test('a part takes over money that is held already, and what is left of it goes back', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(5), { id: 'cap', labels: run }))
    const part = granted(await gate.split('cap', usd(2), { labels: run }))
    expect((await gate.counter()).held).toBe(usd(5))
    await gate.settle(part.id, usd(0.5))
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: usd(4.5) })
    granted(await gate.split('cap', usd(4.5), { labels: run, id: 'rest' }))
    expect(denied(await gate.split('cap', 1n, { labels: run }))).toMatchObject({
      kind: 'exhausted',
      budget: 'cap',
      limit: usd(5),
      asked: 1n,
    })
    await gate.release('rest')
    await gate.release('cap')
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: 0n, presumed: 0n })
  })

  test('more than is left is refused, and leaves the hold as it was', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap', worst: { tokens: 100n } }))
    expect(denied(await gate.split('cap', usd(2) + 1n))).toMatchObject({ budget: 'cap', metric: 'cost', limit: usd(2), asked: usd(2) + 1n })
    expect(denied(await gate.split('cap', usd(1), { worst: { tokens: 101n } }))).toMatchObject({
      budget: 'cap',
      metric: 'tokens',
      limit: 100n,
    })
    expect((await gate.counter()).held).toBe(usd(2))
    granted(await gate.split('cap', usd(2), { worst: { tokens: 100n } }))
  })

  test('a part carries the labels of its hold, and may add some', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap', labels: run }))
    await expect(gate.split('cap', usd(1), { labels: {} })).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    await expect(gate.split('cap', usd(1), { labels: { run: '43' } })).rejects.toThrow('run must be "42"')
    granted(await gate.split('cap', usd(1), { labels: stage('draft') }))
  })

  test('a budget that only the added labels meet is asked as by any hold', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'daily' })
    await gate.define({ name: 'draft', where: [{ field: 'stage', op: 'equals', values: ['draft'] }], limit: usd(1) })
    granted(await gate.reserve(usd(5), { id: 'cap', labels: run }))
    expect(denied(await gate.split('cap', usd(2), { labels: stage('draft') }))).toMatchObject({ budget: 'draft', kind: 'never-fits' })
    const part = granted(await gate.split('cap', usd(1), { labels: stage('draft') }))
    expect(denied(await gate.split('cap', 1n, { labels: stage('draft') }))).toMatchObject({ budget: 'draft', kind: 'contended' })
    granted(await gate.split('cap', usd(4), { labels: stage('final') }))
    await gate.settle(part.id, usd(0.75))
    expect(await gate.counter('draft')).toMatchObject({ spent: usd(0.75), held: 0n })
    expect(await gate.counter('daily')).toMatchObject({ spent: usd(0.75), held: usd(4.25) })
  })

  test('a hold without a stage keeps what a part for a stage may give back, so that no one else is granted it', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ each: ['stage'] })
    granted(await gate.reserve(usd(5), { id: 'cap', labels: run }))
    const part = granted(await gate.split('cap', usd(3), { labels: stage('draft') }))
    expect((await gate.counter('daily', { stage: 'draft' })).held).toBe(usd(3))
    expect(denied(await gate.reserve(1n)).kind).toBe('contended')
    // One dollar is spent under the stage, so the hold without one can come to four at most.
    await gate.settle(part.id, usd(1))
    expect(await gate.counter('daily', { stage: 'draft' })).toMatchObject({ spent: usd(1), held: 0n })
    expect(await gate.counter('daily', {})).toMatchObject({ spent: 0n, held: usd(4) })
    granted(await gate.reserve(usd(1)))
    await gate.settle('cap', usd(4))
    expect(await gate.counter('daily', {})).toMatchObject({ spent: usd(4), held: usd(1), overLimit: null })
    expect(await gate.events('hold.overrun')).toEqual([])
  })

  test('a part of a part gives back to the part', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(3), { id: 'stage' }))
    granted(await gate.split('stage', usd(2), { id: 'call' }))
    await gate.settle('call', usd(0.5))
    expect(denied(await gate.split('run', usd(1) + 1n)).budget).toBe('run')
    granted(await gate.split('stage', usd(2.5), { id: 'next' }))
    await gate.release('next')
    await gate.release('stage')
    granted(await gate.split('run', usd(3.5)))
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: usd(3.5) })
  })

  test('parts outlive the hold that they come from, and give back to nobody then', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(1), { id: 'call' }))
    await gate.release('run')
    expect((await gate.counter()).held).toBe(usd(1))
    await expect(gate.split('run', usd(1))).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
    await gate.settle('call', usd(0.25))
    expect(await gate.counter()).toMatchObject({ spent: usd(0.25), held: 0n })
  })

  test('a part that was cut goes back to its hold where nothing of it is presumed', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'adaptive', tolerance: usd(1) })
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(3), { id: 'call' }))
    await gate.settle('call', usd(1), 'uncertain')
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: usd(3), presumed: 0n })
    granted(await gate.split('run', usd(3)))
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: usd(3), overLimit: null })
  })

  test('a part that ran out is presumed apart from its hold, and what it did not use goes back to it', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run', ttlMs: 3_600_000 }))
    granted(await gate.split('run', usd(1), { id: 'call', ttlMs: 1000 }))
    clock.now += 1000
    expect(await gate.counter()).toMatchObject({ held: usd(3), presumed: usd(1) })
    await gate.settle('call', usd(0.5))
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: usd(3.5), presumed: 0n })
    // $3.50 is left of the run: one part can have all of it, and a nano-dollar more is refused.
    expect(denied(await gate.split('run', usd(3.5) + 1n))).toMatchObject({ room: usd(3.5) })
    granted(await gate.split('run', usd(3.5)))
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: usd(3.5), overLimit: null })
  })

  test('a part that ran out and was never sent goes back whole, while its hold is open, and else is free', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'run', ttlMs: 60_000 }))
    granted(await gate.split('run', usd(0.2), { id: 'first', ttlMs: 1 }))
    granted(await gate.split('run', usd(0.2), { id: 'second', ttlMs: 1 }))
    clock.now += 1000
    expect(await gate.counter()).toMatchObject({ held: usd(0.6), presumed: usd(0.4) })
    await gate.release('first', true)
    expect(await gate.counter()).toMatchObject({ held: usd(0.8), presumed: usd(0.2) })
    expect(await store.gate('hold', { id: 'run' as HoldId })).toMatchObject({ left: { cost: usd(0.8) } })
    await gate.release('run')
    await gate.release('second', true)
    expect(await gate.counter()).toMatchObject({ held: 0n, presumed: 0n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('a part counts in the window of its hold', async () => {
    const { gate, clock } = await openGate(kind, '2026-03-10T23:59:00Z')
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run', ttlMs: 3_600_000 }))
    clock.now = Date.parse('2026-03-11T00:01:00Z')
    expect(granted(await gate.split('run', usd(1), { id: 'call' })).reservedAt).toBe(Date.parse('2026-03-10T23:59:00Z'))
    await gate.settle('call', usd(1))
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n })
    clock.now = Date.parse('2026-03-10T23:59:30Z')
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: usd(3) })
  })

  test('a run holds one place, and its parts take none', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'places', metric: 'concurrency', window: { kind: 'total' }, limit: 1n })
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(1), { id: 'call' }))
    granted(await gate.split('run', usd(1)))
    expect((await gate.counter('places')).held).toBe(1n)
    expect(denied(await gate.reserve(usd(1)))).toMatchObject({ budget: 'places', metric: 'concurrency', kind: 'contended' })
    await gate.release('call')
    expect((await gate.counter('places')).held).toBe(1n)
    await gate.release('run')
    expect((await gate.counter('places')).held).toBe(0n)
  })

  test('calls beyond the one of a hold are asked for anew', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ name: 'calls', metric: 'calls', limit: 2n })
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(1)))
    expect((await gate.counter('calls')).held).toBe(1n)
    granted(await gate.split('run', usd(1)))
    expect((await gate.counter('calls')).held).toBe(2n)
    expect(denied(await gate.split('run', usd(1)))).toMatchObject({ budget: 'calls', kind: 'contended' })
  })

  test('what a part costs beyond its own comes out of its hold, and only what is more than that is an overrun', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ limit: usd(1) })
    granted(await gate.reserve(usd(1), { id: 'cap' }))
    granted(await gate.split('cap', usd(0.1), { id: 'first' }))
    // $0.60 of it: $0.10 of the part, $0.50 of the $0.90 that the cap has left.
    expect((await gate.settle('first', usd(0.6))).overrun).toEqual([])
    expect(await gate.counter()).toMatchObject({ spent: usd(0.6), held: usd(0.4), overLimit: null })
    expect(await store.gate('hold', { id: 'cap' as HoldId })).toMatchObject({ left: { cost: usd(0.4) } })
    granted(await gate.split('cap', usd(0.1), { id: 'second' }))
    // $0.60 again: $0.10 and the last $0.30 of the cap, which leaves $0.20 that nobody had set aside.
    expect((await gate.settle('second', usd(0.6))).overrun).toEqual([{ budget: 'daily', by: usd(0.2) }])
    expect(await gate.counter()).toMatchObject({ spent: usd(1.2), held: 0n, overLimit: { by: usd(0.2), cause: 'overrun' } })
    expect(denied(await gate.split('cap', usd(0.1)))).toMatchObject({ kind: 'exhausted', budget: 'cap', hold: 'cap', room: 0n })
    await gate.release('cap')
    expect(await gate.counter()).toMatchObject({ spent: usd(1.2), held: 0n, presumed: 0n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('what a part of a part costs beyond both comes out of the hold that they come from', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ limit: usd(2) })
    granted(await gate.reserve(usd(2), { id: 'run' }))
    granted(await gate.split('run', usd(0.5), { id: 'stage' }))
    granted(await gate.split('stage', usd(0.2), { id: 'call' }))
    // $0.90: $0.20 of the call, $0.30 of the stage, $0.40 of the $1.50 of the run.
    expect((await gate.settle('call', usd(0.9))).overrun).toEqual([])
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), held: usd(1.1), overLimit: null })
    expect(denied(await gate.split('stage', 1n))).toMatchObject({ budget: 'stage', room: 0n })
    expect(denied(await gate.split('run', usd(1.1) + 1n))).toMatchObject({ budget: 'run', room: usd(1.1) })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('a late settle of a part that ran out comes out of its hold too, where it is more than what was presumed', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run', ttlMs: 3_600_000 }))
    granted(await gate.split('run', usd(1), { id: 'call', ttlMs: 1000 }))
    clock.now += 1000
    // $1.50 for $1 that was presumed: $0.50 of the $3 of the run.
    expect((await gate.settle('call', usd(1.5))).overrun).toEqual([])
    expect(await gate.counter()).toMatchObject({ spent: usd(1.5), held: usd(2.5), presumed: 0n })
  })

  test('a hold that has ended pays for nothing that its parts cost beyond their own', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(4), { id: 'run' }))
    granted(await gate.split('run', usd(1), { id: 'call' }))
    await gate.release('run')
    expect((await gate.settle('call', usd(1.5))).overrun).toEqual([{ budget: 'daily', by: usd(0.5) }])
  })

  test('a call for another stage, dearer than its part, leaves as much less held for calls without a stage', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ each: ['stage'] })
    granted(await gate.reserve(usd(2), { id: 'run' }))
    granted(await gate.split('run', usd(0.1), { id: 'call' }))
    const serves = [{ labels: { stage: 'draft' }, weight: '1' }]
    const [draft] = splitCall(chargeOf(usd(0.6), { at: Date.parse('2026-03-10T10:00:00Z'), id: 'c' }), serves)
    await gate.store.gate('settle', { id: 'call' as HoldId, settlement: { draft, ignore: ['at'], settling: 'final' } })
    expect(await gate.counter('daily', { stage: 'draft' })).toMatchObject({ spent: usd(0.6), held: 0n })
    expect(await gate.counter('daily', {})).toMatchObject({ spent: 0n, held: usd(1.4) })
    granted(await gate.split('run', usd(1.4)))
  })

  test('a part of which nobody can say what it may cost is refused where its hold is for money', async () => {
    const { gate, store } = await openGate(kind)
    granted(await gate.reserve(usd(1), { id: 'cap' }))
    const unknown = async (refusal: 'unpriced' | 'unbounded', from = 'cap') => {
      const { cost: _, ...worst } = asked({ worst: { concurrency: 0n } }).worst
      const part = { ...asked({ refusal: { kind: refusal, message: 'Its model is new.' } }), worst }
      return store.gate('split', { from: from as HoldId, id: `${from}-${refusal}` as HoldId, asked: part })
    }
    for (const kindOfRefusal of ['unpriced', 'unbounded'] as const) {
      expect(denied(await unknown(kindOfRefusal))).toMatchObject({
        kind: kindOfRefusal,
        budget: 'cap',
        hold: 'cap',
        metric: 'cost',
        asked: null,
        limit: usd(1),
        room: usd(1),
        message: expect.stringContaining('Its model is new.'),
      })
    }
    // A hold that is for no money says nothing of it.
    granted(await gate.reserve(0n, { id: 'place' }))
    granted(await unknown('unbounded', 'place'))
  })

  test('a part of which nobody can say how many tokens it may use is refused where its hold is for tokens', async () => {
    const { gate } = await openGate(kind)
    granted(await gate.reserve(usd(1), { id: 'cap', worst: { tokens: 100n } }))
    expect(denied(await gate.split('cap', usd(0.1)))).toMatchObject({ kind: 'unbounded', budget: 'cap', metric: 'tokens', room: 100n })
    granted(await gate.split('cap', usd(0.1), { worst: { tokens: 100n } }))
  })

  test('a hold for several calls has no more of them for its parts, nor for theirs', async () => {
    const { gate } = await openGate(kind)
    granted(await gate.reserve(usd(4), { id: 'run', worst: { calls: 3n } }))
    granted(await gate.split('run', usd(1), { id: 'first' }))
    granted(await gate.split('run', usd(1), { id: 'second', worst: { calls: 2n } }))
    expect(denied(await gate.split('run', usd(1)))).toMatchObject({
      kind: 'exhausted',
      budget: 'run',
      metric: 'calls',
      limit: 3n,
      room: 0n,
    })
    granted(await gate.split('first', usd(0.5)))
    expect(denied(await gate.split('first', usd(0.1)))).toMatchObject({ budget: 'first', metric: 'calls', limit: 1n, room: 0n })
    await gate.release('second')
    granted(await gate.split('run', usd(1), { worst: { calls: 2n } }))
  })

  test('a hold for one call has one part where somebody said that it is for one, and any number where nobody did', async () => {
    const { gate, store, again } = await openGate(kind)
    granted(await store.gate('reserve', { id: 'said' as HoldId, asked: { ...asked({ worst: { cost: usd(1) } }), saysCalls: true } }))
    granted(await gate.reserve(usd(1), { id: 'default' }))
    const opened = again === undefined ? store : await again()
    const part = (from: string, id: string) =>
      opened.gate('split', { from: from as HoldId, id: id as HoldId, asked: asked({ worst: { cost: usd(0.1), concurrency: 0n } }) })
    granted(await part('said', 'said-1'))
    expect(denied(await part('said', 'said-2'))).toMatchObject({ kind: 'exhausted', metric: 'calls', limit: 1n, room: 0n })
    granted(await part('default', 'default-1'))
    granted(await part('default', 'default-2'))
  })
})
