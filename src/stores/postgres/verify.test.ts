import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking } from '../../../test/ledger/temporary-ledger.ts'
import { connect, emptySchema } from '../../../test/stores/postgres-database.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import { openPostgresStore } from './postgres-store.ts'

async function ledger() {
  const place = await emptySchema()
  const store = await openPostgresStore({ ...place, create: true, timezone: 'UTC', subjects: defaultSubjects })
  onTestFinished(() => store.close())
  await book(
    store,
    booking({ id: 'a', labels: { project: 'atlas', run: 'r1' } }, 'supersede'),
    booking({ id: 'b', labels: { project: 'azure' }, model: 'half-known', usage: { inputTokens: 1, outputTokens: 1 } }),
    booking({ id: 'a', labels: { project: 'atlas', run: 'r1' }, usage: { inputTokens: 150 } }, 'supersede'),
  )
  const behind = await connect(place.url)
  return { store, tamper: (sql: string) => behind.query(`SET search_path = ${place.schema}; ${sql}`) }
}

describe('verify on Postgres', () => {
  test.each([
    ['a changed sum by the day', 'days', 'UPDATE days SET cost = cost + 1 WHERE series = 1'],
    ['a changed sum by the quarter of an hour', 'slots', 'UPDATE slots SET calls = 9'],
    ['a changed sum of a run', 'subject_days', 'UPDATE subject_days SET input_tokens = 0'],
    ['a changed sum by meter', 'days', "UPDATE days SET meters = '\\x000a0a'"],
    ['a missing row', 'slots', 'DELETE FROM slots WHERE series = 1'],
    [
      'a row too many',
      'days',
      'INSERT INTO days SELECT day + 1, series, sku, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, meters FROM days WHERE series = 1',
    ],
    ['a missing id', 'ids', 'DELETE FROM ids WHERE seq = 2'],
    ['a charge that is not found by its run', 'charge_subjects', 'DELETE FROM charge_subjects WHERE seq = 1'],
  ])('finds %s, changes nothing by itself, and repairs it when asked', async (_, table, tampering) => {
    const { store, tamper } = await ledger()
    await tamper(tampering)
    const report = await store.verify({ repair: false })
    expect(report.repaired).toBe(false)
    expect(new Set(report.discrepancies.map((each) => each.table))).toEqual(new Set([table]))
    expect((await store.verify({ repair: false })).discrepancies).toEqual(report.discrepancies)
    expect(await store.verify({ repair: true })).toMatchObject({ repaired: true, discrepancies: report.discrepancies })
    expect(await store.verify({ repair: false })).toEqual({
      charges: 3,
      rows: 5,
      counters: 0,
      holds: 0,
      discrepancies: [],
      repaired: false,
    })
    // What was repaired is known again: the same call is not booked twice.
    const again = booking({ id: 'b', labels: { project: 'azure' }, model: 'half-known', usage: { inputTokens: 1, outputTokens: 1 } })
    expect(await book(store, again)).toMatchObject([{ outcome: 'duplicate', seq: 2 }])
  })

  test('says what stands there and what should', async () => {
    const { store, tamper } = await ledger()
    await tamper('DELETE FROM subject_days')
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
})
