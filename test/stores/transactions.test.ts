import { describe, expect, test } from 'vitest'
import type { Booked, Booking } from '../../src/ledger/book-charge.ts'
import type { ChargeId } from '../../src/ledger/charge.ts'
import type { DocumentWrite, Store } from '../../src/stores/store.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createLedger, createStore, everyStore } from './every-store.ts'

const idsOf = async (store: Store): Promise<string[]> => (await Array.fromAsync(store.charges({}))).map(({ id }) => id)
const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

/** Bookings that end in an error of the one who gives them. */
function* breaking(...before: readonly Booking[]): Generator<Booking> {
  yield* before
  throw new TypeError('the cat pulled the plug')
}

describe.each(everyStore)('$name: a transaction', (kind) => {
  test('that writes nothing takes no place in the order', async () => {
    const store = await createStore(kind)
    expect(await store.transact({})).toEqual([])
    expect(await book(store, booking({ id: 'a' }))).toMatchObject([{ seq: 1 }])
  })

  test('that fails in the middle leaves nothing of itself, and no gap in the order', async () => {
    const store = await createStore(kind)
    await book(store, booking({ id: 'a' }))
    const failing = store.transact({
      batch: 'imp_1',
      bookings: [booking({ id: 'b', labels: { project: 'fresh', run: 'fresh' }, model: 'fresh' }), booking({ id: 'a', speed: 'fast' })],
      documents: [{ kind: 'note', key: 'k', body: 1 }],
      events: [{ kind: 'note', body: {} }],
    })
    await expect(failing).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
    expect([await store.charge('b' as ChargeId), await store.document('note', 'k'), await store.events(0, 9)]).toEqual([
      undefined,
      undefined,
      [],
    ])
    expect([await store.hasSubject('run'), await idsOf(store)]).toEqual([false, ['a']])
    expect(await book(store, booking({ id: 'b', labels: { project: 'fresh', run: 'fresh' } }))).toEqual([
      { outcome: 'booked', id: 'b', seq: 2 },
    ])
    await expectSound(store)
  })

  test.runIf(kind.worksOutDocuments)('gives an error of the one who hands over its bookings back as it is', async () => {
    const store = await createStore(kind)
    await expect(store.transact({ bookings: breaking(booking({ id: 'a' })) })).rejects.toThrow(new TypeError('the cat pulled the plug'))
    const documents = (): DocumentWrite[] => {
      throw new RangeError('no')
    }
    await expect(store.transact({ bookings: [booking({ id: 'a' })], documents })).rejects.toThrow(new RangeError('no'))
    expect(await idsOf(store)).toEqual([])
    expect(await book(store, booking({ id: 'a' }))).toMatchObject([{ outcome: 'booked', seq: 1 }])
  })

  test.runIf(kind.worksOutDocuments)('gives documents that are worked out from what it booked', async () => {
    const store = await createStore(kind)
    const seen: [readonly Booked[], boolean][] = []
    const documents = (booked: readonly Booked[], isWhole: boolean): DocumentWrite[] => {
      seen.push([booked, isWhole])
      return [{ kind: 'count', key: 'k', body: booked.map(({ outcome }) => outcome) }]
    }
    const booked = await store.transact({ bookings: [booking({ id: 'a' }), booking({ id: 'a' })], documents })
    expect(seen.at(-1)).toEqual([booked, true])
    expect((await store.document('count', 'k'))?.body).toEqual(['booked', 'duplicate'])
  })

  test('keeps nothing that the caller changes in its objects once it is answered', async () => {
    const store = await createStore(kind)
    const metadata = { pages: [1] }
    const body = { list: [1] }
    await store.transact({
      bookings: [booking({ id: 'a', metadata })],
      documents: [{ kind: 'note', key: 'k', body }],
      events: [{ kind: 'note', body }],
    })
    metadata.pages.push(2)
    body.list.push(2)
    expect((await store.charge('a' as ChargeId))?.metadata).toEqual({ pages: [1] })
    expect((await store.document('note', 'k'))?.body).toEqual({ list: [1] })
    expect((await store.events(0, 1))[0]?.body).toEqual({ list: [1] })
  })
})

