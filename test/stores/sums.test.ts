import { describe, expect, test } from 'vitest'
import type { ChargeId, ChargeInput } from '../../src/ledger/charge.ts'
import { zeroMeasures } from '../../src/ledger/measures.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import type { Store } from '../../src/stores/store.ts'
import { PurserError } from '../../src/errors.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'
import { readSubjectRows, readSums } from './read-sums.ts'

const instant = (text: string): number => Date.parse(text)
/** Days from 1970 to a date. */
const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000
const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

/** Input costs 2 nanos a token, output 10. */
const of = (id: string, at: string, more: Partial<ChargeInput> = {}) => booking({ id, at: instant(at), ...more }, 'supersede')

describe.each(everyStore)('$name: sums', (kind) => {
  /** Two projects, two runs, two days; one call that grew, one without a price, one that failed. */
  async function ledger(): Promise<Store> {
    const store = await createStore(kind)
    await book(
      store,
      of('a', '2026-02-20T10:00:00Z', { usage: { inputTokens: 5, outputTokens: 1 }, labels: { project: 'atlas', run: 'r1' } }),
      of('b', '2026-02-20T10:14:59.999Z', { usage: { inputTokens: 7, cacheReadTokens: 100 }, labels: { project: 'atlas', run: 'r2' } }),
      of('c', '2026-02-20T10:15:00Z', { usage: { inputTokens: 1 }, labels: { project: 'azure', run: 'r1' }, outcome: 'error' }),
      of('d', '2026-02-21T23:59:59.999Z', { usage: { audioSeconds: 1.5 }, labels: { run: 'r1' }, estimated: true }),
      of('e', '2026-02-21T00:00:00Z', { model: 'mystery', usage: { inputTokens: 9 } }),
    )
    await book(store, of('a', '2026-02-21T12:00:00Z', { usage: { inputTokens: 5, outputTokens: 4 }, labels: {} }))
    return store
  }

  const sku = { provider: 'acme', model: 'big', serviceTier: 'standard', speed: 'standard', region: null, basis: 'metered', outcome: 'ok' }
  const zero = zeroMeasures()
  // a and its correction: 5 × 2 + 4 × 10; b: 7 × 2 + 100 × 1.
  const atlas = { ...zero, calls: 2, costNanos: 164n, inputTokens: 12, cacheReadTokens: 100, outputTokens: 4 }
  const azure = { ...zero, calls: 1, costNanos: 2n, inputTokens: 1 }
  const sound = { ...zero, calls: 1, costNanos: 9000n, estimatedCalls: 1, estimatedNanos: 9000n }
  const mystery = { ...zero, calls: 1, unpricedCalls: 1, inputTokens: 9 }
  const meters = {
    atlas: { inputTokens: [12, 24n], cacheReadTokens: [100, 100n], outputTokens: [4, 40n] },
    azure: { inputTokens: [1, 2n] },
    sound: { audioSeconds: [1_500_000, 9000n] },
    mystery: { inputTokens: [9, 0n] },
  }

  test('of each day, series and sku', async () => {
    const store = await ledger()
    const [friday, saturday] = [dayOf('2026-02-20'), dayOf('2026-02-21')]
    const rows = [
      { time: friday, labels: { project: 'atlas' }, sku, subject: null, measures: atlas, meters: meters.atlas },
      {
        time: friday,
        labels: { project: 'azure' },
        sku: { ...sku, outcome: 'error' },
        subject: null,
        measures: azure,
        meters: meters.azure,
      },
      { time: saturday, labels: {}, sku, subject: null, measures: sound, meters: meters.sound },
      { time: saturday, labels: {}, sku: { ...sku, model: 'mystery' }, subject: null, measures: mystery, meters: meters.mystery },
    ]
    expect(await readSums(store, 'days')).toEqual(rows)
    expect(await readSums(store, 'days', { byMeter: false })).toEqual(rows.map((row) => ({ ...row, meters: {} })))
    expect(await readSums(store, 'days', { byTime: false })).toEqual(rows.map((row) => ({ ...row, time: 0 })).toSorted(byLabels))
    expect(await readSums(store, 'days', { from: saturday, to: saturday + 1 })).toEqual(rows.slice(2))
    expect(await readSums(store, 'days', { to: saturday, byTime: false, byMeter: false })).toMatchObject([
      { time: 0, measures: atlas },
      { time: 0, measures: azure },
    ])
    expect(await readSums(store, 'days', { from: saturday + 1 })).toEqual([])
  })

  const byLabels = (a: { labels: object }, b: { labels: object }): number => {
    const [left, right] = [a, b].map(({ labels }) => JSON.stringify([0, Object.entries(labels)])) as [string, string]
    return left < right ? -1 : Number(left > right)
  }

  test('of each quarter of an hour', async () => {
    const store = await ledger()
    const quarter = (at: string): number => instant(at) / 900_000
    expect(
      (await readSums(store, 'slots')).map(({ time, labels, measures }) => [time, labels, measures.calls, measures.costNanos]),
    ).toEqual([
      [quarter('2026-02-20T10:00Z'), { project: 'atlas' }, 2, 164n],
      [quarter('2026-02-20T10:15Z'), { project: 'azure' }, 1, 2n],
      [quarter('2026-02-21T00:00Z'), {}, 1, 0n],
      [quarter('2026-02-21T23:45Z'), {}, 1, 9000n],
    ])
    const inOne = { from: quarter('2026-02-20T10:15Z'), to: quarter('2026-02-20T10:30Z') }
    expect(await readSums(store, 'slots', inOne)).toMatchObject([{ measures: azure, meters: meters.azure }])
  })

  test('of each value of a subject', async () => {
    const store = await ledger()
    const [friday, saturday] = [dayOf('2026-02-20'), dayOf('2026-02-21')]
    const told = (await readSums(store, { subject: 'run' })).map(({ time, subject, labels, measures }) => [
      time,
      subject,
      labels,
      measures.calls,
      measures.costNanos,
    ])
    expect(told).toEqual([
      [friday, 'r1', { project: 'atlas' }, 1, 50n],
      [friday, 'r2', { project: 'atlas' }, 1, 114n],
      [friday, 'r1', { project: 'azure' }, 1, 2n],
      [saturday, 'r1', {}, 1, 9000n],
    ])
    expect(await readSums(store, { subject: 'run' }, { from: saturday, byTime: false })).toMatchObject([
      { time: 0, subject: 'r1', measures: sound, meters: meters.sound },
    ])
    expect(await readSums(store, { subject: 'job' })).toEqual([])
    expect(await readSums(store, { subject: 'project' })).toEqual([])
  })

  test('tell which values of a subject stand where', async () => {
    const store = await ledger()
    const [friday, saturday] = [dayOf('2026-02-20'), dayOf('2026-02-21')]
    const place = (time: number, labels: object, outcome = 'ok'): string =>
      JSON.stringify([time, Object.entries(labels), Object.values({ ...sku, outcome })])
    const byDay = [
      [place(friday, { project: 'atlas' }), place(friday, { project: 'azure' }, 'error'), place(saturday, {})],
      [place(friday, { project: 'atlas' })],
    ]
    const lines = (places: string[][]): string[] => places.map((each) => each.toSorted().join('\n')).toSorted()
    expect(await readSubjectRows(store, 'run', true)).toEqual(lines(byDay))
    const ever = [[place(0, { project: 'atlas' }), place(0, { project: 'azure' }, 'error'), place(0, {})], [place(0, { project: 'atlas' })]]
    expect(await readSubjectRows(store, 'run', false)).toEqual(lines(ever))
    expect(await readSubjectRows(store, 'run', true, { from: saturday, to: saturday + 1 })).toEqual([place(saturday, {})])
    expect(await readSubjectRows(store, 'run', true, { from: saturday + 1, to: saturday + 9 })).toEqual([])
    expect(await readSubjectRows(store, 'ticket', true)).toEqual([])
  })

  test('answer several questions as of one moment', async () => {
    const store = await ledger()
    const asked = { from: 0, to: Number.MAX_SAFE_INTEGER, byTime: false, byMeter: false }
    const writing = Array.from({ length: 40 }, (_, n) => book(store, booking({ id: `w${n}`, labels: { run: 'r1' } })))
    for (let n = 0; n < 20; n += 1) {
      const [days = [], slots = []] = await store.rollups([
        { ...asked, source: { rows: 'days' } },
        { ...asked, source: { rows: 'slots' } },
      ])
      const calls = (rows: typeof days): number => rows.reduce((sum, { measures }) => sum + measures.calls, 0)
      expect(calls(days)).toBe(calls(slots))
    }
    await Promise.all(writing)
  })

  test('are found sound, with the number of charges and of rows', async () => {
    const store = await ledger()
    const counted: number[] = []
    // Six charges; four rows of quarters, four of days, four of runs.
    expect(await store.verify({ repair: false, onProgress: (charges) => counted.push(charges) })).toEqual({
      charges: 6,
      rows: 12,
      counters: 0,
      holds: 0,
      discrepancies: [],
      repaired: false,
    })
    expect(counted.at(-1)).toBe(6)
    expect(await store.verify({ repair: true })).toMatchObject({ repaired: false })
  })

  test('are verified while others write', async () => {
    const store = await createStore(kind)
    await book(store, ...Array.from({ length: 2000 }, (_, n) => booking({ id: `c${n}` })))
    const verifying = store.verify({ repair: false })
    await book(store, booking({ id: 'meanwhile' }))
    expect((await verifying).discrepancies).toEqual([])
    expect((await store.verify({ repair: false })).charges).toBe(2001)
  })
})

