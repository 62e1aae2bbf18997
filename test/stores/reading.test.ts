import { describe, expect, test } from 'vitest'
import type { ChargeId } from '../../src/ledger/charge.ts'
import type { ChargePlace, ChargeSelection, Store } from '../../src/stores/store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'
import { readSums } from './read-sums.ts'

const day = (date: string): number => Date.parse(`${date}T00:00:00Z`)

async function idsOf(store: Store, selection: ChargeSelection): Promise<string[]> {
  return (await Array.fromAsync(store.charges(selection))).map(({ id }) => id)
}

describe.each(everyStore)('$name: charges are read', (kind) => {
  test('in order of booking, by import and by subject', async () => {
    const store = await createStore(kind)
    await book(
      store,
      booking({ id: 'a', at: day('2026-02-22'), labels: { run: 'r1', project: 'r1' } }),
      booking({ id: 'b', at: day('2026-02-20'), labels: { project: 'r1' } }),
    )
    await store.transact({ batch: 'imp_1', bookings: [booking({ id: 'c', at: day('2026-02-21'), labels: { run: 'r1', job: 'r1' } })] })
    await store.transact({ batch: 'imp_2', bookings: [booking({ id: 'd', at: day('2026-02-19'), labels: { job: 'r1' } })] })
    await store.transact({ batch: 'imp_1', bookings: [booking({ id: 'e', at: day('2026-02-18') })] })
    expect(await idsOf(store, {})).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await idsOf(store, { batch: 'imp_1' })).toEqual(['c', 'e'])
    expect(await idsOf(store, { batch: 'none' })).toEqual([])
    expect(await idsOf(store, { subject: { kind: 'run', value: 'r1' } })).toEqual(['a', 'c'])
    expect(await idsOf(store, { subject: { kind: 'job', value: 'r1' } })).toEqual(['c', 'd'])
    expect(await idsOf(store, { subject: { kind: 'run', value: 'R1' } })).toEqual([])
    expect(await idsOf(store, { subject: { kind: 'run', value: 'r1' }, batch: 'imp_1' })).toEqual(['c'])
    // A dimension is no subject.
    expect(await idsOf(store, { subject: { kind: 'project', value: 'r1' } })).toEqual([])
  })

  test('of a period in order of their time, the later booked last among equals', async () => {
    const store = await createStore(kind)
    await book(store, booking({ id: 'a', at: day('2026-02-22') }), booking({ id: 'b', at: day('2026-02-20') }))
    await book(store, booking({ id: 'c', at: day('2026-02-21') }), booking({ id: 'd', at: day('2026-02-20') }))
    expect(await idsOf(store, { sinceMs: 0 })).toEqual(['b', 'd', 'c', 'a'])
    expect(await idsOf(store, { untilMs: day('2026-02-22') })).toEqual(['b', 'd', 'c'])
    expect(await idsOf(store, { sinceMs: day('2026-02-21'), untilMs: day('2026-02-22') })).toEqual(['c'])
    expect(await idsOf(store, { sinceMs: day('2026-02-20') + 1, untilMs: day('2026-02-22') + 1 })).toEqual(['c', 'a'])
    expect(await idsOf(store, { sinceMs: day('2026-02-21'), untilMs: day('2026-02-21') })).toEqual([])
  })

  test('of a period, a subject and an import at once', async () => {
    const store = await createStore(kind)
    const of = (id: string, date: string, run: string) => booking({ id, at: day(date), labels: { run } })
    await book(store, of('a', '2026-02-20', 'r1'), of('b', '2026-02-21', 'r1'), of('c', '2026-02-21', 'r2'))
    await store.transact({
      batch: 'imp_1',
      bookings: [of('d', '2026-02-21', 'r1'), of('e', '2026-02-22', 'r1'), of('f', '2026-02-21', 'r2')],
    })
    const inPeriod = { sinceMs: day('2026-02-21'), untilMs: day('2026-02-22'), subject: { kind: 'run', value: 'r1' } }
    expect((await idsOf(store, inPeriod)).toSorted()).toEqual(['b', 'd'])
    expect(await idsOf(store, { ...inPeriod, batch: 'imp_1' })).toEqual(['d'])
  })

  test('with their corrections, which stand at the time of their call', async () => {
    const store = await createStore(kind)
    const of = (outputTokens: number) =>
      booking({ id: 'a', at: day('2026-02-20'), usage: { outputTokens }, labels: { run: 'r1' } }, 'supersede')
    await book(store, of(1), booking({ id: 'b', at: day('2026-02-21') }), of(2))
    expect(await idsOf(store, {})).toEqual(['a', 'b', 'a~1'])
    expect(await idsOf(store, { sinceMs: 0 })).toEqual(['a', 'a~1', 'b'])
    expect(await idsOf(store, { subject: { kind: 'run', value: 'r1' } })).toEqual(['a', 'a~1'])
  })

  test('page by page, each once, without those booked meanwhile', async () => {
    const store = await createStore(kind)
    const at = day('2026-02-20')
    // Many at one instant, so that a page ends in the middle of it.
    await book(store, ...Array.from({ length: 2500 }, (_, n) => booking({ id: `c${n}`, at: at + (n % 3), labels: { run: 'r1' } })))
    for (const selection of [{}, { sinceMs: at }, { subject: { kind: 'run', value: 'r1' } }]) {
      const read: string[] = []
      for await (const { id } of store.charges(selection)) {
        if (read.length === 10) await book(store, booking({ id: `late ${JSON.stringify(selection)}`, at: at + 2, labels: { run: 'r2' } }))
        read.push(id)
      }
      const early = read.filter((id) => id.startsWith('c'))
      expect([early.length, new Set(early).size]).toEqual([2500, 2500])
      expect(read).not.toContain(`late ${JSON.stringify(selection)}`)
    }
  })

  test('backwards, and behind a place', async () => {
    const store = await createStore(kind)
    const of = (id: string, date: string, run: string) => booking({ id, at: day(date), labels: { run } })
    await book(store, of('a', '2026-02-22', 'r1'), of('b', '2026-02-20', 'r1'), of('c', '2026-02-20', 'r2'), of('d', '2026-02-21', 'r1'))
    const all = await Array.fromAsync(store.charges({}))
    const placeOf = (id: string) => {
      const { at = 0, seq = 0 } = all.find((charge) => charge.id === id) ?? {}
      return { at, seq }
    }
    const run = { subject: { kind: 'run', value: 'r1' } }
    const period = { sinceMs: day('2026-02-20'), untilMs: day('2026-02-22') }
    expect(await idsOf(store, { backwards: true })).toEqual(['d', 'c', 'b', 'a'])
    expect(await idsOf(store, { backwards: true, sinceMs: 0 })).toEqual(['a', 'd', 'c', 'b'])
    expect(await idsOf(store, { backwards: true, ...period })).toEqual(['d', 'c', 'b'])
    expect(await idsOf(store, { backwards: true, sinceMs: day('2026-02-21') })).toEqual(['a', 'd'])
    expect(await idsOf(store, { backwards: true, ...run })).toEqual(['d', 'b', 'a'])
    expect(await idsOf(store, { backwards: true, ...run, ...period })).toEqual(['d', 'b'])
    expect(await idsOf(store, { after: placeOf('b') })).toEqual(['c', 'd'])
    expect(await idsOf(store, { after: placeOf('b'), sinceMs: 0 })).toEqual(['c', 'd', 'a'])
    expect(await idsOf(store, { after: placeOf('a'), ...run })).toEqual(['b', 'd'])
    expect(await idsOf(store, { after: placeOf('c'), backwards: true })).toEqual(['b', 'a'])
    expect(await idsOf(store, { after: placeOf('d'), backwards: true, sinceMs: 0 })).toEqual(['c', 'b'])
    expect(await idsOf(store, { after: placeOf('d'), backwards: true, ...run })).toEqual(['b', 'a'])
    // A place outside the period changes nothing of what the period bounds.
    expect(await idsOf(store, { after: placeOf('a'), backwards: true, ...period })).toEqual(['d', 'c', 'b'])
    expect(await idsOf(store, { after: { at: 0, seq: 0 }, ...period })).toEqual(['b', 'c', 'd'])
    expect(await idsOf(store, { after: placeOf('a'), ...period })).toEqual([])
  })

  test('backwards page by page, and only as far as is wanted', async () => {
    const store = await createStore(kind)
    const at = day('2026-02-20')
    await book(store, ...Array.from({ length: 2500 }, (_, n) => booking({ id: `c${n}`, at: at + (n % 3), labels: { run: 'r1' } })))
    for (const selection of [{}, { sinceMs: at }, { subject: { kind: 'run', value: 'r1' } }]) {
      const forwards = await idsOf(store, selection)
      expect(await idsOf(store, { ...selection, backwards: true })).toEqual(forwards.toReversed())
      for (const backwards of [false, true]) {
        const places: ChargePlace[] = []
        const goOn = (place: ChargePlace): boolean => places.push(place) < 2
        const looked = await idsOf(store, { ...selection, backwards, goOn })
        expect([looked.length, places.length]).toEqual([2000, 2])
        const rest = await idsOf(store, { ...selection, backwards, goOn, after: places[1] ?? { at: 0, seq: 0 } })
        // Of what stands before the place nothing is looked at again, so that there is no more page to ask after.
        expect(places).toHaveLength(2)
        expect([...looked, ...rest]).toEqual(backwards ? forwards.toReversed() : forwards)
      }
    }
  })

  test('until the reader has had enough', async () => {
    const store = await createStore(kind)
    await book(store, ...Array.from({ length: 10 }, (_, n) => booking({ id: `c${n}` })))
    for await (const { id } of store.charges({})) {
      expect(id).toBe('c0')
      break
    }
    expect(await idsOf(store, {})).toHaveLength(10)
  })

  test.each(["it's", 'a"b', '100%', 'a_b', '\\', '☂ Ünïcode 😀', 'null', '{}', 'r1\u00a0'])('of the run %j alone', async (run) => {
    const store = await createStore(kind)
    await book(store, booking({ id: 'other', labels: { run: 'r1' } }), booking({ id: 'this', labels: { run, toString: run } }))
    expect(await idsOf(store, { subject: { kind: 'run', value: run } })).toEqual(['this'])
    expect((await store.charge('this' as ChargeId))?.labels).toEqual({ run, toString: run })
  })
})