describe.each(everyStore)('$name: transactions in flight at once', (kind) => {
  test('are written in the order in which they were handed over', async () => {
    const store = await createStore(kind)
    const booked = await Promise.all(
      Array.from({ length: 300 }, (_, n) => book(store, booking({ id: `c${n}`, labels: { run: `r${n % 7}` } }))),
    )
    expect(booked.flat()).toEqual(Array.from({ length: 300 }, (_, n) => ({ outcome: 'booked', id: `c${n}`, seq: n + 1 })))
    await expectSound(store)
  })

  test('book a call once that all of them bring', async () => {
    const store = await createStore(kind)
    const booked = await Promise.all(Array.from({ length: 20 }, () => book(store, booking({ id: 'a' }), booking({ id: 'b' }))))
    expect(booked.flat().filter(({ outcome }) => outcome === 'booked')).toHaveLength(2)
    expect(await idsOf(store)).toEqual(['a', 'b'])
    await expectSound(store)
  })

  test('grow one call together, each on top of those before', async () => {
    const store = await createStore(kind)
    const of = (outputTokens: number) => booking({ id: 'call', usage: { inputTokens: 1, outputTokens } }, 'supersede')
    const booked = await Promise.all([3, 9, 5, 12].map((tokens) => book(store, of(tokens))))
    expect(booked.flat().map(({ outcome, id, seq }) => [outcome, id, seq])).toEqual([
      ['booked', 'call', 1],
      ['superseded', 'call~1', 2],
      ['duplicate', 'call', 1],
      ['superseded', 'call~2', 3],
    ])
    expect((await store.corrections('call' as ChargeId)).map(({ usage }) => usage.outputTokens)).toEqual([6, 3])
    await expectSound(store)
  })

  test('do not disturb each other where one fails', async () => {
    const store = await createStore(kind)
    const first = { id: 'call-1', labels: { project: 'atlas', run: 'r1' } }
    await book(store, booking(first))
    const beside = [
      book(store, booking({ id: 'a' })),
      book(store, booking({ id: 'new', labels: { project: 'fresh', run: 'fresh' } }), booking({ ...first, speed: 'fast' })),
      book(store, booking({ id: 'b', labels: { project: 'fresh', run: 'other' } })),
      store.transact({ bookings: breaking(booking({ id: 'c' })) }),
      store.transact({ documents: [{ kind: 'note', key: 'k', body: 1, expectedVersion: 7 }], bookings: [booking({ id: 'd' })] }),
      book(store, booking({ id: 'e', labels: { project: 'fresh', run: 'fresh' } })),
    ]
    const results = await Promise.allSettled(beside)
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect((await Array.fromAsync(store.charges({}))).map(({ seq, id, labels }) => [seq, id, labels])).toEqual([
      [1, 'call-1', { project: 'atlas', run: 'r1' }],
      [2, 'a', {}],
      [3, 'b', { project: 'fresh', run: 'other' }],
      [4, 'e', { project: 'fresh', run: 'fresh' }],
    ])
    await expectSound(store)
  })

  test('go through their bookings anew where they are written anew', async () => {
    const store = await createStore(kind)
    const three = ['a', 'b', 'c'].map((id) => booking({ id }))
    const handedOver: string[][] = []
    const bookings: Iterable<Booking> = {
      *[Symbol.iterator]() {
        const given: string[] = []
        handedOver.push(given)
        for (const each of three) {
          given.push(each.draft.id)
          yield each
        }
      },
    }
    const [whole, failed] = await Promise.allSettled([store.transact({ bookings }), store.transact({ bookings: breaking() })])
    expect(whole).toMatchObject({ status: 'fulfilled', value: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] })
    expect(failed.status).toBe('rejected')
    expect(handedOver.at(-1)).toEqual(['a', 'b', 'c'])
    expect(await idsOf(store)).toEqual(['a', 'b', 'c'])
  })

  test('are all written before the store is closed', async () => {
    const { store, again } = await createLedger(kind)
    const writing = Promise.all(['a', 'b', 'c'].map((id) => book(store, booking({ id }))))
    await store.close()
    expect(await idsOf((await again?.()) ?? store)).toEqual(['a', 'b', 'c'])
    expect((await writing).flat()).toHaveLength(3)
  })
})

describe.each(everyStore)('$name: bulk work', (kind) => {
  test.runIf(kind.worksOutDocuments)('takes no more than its turn, and says what is left', async () => {
    const store = await createStore(kind)
    const three = ['a', 'b', 'c'].map((each) => booking({ id: each }))
    const whole: boolean[] = []
    const documents = (_booked: readonly Booked[], isWhole: boolean): DocumentWrite[] => {
      whole.push(isWhole)
      return isWhole ? [{ kind: 'note', key: 'done', body: true }] : []
    }
    expect(await store.transact({ bookings: three, documents, maxMs: 0 })).toMatchObject([{ id: 'a', outcome: 'booked' }])
    expect(await store.document('note', 'done')).toBeUndefined()
    expect(await store.transact({ bookings: three.slice(1), documents, maxMs: 10_000 })).toHaveLength(2)
    expect(await store.document('note', 'done')).toMatchObject({ body: true })
    expect(whole).toEqual([false, true])
  })

  test('takes nothing from the bookings that it does not book', async () => {
    const store = await createStore(kind)
    let taken = 0
    const slow: Iterable<Booking> = {
      *[Symbol.iterator]() {
        taken = 0
        for (let n = 0; n < 100; n += 1) {
          const until = performance.now() + 2
          while (performance.now() < until);
          taken += 1
          yield booking({ id: `c${n}` })
        }
      },
    }
    const booked = await store.transact({ bookings: slow, maxMs: 5 })
    expect(booked.length).toBe(taken)
    expect(booked.length).toBeLessThanOrEqual(4)
    expect(await idsOf(store)).toEqual(booked.map(({ id }) => id))
  })
})