describe.each(everyStore)('$name: a day of the ledger', (kind) => {
  // The last instant of one local day, and the first of the next.
  test.each([
    ['UTC', '2026-02-20T23:59:59.999Z', '2026-02-21T00:00:00Z', '2026-02-20', '2026-02-21'],
    ['Europe/Paris', '2026-03-28T22:59:59.999Z', '2026-03-28T23:00:00Z', '2026-03-28', '2026-03-29'],
    ['Europe/Paris', '2026-03-29T21:59:59.999Z', '2026-03-29T22:00:00Z', '2026-03-29', '2026-03-30'],
    ['Europe/Paris', '2026-10-24T21:59:59.999Z', '2026-10-24T22:00:00Z', '2026-10-24', '2026-10-25'],
    ['Europe/Paris', '2026-10-25T22:59:59.999Z', '2026-10-25T23:00:00Z', '2026-10-25', '2026-10-26'],
    ['America/New_York', '2026-11-02T04:59:59.999Z', '2026-11-02T05:00:00Z', '2026-11-01', '2026-11-02'],
    ['Asia/Kathmandu', '2026-02-20T18:14:59.999Z', '2026-02-20T18:15:00Z', '2026-02-20', '2026-02-21'],
    // Clocks went from Saturday 24:00 to Sunday 01:00: the day has no midnight.
    ['America/Santiago', '2024-09-08T03:59:59.999Z', '2024-09-08T04:00:00Z', '2024-09-07', '2024-09-08'],
    // An island that skipped Friday, 30 December 2011.
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-30T10:00:00Z', '2011-12-29', '2011-12-31'],
    ['Pacific/Kiritimati', '2025-12-31T09:59:59.999Z', '2025-12-31T10:00:00Z', '2025-12-31', '2026-01-01'],
  ])('of %s ends at %s', async (timezone, last, next, date, nextDate) => {
    const store = await createStore(kind, { timezone })
    await book(store, of('last', last, { labels: { run: 'r1' } }), of('next', next, { labels: { run: 'r1' } }))
    const days = [dayOf(date), dayOf(nextDate)]
    expect((await readSums(store, 'days')).map(({ time, measures }) => [time, measures.calls])).toEqual(days.map((day) => [day, 1]))
    expect((await readSums(store, { subject: 'run' })).map(({ time }) => time)).toEqual(days)
    expect(await readSubjectRows(store, 'run', true, { from: days[0] ?? 0, to: days[1] ?? 0 })).toHaveLength(1)
    await expectSound(store)
  })

  test('in which an hour comes twice holds 25 of them, and all quarters of both', async () => {
    const store = await createStore(kind, { timezone: 'Europe/Paris' })
    const begins = instant('2026-10-24T22:00:00Z')
    await book(store, ...Array.from({ length: 25 * 4 + 1 }, (_, n) => booking({ id: `c${n}`, at: begins + n * 900_000 })))
    expect((await readSums(store, 'days')).map(({ time, measures }) => [time, measures.calls])).toEqual([
      [dayOf('2026-10-25'), 100],
      [dayOf('2026-10-26'), 1],
    ])
    expect(await readSums(store, 'slots')).toHaveLength(101)
  })
})

