import { describe, expect, test } from 'vitest'
import type { HoldId } from '../../src/budgets/hold.ts'
import { everyStore } from './every-store.ts'
import { asked, budget, denied, granted, openGate, usd } from './gate-ledger.ts'

// The plain store in memory goes through all holds each time, which takes too long with so many.
const stores = everyStore.filter(({ name }) => name !== 'memory')

describe.each(stores)('a budget that is made while very many holds are open, on $name', (kind) => {
  test('counts them in turns, is unavailable until then, and misses none that ends meanwhile', { timeout: 60_000 }, async () => {
    const { gate, store, clock } = await openGate(kind)
    const ids = Array.from({ length: 2500 }, (_, n) => `m${n}` as HoldId)
    const one = asked({ worst: { cost: usd(0.001) } })
    await Promise.all(ids.map((id) => store.gate('reserve', { id, asked: one })))
    // One of them ran out.
    granted(await gate.reserve(usd(0.001), { id: 'short', ttlMs: 10 }))
    clock.now += 20

    const { record } = await store.gate('define', { budget: budget({ limit: usd(3) }), author: 'test' })
    expect(record.seeding).toMatchObject({ holds: { after: 0, upTo: 2501 } })
    expect(denied(await gate.reserve(usd(0.1), { id: 'early' }))).toMatchObject({ kind: 'unavailable' })
    const first = await store.gate('seed', { name: 'daily' })
    expect(first.seeding).toMatchObject({ holds: { after: 1000, upTo: 2501 } })
    // Of those that are counted and of those that are not, one is settled and one given back.
    await gate.settle('m0', usd(0.0005))
    await gate.settle('m2400', usd(0.0005))
    await gate.release('m1')
    await gate.release('m2401')
    let { seeding } = first
    while (seeding !== null) seeding = (await store.gate('seed', { name: 'daily' })).seeding

    // 2,500 and the one that ran out; four have ended, of which two cost half of what was held.
    expect(await gate.counter()).toMatchObject({ spent: usd(0.001), held: usd(2.496), presumed: usd(0.001) })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
    // $3 less $2.498 leave room for $0.502, to the last nano-dollar.
    expect(denied(await gate.reserve(usd(0.502) + 1n, { id: 'over' }))).toMatchObject({ kind: 'contended', room: usd(0.502) })
    granted(await gate.reserve(usd(0.502), { id: 'fits' }))
    await Promise.all(ids.slice(10, 20).map((id) => gate.release(id)))
    expect(await gate.counter()).toMatchObject({ held: usd(2.496) + usd(0.502) - usd(0.01) })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })
})
