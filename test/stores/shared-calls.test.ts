import { describe, expect, test } from 'vitest'
import { type Booking, type Booked } from '../../src/ledger/book-charge.ts'
import type { Charge, ChargeId, ChargeInput, Labels, Served } from '../../src/ledger/charge.ts'
import { splitCall } from '../../src/ledger/split-call.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import type { Store } from '../../src/stores/store.ts'
import { booking, draft } from '../ledger/temporary-ledger.ts'
import { createLedger, createStore, everyStore } from './every-store.ts'
import { budget, chargeOf, type GateLedger, granted, openGate, usd } from './gate-ledger.ts'
import { readSums, readSubjectRows } from './read-sums.ts'

const served = (labels: Labels, weight = '1'): Served => ({ labels, weight })
/** One call for two tickets, of which the first gets two thirds. */
const twoTickets = [served({ ticket: 'T-1', project: 'atlas' }, '2'), served({ ticket: 'T-2', project: 'nova' })]

/** A call of 100 tokens in and 10 out, which is 300 nano-dollars, unless said otherwise. */
function shared(
  serves: readonly Served[] = twoTickets,
  more: Partial<ChargeInput> = {},
  onExisting: Booking['onExisting'] = 'same',
): Booking {
  const call = draft({ id: 'call', usage: { inputTokens: 100, outputTokens: 10 }, labels: { agent: 'builder' }, ...more })
  const [first, ...otherParts] = splitCall(call, serves)
  return { draft: first, otherParts, onExisting, rank: 1 }
}

const all = (store: Store): Promise<Charge[]> => Array.fromAsync(store.charges({}))
const outcomes = (booked: readonly Booked[]): string[] => booked.map(({ outcome, id }) => `${id} ${outcome}`)
const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

async function byTicket(store: Store): Promise<unknown[]> {
  const rows = await readSums(store, { subject: 'ticket' })
  return rows.map(({ subject, measures: { calls, costNanos, inputTokens, unpricedCalls } }) => [
    subject,
    calls,
    costNanos,
    inputTokens,
    unpricedCalls,
  ])
}

