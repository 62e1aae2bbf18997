import { describe, expect, test } from 'vitest'
import type { HoldId } from '../../src/budgets/hold.ts'
import { everyStore } from './every-store.ts'
import { denied, granted, openGate, usd } from './gate-ledger.ts'

const run = { run: '42' }

describe.each(everyStore)('a hold that is raised, on $name', (kind) => {
  test('sets what is added aside, and its parts may use it', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap', labels: run }))
    expect(denied(await gate.split('cap', usd(3), { labels: run }))).toMatchObject({ budget: 'cap', limit: usd(2) })
    granted(await store.gate('raise', { id: 'cap' as HoldId, to: { cost: usd(4) } }))
    expect(await gate.counter()).toMatchObject({ spent: 0n, held: usd(4) })
    const part = granted(await gate.split('cap', usd(3), { labels: run }))
    await gate.settle(part.id, usd(1))
    // $4 less the $1 that is spent; $3 of it is held.
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: usd(3) })
    expect(denied(await gate.split('cap', usd(3) + 1n, { labels: run }))).toMatchObject({ budget: 'cap', limit: usd(4), spent: 0n })
    await gate.release('cap')
    expect(await gate.counter()).toMatchObject({ spent: usd(1), held: 0n, presumed: 0n })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is refused where a budget has no room for what is added, and stays as it was', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap' }))
    granted(await gate.reserve(usd(2), { id: 'other' }))
    // $5 less twice $2 leaves $1: raising $2 to $3 fits exactly, a nano more does not.
    expect(denied(await store.gate('raise', { id: 'cap' as HoldId, to: { cost: usd(3) + 1n } }))).toMatchObject({
      budget: 'daily',
      kind: 'contended',
      asked: usd(1) + 1n,
      room: usd(1),
    })
    expect((await gate.counter()).held).toBe(usd(4))
    granted(await store.gate('raise', { id: 'cap' as HoldId, to: { cost: usd(3) } }))
    expect((await gate.counter()).held).toBe(usd(5))
  })

  test('told twice, or to less than it has, is as before', async () => {
    const { gate, store, again } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap' }))
    for (const cost of [usd(3), usd(3), usd(1)]) granted(await store.gate('raise', { id: 'cap' as HoldId, to: { cost } }))
    expect((await gate.counter()).held).toBe(usd(3))
    if (again === undefined) return
    const reopened = await again()
    expect(await reopened.gate('hold', { id: 'cap' as HoldId })).toMatchObject({ asked: { cost: usd(3) }, left: { cost: usd(3) } })
  })

  test('one that has ended cannot be raised', async () => {
    const { gate, store } = await openGate(kind)
    await gate.define()
    granted(await gate.reserve(usd(2), { id: 'cap' }))
    await gate.release('cap')
    await expect(store.gate('raise', { id: 'cap' as HoldId, to: { cost: usd(3) } })).rejects.toMatchObject({ code: 'PURSER_HOLD_ENDED' })
  })

  test('a hold for none of a metric leaves its parts to the budgets in that metric', async () => {
    const { gate } = await openGate(kind)
    await gate.define()
    await gate.define({ name: 'tokens', metric: 'tokens', limit: 100n })
    granted(await gate.reserve(usd(2), { id: 'cap', labels: run, worst: { tokens: 0n } }))
    const part = granted(await gate.split('cap', usd(1), { labels: run, worst: { tokens: 60n } }))
    expect((await gate.counter('tokens')).held).toBe(60n)
    expect(denied(await gate.split('cap', usd(1), { labels: run, worst: { tokens: 41n } }))).toMatchObject({ budget: 'tokens', room: 40n })
    await gate.settle(part.id, usd(1), 'final', { usage: { inputTokens: 50 } })
    expect(await gate.counter('tokens')).toMatchObject({ spent: 50n, held: 0n })
    granted(await gate.split('cap', usd(1), { labels: run, worst: { tokens: 50n } }))
  })
})
