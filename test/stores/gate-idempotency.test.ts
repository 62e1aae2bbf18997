import { describe, expect, test } from 'vitest'
import { everyStore } from './every-store.ts'
import { type Ask, denied, granted, openGate, usd } from './gate-ledger.ts'

describe.each(everyStore)('asking twice, on $name', (kind) => {
  test('the same id gets the same grant, however full the budget is by then, and holds nothing twice', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    const first = granted(await gate.reserve(usd(5), { id: 'call-1' }))
    clock.now += 1000
    expect(await gate.reserve(usd(5), { id: 'call-1' })).toEqual({ ...first, isRepeated: true })
    expect((await gate.counter()).held).toBe(usd(5))
  })

  test('both of two that ask at once get the one grant', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const [first, second] = await Promise.all([gate.reserve(usd(4), { id: 'call-1' }), gate.reserve(usd(4), { id: 'call-1' })])
    expect(second).toEqual({ ...first, isRepeated: true })
    expect((await gate.counter()).held).toBe(usd(4))
  })

  test('once it has run out or ended, the same id is an error, and never money', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'settled' }))
    granted(await gate.reserve(usd(1), { id: 'released' }))
    granted(await gate.reserve(usd(1), { id: 'lapsed', ttlMs: 1000 }))
    await gate.settle('settled', usd(0.5))
    await gate.release('released')
    clock.now += 1000
    for (const id of ['settled', 'released']) {
      await expect(gate.reserve(usd(1), { id })).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
      await expect(gate.reserve(usd(2), { id })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    }
    await expect(gate.reserve(usd(1), { id: 'lapsed', ttlMs: 1000 })).rejects.toThrow('was granted before and has run out')
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: 0n, presumed: usd(1) })
  })

  test('a place that was given back is not granted again by the id that had it', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'places', metric: 'concurrency', window: { kind: 'total' }, limit: 1n })
    granted(await gate.reserve(usd(1), { id: 'late', ttlMs: 1000 }))
    clock.now += 1000
    granted(await gate.reserve(usd(1), { id: 'next' }))
    await expect(gate.reserve(usd(1), { id: 'late', ttlMs: 1000 })).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
    expect(await gate.counter('places')).toMatchObject({ held: 1n, overLimit: null })
  })

  test('the grant with its warnings is told again', async () => {
    const { gate } = await openGate(kind)
    await gate.define({ mode: 'soft', onLimit: 'warn' })
    const first = granted(await gate.reserve(usd(6), { id: 'call-1' }))
    expect(first.warnings).toHaveLength(1)
    expect(await gate.reserve(usd(6), { id: 'call-1' })).toEqual({ ...first, isRepeated: true })
  })

  test('a refusal is not kept: the same id is asked anew', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(5)))
    denied(await gate.reserve(usd(1), { id: 'call-1' }))
    await gate.release(id)
    expect(granted(await gate.reserve(usd(1), { id: 'call-1' })).id).toBe('call-1')
  })

  const otherContent: [string, Ask][] = [
    ['amount', { worst: { cost: usd(2) } }],
    ['expected amount', { expected: { cost: usd(0.5) } }],
    ['labels', { labels: { project: 'borg' } }],
    ['time to live', { ttlMs: 1000 }],
    ['basis', { basis: 'plan' }],
    ['model', { model: 'small' }],
  ]
  test.for(otherContent)('the same id with another %s is an error that names it', async ([field, other]) => {
    const { gate } = await openGate(kind)
    await gate.define()
    const ask = { id: 'call-1', labels: { project: 'atlas' }, model: 'big' }
    granted(await gate.reserve(usd(1), ask))
    await expect(gate.reserve(usd(1), { ...ask, ...other })).rejects.toThrow(new RegExp(`"call-1" was granted with another ${field}`))
    await expect(gate.reserve(usd(1), { ...ask, ...other })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect((await gate.counter()).held).toBe(usd(1))
  })

  test('a part asked for twice is one part; of another hold, or as a hold of its own, it is an error that says so', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    for (const id of ['run-1', 'run-2']) granted(await gate.reserve(usd(2), { id, worst: { calls: 5n } }))
    const part = granted(await gate.split('run-1', usd(1), { id: 'part' }))
    expect(await gate.split('run-1', usd(1), { id: 'part' })).toEqual({ ...part, isRepeated: true })
    await expect(gate.split('run-2', usd(1), { id: 'part' })).rejects.toThrow('hold that it is split from: "run-1" then, "run-2" now')
    await expect(gate.reserve(usd(1), { id: 'part', worst: { concurrency: 0n } })).rejects.toThrow(
      'hold that it is split from: "run-1" then, null now',
    )
    expect((await gate.counter()).held).toBe(usd(4))
  })

  test('settling twice books one charge, and other content is an error', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1)))
    const first = await gate.settle(id, usd(0.4))
    expect(first).toMatchObject({ state: 'settled', charge: `hold:${id}` })
    expect(await gate.settle(id, usd(0.4))).toEqual(first)
    await expect(gate.settle(id, usd(0.5))).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n })
  })

  test('a hold is resolved once: settled it is not released, released it is not settled', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const [first, second] = [granted(await gate.reserve(usd(1))), granted(await gate.reserve(usd(1)))]
    await gate.settle(first.id, usd(0.4))
    await expect(gate.release(first.id)).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
    await gate.release(second.id)
    await expect(gate.settle(second.id, usd(0.4))).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
    await expect(gate.extend(second.id, 1000)).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
    await expect(gate.release('nobody')).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n })
  })

  test('releasing twice is releasing once, also what is left after a part of it was spent', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(2)))
    await gate.settle(id, usd(0.5), 'partial')
    const first = await gate.release(id)
    expect(await gate.release(id)).toEqual(first)
    expect(await gate.counter()).toMatchObject({ spent: usd(0.5), held: 0n })
  })

  test('partial charges are each booked once, and the hold goes on with what is left', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(2)))
    for (const charge of ['one', 'one', 'two']) await gate.settle(id, usd(0.5), 'partial', { id: charge })
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: usd(1) })
    await gate.settle(id, usd(0.25), 'final', { id: 'three' })
    expect(await gate.settle(id, usd(0.5), 'partial', { id: 'two' })).toMatchObject({ state: 'settled' })
    expect(await gate.counter()).toMatchObject({ spent: usd(1.25), held: 0n })
  })

  test('a charge that settled one hold settles no other', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'a' }))
    granted(await gate.reserve(usd(1), { id: 'b' }))
    await gate.settle('a', usd(0.4), 'final', { id: 'call' })
    await expect(gate.settle('b', usd(0.4), 'final', { id: 'call' })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: usd(1) })
  })

  test('a call that an import booked before is not counted again when its hold is settled', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    const { id } = granted(await gate.reserve(usd(1)))
    await gate.book(usd(0.4), { id: 'acme:response-1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: usd(1) })
    expect(await gate.settle(id, usd(0.4), 'final', { id: 'acme:response-1' })).toMatchObject({
      state: 'settled',
      charge: 'acme:response-1',
    })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n })
  })
})