describe.each(everyStore)('$name: a call that serves several', (kind) => {
  test('is booked as one charge for each, which come back as they were, also to another process', async () => {
    const { store, again } = await createLedger(kind)
    const call = shared(twoTickets, { statedNanos: 7n as never, usage: { audioSeconds: 2.5, attributes: { size: 'big' } } })
    expect(outcomes(await store.transact({ bookings: [call] }))).toEqual(['call booked'])
    const drafts = [call.draft, ...(call.otherParts ?? [])]
    for (const reader of [store, ...(again === undefined ? [] : [await again()])]) {
      expect(await all(reader)).toEqual(
        drafts.map((each, index) => ({ ...each, seq: index + 1, bookedAt: expect.any(Number), batch: null })),
      )
      expect((await reader.charge('call#2/2' as ChargeId))?.part).toMatchObject({
        of: 'call',
        index: 2,
        weights: ['2', '1'],
        addsCall: false,
      })
    }
  })

  test('sums to the call, which counts once', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [shared()] })
    // 200 and 100 of 300; 66.67 and 33.33 of 100 tokens.
    expect(await byTicket(store)).toEqual([
      ['T-1', 1, 200n, 67, 0],
      ['T-2', 0, 100n, 33, 0],
    ])
    const days = await readSums(store, 'days')
    const sum = (of: (row: (typeof days)[number]) => number): number => days.reduce((total, row) => total + of(row), 0)
    expect([sum(({ measures }) => measures.calls), sum(({ measures }) => Number(measures.costNanos))]).toEqual([1, 300])
    expect(sum(({ meters }) => meters['outputTokens']?.[0] ?? 0)).toBe(10)
    await expectSound(store)
  })

  test('leaves each part without a price where there is none, so that it is zero to nobody', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [shared(twoTickets, { model: 'mystery' })] })
    expect(await byTicket(store)).toEqual([
      ['T-1', 1, 0n, 67, 1],
      ['T-2', 0, 0n, 33, 1],
    ])
    await expectSound(store)
  })

  test('counts among the runs that it serves, also those whose part adds no call', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [shared([served({ run: 'r1' }), served({ run: 'r2' })])] })
    expect(await readSubjectRows(store, 'run', true)).toHaveLength(2)
  })

  test('told again is known, and another split of it is refused', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [shared()] })
    expect(outcomes(await store.transact({ bookings: [shared()] }))).toEqual(['call duplicate'])
    const [one, two] = twoTickets as [Served, Served]
    const others: readonly (readonly Served[])[] = [
      [two, one],
      [one, { ...two, weight: '3' }],
      [one, two, two],
      [one, served({ ticket: 'T-3' })],
      [one],
    ]
    for (const serves of others) {
      await expect(store.transact({ bookings: [shared(serves)] })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
      expect(outcomes(await store.transact({ bookings: [shared(serves, {}, 'duplicate')] }))).toEqual(['call duplicate'])
    }
    await expect(store.transact({ bookings: [{ ...shared(), draft: draft({ id: 'call' }), otherParts: undefined }] })).rejects.toThrow(
      'another part',
    )
    expect(await all(store)).toHaveLength(2)
    await expectSound(store)
  })

  test('is the call that an import knows as a whole', async () => {
    const store = await createStore(kind)
    const usage = { inputTokens: 100, outputTokens: 10 }
    await store.transact({ bookings: [shared()] })
    const told = (onExisting: Booking['onExisting'], more: Partial<ChargeInput> = {}) =>
      store.transact({ batch: 'imp', bookings: [booking({ id: 'call', usage, labels: { session: 's' }, ...more }, onExisting)] })
    expect(outcomes(await told('supersede', { usage: { inputTokens: 900 } }))).toEqual(['call duplicate'])
    expect(outcomes(await told('duplicate'))).toEqual(['call duplicate'])
    expect(outcomes(await told('compare'))).toEqual(['call duplicate'])
    expect(await told('compare', { usage: { inputTokens: 900 } })).toMatchObject([{ outcome: 'conflict', differs: 'usage' }])
    expect((await all(store)).map(({ costNanos }) => costNanos)).toEqual([200n, 100n])
  })

  test('that was booked as a whole before is not booked once more', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [booking({ id: 'call' })] })
    expect(outcomes(await store.transact({ bookings: [shared(twoTickets, {}, 'duplicate')] }))).toEqual(['call duplicate'])
    await expect(store.transact({ bookings: [shared()] })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await all(store)).toHaveLength(1)
  })

  test('is booked with all its parts or not at all', async () => {
    const store = await createStore(kind)
    const spoilt = booking({ id: 'other' })
    await store.transact({ bookings: [spoilt] })
    const conflict = booking({ id: 'other', usage: { inputTokens: 7 } })
    await expect(store.transact({ bookings: [shared(), conflict] })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect((await all(store)).map(({ id }) => id)).toEqual(['other'])
    // Bulk work that must stop at once still takes all parts of the call that it takes.
    const hundred = Array.from({ length: 100 }, (_, index) => served({ ticket: `T-${index}` }))
    const taken = await store.transact({ bookings: [shared(hundred), shared(hundred, { id: 'next' })], maxMs: 0 })
    expect(taken).toHaveLength(1)
    expect(await all(store)).toHaveLength(101)
    await expectSound(store)
  })

  test('goes with its import, every part of it', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [shared(twoTickets, { id: 'kept' })] })
    const before = [await byTicket(store), await readSums(store, 'slots')]
    await store.transact({ batch: 'imp', bookings: [shared(), shared([served({ ticket: 'T-9' }), served({ run: 'r9' })], { id: 'more' })] })
    expect(await store.removeBatch('imp')).toBe(4)
    expect([await byTicket(store), await readSums(store, 'slots')]).toEqual(before)
    await expectSound(store)
    expect(outcomes(await store.transact({ bookings: [shared()] }))).toEqual(['call booked'])
  })
})

