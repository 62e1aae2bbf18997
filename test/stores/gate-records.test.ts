import { describe, expect, test } from 'vitest'
import type { HoldId } from '../../src/budgets/hold.ts'
import { everyStore } from './every-store.ts'
import { granted, openGate, usd } from './gate-ledger.ts'
import { openHoldDesk } from './hold-desk.ts'

describe.each(everyStore)('a record that names a hold, on $name', (kind) => {
  test('resolves one that ran out, also where nobody has noticed yet', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'm', ttlMs: 1000 }))
    clock.now += 2000
    await gate.book(usd(0.3), { hold: 'm' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n, presumed: 0n })
    expect(await store.gate('hold', { id: 'm' as HoldId })).toMatchObject({ state: 'settled' })
    expect(await gate.events('hold.lapsed')).toHaveLength(1)
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('takes what it came to out of one that is open, which holds the rest', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ limit: usd(1) })
    granted(await gate.reserve(usd(1), { id: 'o' }))
    await gate.book(usd(0.3), { hold: 'o', id: 'call-1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: usd(0.7), overLimit: null })
    // The same call, told as the settlement of the hold, is booked once.
    expect(await gate.settle('o', usd(0.3), 'final', { id: 'call-1' })).toMatchObject({ state: 'settled', charge: 'call-1' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('counts where its own labels say, and what it spent is not held any more for the labels of the hold', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define({ each: ['ticket'] })
    granted(await gate.reserve(usd(1), { id: 'o' }))
    await gate.book(usd(0.3), { hold: 'o', labels: { ticket: 'T-1' } })
    expect(await gate.counter('daily', { ticket: 'T-1' })).toMatchObject({ spent: usd(0.3), held: 0n })
    expect(await gate.counter('daily', {})).toMatchObject({ spent: 0n, held: usd(0.7) })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('and more than it holds is an overrun', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(0.1), { id: 'o' }))
    await gate.book(usd(0.3), { hold: 'o' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.3), held: 0n })
    expect(await gate.events('hold.overrun')).toMatchObject([{ hold: 'o', budgets: [{ budget: 'daily', by: String(usd(0.2)) }] }])
  })

  test('resolves it also where no budget counts it', async () => {
    const { gate, store, clock } = await openGate(kind)
    granted(await gate.reserve(usd(1), { id: 'm', ttlMs: 1000 }))
    clock.now += 2000
    await gate.book(usd(0.3), { hold: 'm' })
    expect(await store.gate('hold', { id: 'm' as HoldId })).toMatchObject({ state: 'settled', spent: { cost: usd(0.3) } })
  })
})

describe.each(everyStore)('a hold that ran out, by its id, on $name', (kind) => {
  test('is presumed for everybody who asks, and can be resolved at once', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    const desk = openHoldDesk(store, () => clock.now)
    granted(await gate.reserve(usd(1), { id: 'e4', ttlMs: 1000 }))
    clock.now += 3000
    expect(await desk.get('e4')).toMatchObject({ state: 'presumed', presumed: { cost: usd(1) }, presumedBecause: ['ran-out'] })
    expect(await desk.end('e4', 'timeout')).toMatchObject({ state: 'presumed' })
    expect(await desk.resolve('e4', { costUsd: '0.20' })).toMatchObject({ state: 'settled' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.2), held: 0n, presumed: 0n })
  })
})

describe.each(everyStore)('a settlement under an id that is booked without its hold, on $name', (kind) => {
  test('is an error that names what differs where it is another call, and the hold keeps its money', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h2' }))
    await gate.book(usd(0.01), { id: 'X' })
    for (const settling of ['final', 'partial'] as const) {
      await expect(gate.settle('h2', usd(0.9), settling, { id: 'X', provider: 'other' })).rejects.toMatchObject({
        code: 'PURSER_ID_CONFLICT',
        message: expect.stringContaining('another provider: "acme" then, "other" now') as string,
      })
      await expect(gate.settle('h2', usd(0.9), settling, { id: 'X' })).rejects.toThrow('another statedNanos')
    }
    expect(await gate.counter()).toMatchObject({ spent: usd(0.01), held: usd(1) })
  })

  test('ends the hold where an import brought the call, and says what the import tells otherwise', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h1' }))
    await gate.import('imp', usd(0.4))
    const outcome = await gate.settle('h1', usd(0.5), 'final', { id: 'i1' })
    expect(outcome).toMatchObject({ state: 'settled', charge: 'i1', differs: 'statedNanos' })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.4), held: 0n })
    granted(await gate.reserve(usd(1), { id: 'h2' }))
    await gate.import('imp', usd(0.4))
    const same = await openHoldDesk(store, () => clock.now).settle('h2', { provider: 'acme', model: 'big', costUsd: '0.40', id: 'i2' })
    expect(same).toMatchObject({ state: 'settled', charge: 'i2' })
    expect(same).not.toHaveProperty('differs')
  })

  test('cannot have the id of another hold’s own charge', async () => {
    const { gate, store, clock } = await openGate(kind)
    const desk = openHoldDesk(store, () => clock.now)
    for (const id of ['h3', 'h4']) granted(await gate.reserve(usd(1), { id }))
    const call = { provider: 'acme', model: 'big', costUsd: '0.40' }
    await expect(desk.settle('h4', { ...call, id: 'hold:h3' })).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
    expect(await desk.settle('h4', { ...call, id: 'hold:h4' })).toMatchObject({ state: 'settled' })
    await expect(desk.reserve({ id: 'part:1', amount: { cost: 1 } })).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
  })
})

describe.each(everyStore)('a hold for calls that a plan covers, on $name', (kind) => {
  test('is settled as covered by the plan, unless it is said to be paid for', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define()
    const desk = openHoldDesk(store, () => clock.now)
    const call = { provider: 'acme', model: 'big', costUsd: '50' }
    for (const id of ['p1', 'p2', 'p3']) granted(await gate.reserve(usd(100), { id, basis: 'plan' }))
    const { charge } = await desk.settle('p1', call)
    expect(await store.charge(charge as never)).toMatchObject({ basis: 'plan', costNanos: usd(50) })
    expect(await desk.settle('p1', call)).toMatchObject({ state: 'settled', charge })
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: 0n, overLimit: null })
    const part = await desk.record('p2', { ...call, labels: { stage: 'draft' } })
    expect(await store.charge((part as { charge: string }).charge as never)).toMatchObject({ basis: 'plan' })
    expect(await desk.settle('p3', { ...call, basis: 'metered' })).toMatchObject({ overrun: [{ budget: 'daily', by: usd(50) }] })
    expect(await gate.counter()).toMatchObject({ spent: usd(50) })
  })
})