describe.each(everyStore)('$name: what a ledger knows of itself', (kind) => {
  test('an empty one has no span, no subject and no sums', async () => {
    const store = await createStore(kind)
    expect(await store.span()).toBeUndefined()
    expect(await store.hasSubject('run')).toBe(false)
    expect(await idsOf(store, {})).toEqual([])
    expect(await store.charge('a' as ChargeId)).toBeUndefined()
    expect(await store.corrections('a' as ChargeId)).toEqual([])
    const none = { from: 0, to: Number.MAX_SAFE_INTEGER, byTime: true, byMeter: true }
    expect(
      await store.rollups([
        { ...none, source: { rows: 'days' } },
        { ...none, source: { rows: 'subjects', subject: 'run' } },
      ]),
    ).toEqual([[], []])
    expect((await store.subjectRows({ ...none, subject: 'run' })).rows).toEqual([])
    expect(await store.verify({ repair: false })).toEqual({
      charges: 0,
      rows: 0,
      counters: 0,
      holds: 0,
      discrepancies: [],
      repaired: false,
    })
  })

  test('the first and last instant of any charge, and which subjects there are', async () => {
    const store = await createStore(kind)
    const [first, last] = [Date.UTC(2000, 0, 1), Date.parse('2026-02-22T10:00:00.123Z')]
    await book(
      store,
      booking({ at: day('2026-02-20') }),
      booking({ at: last, labels: { run: 'r1', project: 'p' } }),
      booking({ at: first }),
    )
    expect(await store.span()).toEqual({ firstMs: first, lastMs: last })
    expect([await store.hasSubject('run'), await store.hasSubject('video'), await store.hasSubject('project')]).toEqual([
      true,
      false,
      false,
    ])
  })

  test('its zone and its subjects', async () => {
    const store = await createStore(kind, { timezone: 'Asia/Kathmandu', subjects: ['run', 'episode', 'toString'] })
    expect([store.timezone, [...store.subjects]]).toEqual(['Asia/Kathmandu', ['run', 'episode', 'toString']])
    await book(store, booking({ id: 'a', labels: { episode: 'e1', session: 's1' } }))
    expect(await idsOf(store, { subject: { kind: 'episode', value: 'e1' } })).toEqual(['a'])
    // A name that every JavaScript object answers to is no label of a charge that has none.
    expect([await store.hasSubject('session'), await store.hasSubject('toString')]).toEqual([false, false])
    expect(await readSums(store, { subject: 'toString' })).toEqual([])
    expect(store.location).not.toBe('')
  })
})
