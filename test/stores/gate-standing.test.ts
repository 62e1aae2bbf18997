import { describe, expect, test } from 'vitest'
import type { HoldId } from '../../src/budgets/hold.ts'
import { everyStore } from './every-store.ts'
import { denied, granted, openGate, usd } from './gate-ledger.ts'

describe.each(everyStore)('where the budgets stand that apply to a call, on $name', (kind) => {
  test('is told of those alone, with what ran out as presumed, also once nothing is left', async () => {
    const { gate, store, clock } = await openGate(kind)
    await gate.define({ limit: usd(10) })
    await gate.define({ name: 'each', limit: usd(5), each: ['project'] })
    await gate.define({ name: 'atlas', limit: usd(1), where: [{ field: 'project', op: 'equals', values: ['atlas'] }] })
    await gate.book(usd(4), { labels: { project: 'film' } })
    granted(await gate.reserve(usd(1), { id: 'lost', labels: { project: 'film' }, ttlMs: 10 }))
    clock.now += 20
    const standing = await store.gate('standing', { labels: { project: 'film', stage: 'extract' } })
    expect(standing.map(({ budget, scope, spent, held, presumed, limit }) => [budget, scope, spent, held, presumed, limit])).toEqual([
      ['daily', {}, usd(4), 0n, usd(1), usd(10)],
      ['each', { project: 'film' }, usd(4), 0n, usd(1), usd(5)],
    ])
    denied(await gate.reserve(usd(1), { labels: { project: 'film' } }))
    expect(await store.gate('standing', { labels: { project: 'atlas' } })).toMatchObject([
      { budget: 'daily', spent: usd(4) },
      { budget: 'each', scope: { project: 'atlas' }, spent: 0n },
      { budget: 'atlas', spent: 0n },
    ])
    // Asking has made no counter and changed no hold that was not due.
    expect(await store.gate('hold', { id: 'lost' as HoldId })).toMatchObject({ state: 'presumed' })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })
})