describe.each(everyStore)('$name: a held call that serves several', (kind) => {
  interface Settled {
    readonly cost: bigint | null
    readonly settling?: Settling
    readonly serves?: readonly Served[]
    readonly id?: string
  }

  function settle(
    gate: GateLedger,
    id: string,
    at: number,
    { cost, settling = 'final', serves = twoTickets, id: call = `c:${id}` }: Settled,
  ) {
    const [first, ...otherParts] = splitCall(chargeOf(cost, { at, id: call }), serves)
    return gate.store.gate('settle', { id: id as HoldId, settlement: { draft: first, otherParts, ignore: ['at'], settling } })
  }

  test('is taken out of its hold once, as a whole', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'daily', limit: usd(5) })
    await gate.define({ name: 'calls', metric: 'calls', limit: 10n })
    granted(await gate.reserve(usd(1), { id: 'h', labels: { agent: 'builder' } }))
    expect(await settle(gate, 'h', clock.now, { cost: usd(0.9) })).toMatchObject({ state: 'settled', charge: 'c:h', overrun: [] })
    expect(await gate.counter('daily')).toMatchObject({ spent: usd(0.9), held: 0n, overLimit: null })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n, held: 0n })
    const charges = await all(gate.store)
    expect(charges.map(({ labels, costNanos, hold }) => [labels, costNanos, hold])).toEqual([
      [{ agent: 'builder', ticket: 'T-1', project: 'atlas' }, usd(0.6), 'h'],
      [{ agent: 'builder', ticket: 'T-2', project: 'nova' }, usd(0.3), 'h'],
    ])
    await expectSound(gate.store)
  })

  test('counts each part in the budgets of its own labels, and flags one that it takes past its bound', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'tickets', each: ['ticket'], limit: usd(0.5) })
    granted(await gate.reserve(usd(0.5), { id: 'h', labels: { agent: 'builder' } }))
    await settle(gate, 'h', clock.now, { cost: usd(0.9) })
    expect(await gate.counter('tickets', { ticket: 'T-1' })).toMatchObject({
      spent: usd(0.6),
      overLimit: { by: usd(0.1), cause: 'unheld' },
    })
    expect(await gate.counter('tickets', { ticket: 'T-2' })).toMatchObject({ spent: usd(0.3), overLimit: null })
    // What was held for calls without a ticket is free again.
    expect(await gate.counter('tickets', {})).toMatchObject({ spent: 0n, held: 0n })
    expect(await gate.events('budget.exceeded')).toMatchObject([{ budget: 'tickets', scope: { ticket: 'T-1' }, cause: 'unheld' }])
    await expectSound(gate.store)
  })

  test('leaves a hold that stays open with what is left, also where no part of the call counts', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'daily', limit: usd(5) })
    await gate.define({ name: 'tickets', each: ['ticket'], limit: usd(2) })
    granted(await gate.reserve(usd(1), { id: 'h', labels: { agent: 'builder' } }))
    await settle(gate, 'h', clock.now, { cost: usd(0.3), settling: 'partial' })
    expect(await gate.counter('daily')).toMatchObject({ spent: usd(0.3), held: usd(0.7) })
    expect(await gate.counter('tickets', {})).toMatchObject({ spent: 0n, held: usd(0.7) })
    expect(await gate.store.gate('hold', { id: 'h' as HoldId })).toMatchObject({
      left: { cost: usd(0.7) },
      spent: { cost: usd(0.3), calls: 1n },
    })
    await gate.release('h')
    expect(await gate.counter('tickets', {})).toMatchObject({ held: 0n })
    await expectSound(gate.store)
  })

  test('tells an overrun once, by what the whole was more than its hold', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ name: 'daily', limit: usd(1) })
    granted(await gate.reserve(usd(1), { id: 'h' }))
    // 0.8 and 0.4 of 1.2: 0.2 are left of the hold for the second, which is 0.2 more.
    const outcome = await settle(gate, 'h', clock.now, { cost: usd(1.2) })
    expect(outcome.overrun).toEqual([{ budget: 'daily', by: usd(0.2) }])
    expect(await gate.events('hold.overrun')).toMatchObject([{ hold: 'h', budgets: [{ budget: 'daily', by: String(usd(0.2)) }] }])
    expect(await gate.counter()).toMatchObject({ spent: usd(1.2), overLimit: { by: usd(0.2), cause: 'overrun' } })
    await expectSound(gate.store)
  })

  test('settled again is the same charge; with another split it is refused', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h' }))
    await settle(gate, 'h', clock.now, { cost: usd(0.9) })
    expect(await settle(gate, 'h', clock.now + 5, { cost: usd(0.9) })).toMatchObject({ state: 'settled', charge: 'c:h' })
    const other = [served({ ticket: 'T-1' }), served({ ticket: 'T-2' })]
    await expect(settle(gate, 'h', clock.now, { cost: usd(0.9), serves: other })).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect(await all(gate.store)).toHaveLength(2)
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), held: 0n })
  })

  test('is known where it was booked without its hold, split otherwise or not at all', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h' }))
    await gate.book(usd(0.9), { id: 'c' })
    expect(await settle(gate, 'h', clock.now, { cost: usd(0.9), id: 'c' })).toMatchObject({ state: 'settled', charge: 'c' })
    granted(await gate.reserve(usd(1), { id: 'h2' }))
    const [first, ...otherParts] = splitCall(chargeOf(usd(0.6), { at: clock.now, id: 'd' }), twoTickets)
    await gate.store.transact({ bookings: [{ draft: first, otherParts, onExisting: 'same', rank: 1 }] })
    expect(await gate.settle('h2', usd(0.6), 'final', { id: 'd' })).toMatchObject({ state: 'settled', charge: 'd' })
    expect(await gate.counter()).toMatchObject({ spent: usd(1.5), held: 0n })
    await expectSound(gate.store)
  })

  test('after its hold ran out turns what was presumed into what was spent', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h', ttlMs: 1000 }))
    clock.now += 2000
    await settle(gate, 'h', clock.now, { cost: usd(0.9) })
    expect(await gate.counter()).toMatchObject({ spent: usd(0.9), presumed: 0n })
    await expectSound(gate.store)
  })

  test('resolves its presumed hold also where it is recorded without it, with its last part', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define({ limit: usd(1) })
    granted(await gate.reserve(usd(1), { id: 'h', ttlMs: 1000 }))
    clock.now += 2000
    await gate.store.gate('lapse', {})
    const [first, ...otherParts] = splitCall(chargeOf(usd(1), { at: clock.now, id: 'c', hold: 'h' }), twoTickets)
    await gate.store.transact({ bookings: [{ draft: first, otherParts, onExisting: 'same', rank: 1 }] })
    expect(await gate.counter()).toMatchObject({ spent: usd(1), presumed: 0n, overLimit: null })
    expect(await gate.store.gate('hold', { id: 'h' as HoldId })).toMatchObject({ state: 'settled', spent: { cost: usd(1), calls: 1n } })
    await expectSound(gate.store)
  })

  test('without a price stays presumed until the price of every part has come', async () => {
    const { gate, clock } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(1), { id: 'h' }))
    await settle(gate, 'h', clock.now, { cost: null, id: 'c' })
    expect(await gate.counter()).toMatchObject({ spent: 0n, presumed: usd(1), unpricedCalls: 2 })
    await expectSound(gate.store)
  })

  test('of a budget made after it is counted with its parts', async () => {
    const { gate } = await openGate(kind)
    const at = Date.parse('2026-03-10T09:00:00Z')
    const [first, ...otherParts] = splitCall(chargeOf(usd(0.9), { at, id: 'c' }), twoTickets)
    await gate.store.transact({ bookings: [{ draft: first, otherParts, onExisting: 'same', rank: 1 }] })
    await gate.define({ name: 'calls', metric: 'calls', limit: 10n })
    await gate.define({ ...budget(), name: 'nova', where: [{ field: 'project', op: 'equals', values: ['nova'] }] })
    expect(await gate.counter('calls')).toMatchObject({ spent: 1n })
    expect(await gate.counter('nova')).toMatchObject({ spent: usd(0.3) })
    await expectSound(gate.store)
  })
})