describe.each(everyStore)('$name: amounts', (kind) => {
  const stated = (id: string, nanos: bigint, more: Partial<ChargeInput> = {}) =>
    booking(
      { id, provider: 'x', model: 'y', usage: { requests: 1 }, statedNanos: nanos as Nanos, labels: { run: 'r' }, ...more },
      'supersede',
    )
  const exact = 2n ** 53n + 1n

  test('beyond what a double holds come back to the nano, also in sums', async () => {
    const store = await createStore(kind)
    const most = 10n ** 16n
    await book(store, stated('a', exact), stated('b', exact), stated('c', most - 1n), stated('d', 2n ** 53n - 1n))
    expect((await store.charge('a' as ChargeId))?.costNanos).toBe(9_007_199_254_740_993n)
    expect((await store.charge('d' as ChargeId))?.statedNanos).toBe(9_007_199_254_740_991n)
    // 2 × 9007199254740993 + 9999999999999999 + 9007199254740991
    for (const rows of ['days', 'slots', { subject: 'run' }] as const) {
      expect(await readSums(store, rows)).toMatchObject([{ measures: { calls: 4, costNanos: 37_021_597_764_222_976n } }])
      expect(await readSums(store, rows, { byMeter: false, byTime: false })).toMatchObject([
        { measures: { costNanos: 37_021_597_764_222_976n } },
      ])
    }
    await expectSound(store)
  })

  test('of corrections are as exact, and negative where they take away', async () => {
    const store = await createStore(kind)
    await book(store, stated('a', exact, { usage: { requests: 1 } }), stated('a', 2n, { usage: { requests: 2 } }))
    const [correction] = await store.corrections('a' as ChargeId)
    expect(correction).toMatchObject({ costNanos: -9_007_199_254_740_991n, usage: { requests: 1 } })
    expect(await readSums(store, 'days')).toMatchObject([{ measures: { calls: 1, costNanos: 2n } }])
    await expectSound(store)
  })

  test('of tokens are exact up to the most that one call may have', async () => {
    const store = await createStore(kind)
    await book(store, ...Array.from({ length: 9 }, (_, n) => booking({ id: `c${n}`, model: 'mystery', usage: { inputTokens: 1e12 - n } })))
    expect(await readSums(store, 'days')).toMatchObject([
      { measures: { inputTokens: 8_999_999_999_964 }, meters: { inputTokens: [8_999_999_999_964, 0n] } },
    ])
  })
})

