import { describe, expect, test } from 'vitest'
import { book, booking, openBehind, openTemporaryStore } from '../../../test/ledger/temporary-ledger.ts'
import { answerCosts } from '../../reports/answer-costs.ts'
import type { Store } from '../store.ts'

const all = { groupBy: ['project'], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

async function ledger(): Promise<Store> {
  const store = openTemporaryStore()
  await book(
    store,
    booking({ id: 'a', labels: { project: 'atlas', run: 'r1' } }, 'supersede'),
    booking({ id: 'b', labels: { project: 'azure' }, model: 'half-known', usage: { inputTokens: 1, outputTokens: 1 } }),
    booking({ id: 'a', labels: { project: 'atlas', run: 'r1' }, usage: { inputTokens: 150 } }, 'supersede'),
  )
  return store
}

describe('verify', () => {
  test('finds nothing in a sound ledger, and says what it looked at', async () => {
    const store = await ledger()
    const counted: number[] = []
    const report = await store.verify({ repair: false, onProgress: (charges) => counted.push(charges) })
    // Two series in slots and in days, and one run.
    expect(report).toEqual({ charges: 3, rows: 5, counters: 0, holds: 0, discrepancies: [], repaired: false })
    expect(counted).toEqual([3])
    expect(await store.verify({ repair: true })).toMatchObject({ repaired: false })
  })

  test.each([
    ['a changed sum by the day', 'days', 'UPDATE days SET cost = cost + 1 WHERE series = 1'],
    ['a changed sum by the quarter of an hour', 'slots', 'UPDATE slots SET calls = 9'],
    ['a changed sum of a run', 'subject_days', 'UPDATE subject_days SET input_tokens = 0'],
    ['a changed sum by meter', 'days', "UPDATE days SET meters = x'000a0a'"],
    ['a missing row', 'slots', 'DELETE FROM slots WHERE series = 1'],
    [
      'a row too many',
      'days',
      'INSERT INTO days SELECT day + 1, series, sku, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, meters FROM days WHERE series = 1',
    ],
    ['a missing id', 'ids', 'DELETE FROM ids WHERE seq = 2'],
    ['a charge that is not found by its run', 'charge_subjects', 'DELETE FROM charge_subjects WHERE seq = 1'],
  ])('finds %s, changes nothing by itself, and repairs it when asked', async (_, table, tampering) => {
    const store = await ledger()
    const sound = await answerCosts(store, all)
    openBehind(store.location).exec(tampering)
    const report = await store.verify({ repair: false })
    expect(report.repaired).toBe(false)
    expect(new Set(report.discrepancies.map((each) => each.table))).toEqual(new Set([table]))
    expect((await store.verify({ repair: false })).discrepancies).toEqual(report.discrepancies)
    expect(await store.verify({ repair: true })).toMatchObject({ repaired: true, discrepancies: report.discrepancies })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
    expect(await answerCosts(store, all)).toEqual(sound)
    // What was repaired is known again: the same call is not booked twice.
    expect(
      await book(
        store,
        booking({ id: 'b', labels: { project: 'azure' }, model: 'half-known', usage: { inputTokens: 1, outputTokens: 1 } }),
      ),
    ).toMatchObject([{ outcome: 'duplicate', seq: 2 }])
  })

  test('says what stands there and what should', async () => {
    const store = await ledger()
    openBehind(store.location).exec('DELETE FROM subject_days')
    const { discrepancies } = await store.verify({ repair: false })
    // 150 tokens at 2 nanos, one call.
    expect(discrepancies).toEqual([
      {
        table: 'subject_days',
        key: expect.stringMatching(/^subject 1, day \d+, series 1, sku 1$/) as string,
        stored: 'no row',
        expected: expect.stringMatching(/^1 300 0 0 0 0 150 0 0 0 /) as string,
        of: {
          labels: { project: 'atlas' },
          sku: expect.objectContaining({ serviceTier: 'standard', basis: 'metered', outcome: 'ok' }) as object,
          subject: { kind: 'run', value: 'r1' },
        },
      },
    ])
  })

  test('lets others write meanwhile', async () => {
    const store = openTemporaryStore()
    await book(store, ...Array.from({ length: 6000 }, (_, n) => booking({ id: `c${n}` })))
    const verifying = store.verify({ repair: false })
    await book(store, booking({ id: 'meanwhile' }))
    expect((await verifying).discrepancies).toEqual([])
    expect((await store.verify({ repair: true })).charges).toBe(6001)
  })

  test('does not claim to have looked where there is no file to look into', async () => {
    const store = openTemporaryStore('UTC', ':memory:')
    await book(store, booking({ id: 'a' }))
    await expect(store.verify({ repair: false })).rejects.toMatchObject({
      code: 'PURSER_LEDGER_UNAVAILABLE',
      message: expect.stringContaining('memory') as string,
    })
  })
})
