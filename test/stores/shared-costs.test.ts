import { describe, expect, test } from 'vitest'
import type { Nanos } from '../../src/money/nanos.ts'
import type { Store } from '../../src/stores/store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'

const always = { from: 0, to: Number.MAX_SAFE_INTEGER }

async function sharedBy(store: Store, kind: string, value: string, by: string): Promise<Record<string, bigint>> {
  const costs: Record<string, bigint> = {}
  for (const row of await store.sharedCosts({ kind, value, by })) costs[row.value] = (costs[row.value] ?? 0n) + row.costNanos
  return costs
}

describe.each(everyStore)('$name: two subjects at once', (kind) => {
  /** Input costs 2 nanos a token; `mystery` has no price. */
  async function ledger(): Promise<Store> {
    const store = await createStore(kind)
    await book(
      store,
      booking({ id: 'a', usage: { inputTokens: 5 }, labels: { run: 'r1', scene: 's1', project: 'film' } }, 'supersede'),
      booking({ id: 'b', usage: { inputTokens: 7 }, labels: { run: 'r1', scene: 's1', project: 'film', role: 'director' } }),
      booking({ id: 'c', usage: { inputTokens: 11 }, labels: { run: 'r1', scene: 's2', project: 'film' } }),
      booking({ id: 'd', usage: { inputTokens: 13 }, labels: { run: 'r1', project: 'film' } }),
      booking({ id: 'e', usage: { inputTokens: 17 }, labels: { run: 'r2', scene: 's1', project: 'film' } }),
      booking({ id: 'f', model: 'mystery', labels: { run: 'r1', scene: 's3' } }),
      booking({ id: 'g', usage: { inputTokens: 19 }, labels: { scene: 's2' } }),
    )
    return store
  }

  test('what each scene of a run cost: calls of other runs, and calls without a scene, are left out', async () => {
    const store = await ledger()
    // s1: (5 + 7) × 2, s2: 11 × 2; nobody knows what s3 cost.
    expect(await sharedBy(store, 'run', 'r1', 'scene')).toEqual({ s1: 24n, s2: 22n, s3: 0n })
    expect(await sharedBy(store, 'scene', 's1', 'run')).toEqual({ r1: 24n, r2: 34n })
    expect(await sharedBy(store, 'run', 'nobody', 'scene')).toEqual({})
    expect(await sharedBy(store, 'run', 'r1', 'video')).toEqual({})
  })

  test('a corrected call counts as it stands', async () => {
    const store = await ledger()
    // The first record was a part of an answer that came to 50 tokens: 2 × (50 + 7).
    await book(store, booking({ id: 'a', usage: { inputTokens: 50 }, labels: { run: 'r1', scene: 's1', project: 'film' } }, 'supersede'))
    expect(await sharedBy(store, 'run', 'r1', 'scene')).toEqual({ s1: 114n, s2: 22n, s3: 0n })
  })

  test('the sums of one value of a subject are read without those of others', async () => {
    const store = await ledger()
    const read = async (byTime: boolean, value: string) => {
      const source = { rows: 'subjects', subject: 'run', value } as const
      const [rows = []] = await store.rollups([{ source, ...always, byTime, byMeter: false }])
      return rows.map((row) => [row.subject, store.series(row.series)['role'], row.measures.calls, row.measures.costNanos])
    }
    for (const byTime of [true, false]) {
      expect(await read(byTime, 'r2')).toEqual([['r2', undefined, 1, 34n]])
      const own = await read(byTime, 'r1')
      expect(own.every(([subject]) => subject === 'r1')).toBe(true)
      // 2 × (5 + 7 + 11 + 13), and a call without a price.
      expect(own.reduce((sum, row) => sum + (row[3] as bigint), 0n)).toBe(72n)
      expect(own.filter(([, role]) => role === 'director')).toEqual([['r1', 'director', 1, 14n]])
      expect(await read(byTime, 'r3')).toEqual([])
    }
  })

  test('costs beyond what a number holds exactly keep every nano', async () => {
    const store = await createStore(kind)
    // 2^53 + 1 nanos, about nine million dollars.
    const statedNanos = 9_007_199_254_740_993n as Nanos
    await book(store, booking({ id: 'a', model: 'dear', statedNanos, usage: {}, labels: { run: 'r1', scene: 's1' } }))
    expect(await sharedBy(store, 'run', 'r1', 'scene')).toEqual({ s1: 9_007_199_254_740_993n })
    for (const byTime of [true, false]) {
      const source = { rows: 'subjects', subject: 'run', value: 'r1' } as const
      const [rows = []] = await store.rollups([{ source, ...always, byTime, byMeter: false }])
      expect(rows.map(({ measures }) => measures.costNanos)).toEqual([9_007_199_254_740_993n])
    }
  })
})