describe.each(everyStore)('$name: a sum that would not fit 64 bits', (kind) => {
  const dear = (id: string) =>
    booking({ id, provider: 'x', model: 'y', usage: { requests: 1 }, statedNanos: (10n ** 16n) as Nanos, labels: { run: 'r' } })
  const many = (from: number, n: number) => Array.from({ length: n }, (_, index) => dear(`c${from + index}`))

  test('is refused whole, and the ledger goes on with what it had', async () => {
    const store = await createStore(kind)
    await book(store, ...many(0, 900))
    const beyond = store.transact({
      bookings: many(900, 100),
      documents: [{ kind: 'note', key: 'k', body: 1 }],
      events: [{ kind: 'note', body: {} }],
    })
    await expect(beyond).rejects.toMatchObject({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' })
    expect([await store.document('note', 'k'), await store.events(0, 9)]).toEqual([undefined, []])
    expect(await book(store, ...many(900, 20))).toMatchObject([{ seq: 901 }, ...Array.from({ length: 19 }, () => ({ outcome: 'booked' }))])
    expect(await Array.fromAsync(store.charges({}))).toHaveLength(920)
    // 920 × 10^16
    expect(await readSums(store, 'days')).toMatchObject([{ measures: { costNanos: 9_200_000_000_000_000_000n } }])
    await expectSound(store)
  })

  test('is refused also where one transaction brings it all', async () => {
    const store = await createStore(kind)
    await expect(book(store, ...many(0, 1000))).rejects.toMatchObject({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' })
    expect(await Array.fromAsync(store.charges({}))).toEqual([])
  })

  test('is none where it is spread over days', async () => {
    const store = await createStore(kind)
    const spread = Array.from({ length: 10 }, (_, day) =>
      Array.from({ length: 100 }, (__, n) => ({
        ...dear(`${day}-${n}`),
        draft: { ...dear(`${day}-${n}`).draft, at: Date.UTC(2026, 1, 1 + day) },
      })),
    )
    for (const bookings of spread) await book(store, ...bookings)
    expect((await readSums(store, 'days')).map(({ measures }) => measures.costNanos)).toEqual(spread.map(() => 10n ** 18n))
    await expectSound(store)
  })

  test('of tokens is far from what calls may have', async () => {
    const store = await createStore(kind)
    const vast = Array.from({ length: 9000 }, (_, n) => booking({ id: `v${n}`, model: 'mystery', usage: { inputTokens: 1e12 } }))
    await book(store, ...vast)
    await expectSound(store)
    const more = vast.map((each) => ({ ...each, draft: { ...each.draft, id: `w${each.draft.id}` as ChargeId } }))
    await expect(book(store, ...more)).rejects.toBeInstanceOf(PurserError)
    await book(store, booking({ id: 'c', labels: { project: 'other' } }))
    expect(await Array.fromAsync(store.charges({}))).toHaveLength(9001)
  })
})
