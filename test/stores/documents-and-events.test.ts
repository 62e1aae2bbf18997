import { describe, expect, test } from 'vitest'
import type { ChargeId } from '../../src/ledger/charge.ts'
import { book, booking } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'

describe.each(everyStore)('$name: documents', (kind) => {
  test('writers that look again and retry at once all get through', async () => {
    const store = await createStore(kind)
    let tries = 0
    const count = async (): Promise<void> => {
      for (;;) {
        tries += 1
        const known = await store.document('note', 'sum')
        const body = ((known?.body as number | undefined) ?? 0) + 1
        const write = { kind: 'note', key: 'sum', body, expectedVersion: known?.version ?? 0 }
        try {
          await store.transact({ documents: [write] })
          return
        } catch (error) {
          expect(error).toMatchObject({ code: 'PURSER_CONFLICT' })
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, async () => Array.fromAsync({ length: 5 }, count)))
    expect((await store.document('note', 'sum'))?.body).toBe(20)
    // Of four that want it at once one gets it: at most four tries for each.
    expect(tries).toBeLessThanOrEqual(80)
  })

  test('count their versions, and are changed only from the version that the writer saw', async () => {
    const store = await createStore(kind)
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: { n: 1 }, expectedVersion: 0 }] })
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: { n: 2 } }] })
    expect(await store.document('note', 'k')).toEqual({ kind: 'note', key: 'k', version: 2, body: { n: 2 } })
    const stale = store.transact({
      documents: [{ kind: 'note', key: 'k', body: { n: 3 }, expectedVersion: 1 }],
      bookings: [booking({ id: 'x' })],
    })
    await expect(stale).rejects.toMatchObject({
      code: 'PURSER_CONFLICT',
      message: 'note "k" is at version 2, not 1: someone changed it. Read it again.',
    })
    expect(await store.charge('x' as ChargeId)).toBeUndefined()
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: null }] })
    expect(await store.document('note', 'k')).toBeUndefined()
    expect(await store.documents('note')).toEqual([])
  })

  test('are deleted only from the version that the writer saw, and begin anew afterwards', async () => {
    const store = await createStore(kind)
    const write = (body: unknown, expectedVersion?: number) =>
      store.transact({ documents: [{ kind: 'note', key: 'k', body, ...(expectedVersion !== undefined && { expectedVersion }) }] })
    await expect(write(1, 1)).rejects.toMatchObject({ message: expect.stringContaining('is at version 0, not 1') as string })
    await write(null)
    await write('first')
    await write('second')
    await expect(write(null, 1)).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
    await expect(write('third', 0)).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
    await write(null, 2)
    await write('again', 0)
    expect(await store.document('note', 'k')).toMatchObject({ version: 1, body: 'again' })
  })

  test('of one transaction are written in their order', async () => {
    const store = await createStore(kind)
    await store.transact({
      documents: [
        { kind: 'note', key: 'k', body: 'a', expectedVersion: 0 },
        { kind: 'note', key: 'k', body: 'b', expectedVersion: 1 },
        { kind: 'note', key: 'gone', body: 'c' },
        { kind: 'note', key: 'gone', body: null },
      ],
    })
    expect(await store.documents('note')).toEqual([{ kind: 'note', key: 'k', version: 2, body: 'b' }])
  })

  test('are written all together, however many there are', async () => {
    const store = await createStore(kind)
    const documents = Array.from({ length: 200 }, (_, index) => ({ kind: 'setting', key: `k${index}`, body: index, expectedVersion: 0 }))
    await store.transact({ documents })
    expect(await store.documents('setting')).toHaveLength(200)
    await expect(store.transact({ documents: [...documents].toReversed() })).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })

  test('that many change at once are changed by one of them', async () => {
    const store = await createStore(kind)
    const writes = Array.from({ length: 10 }, (_, n) =>
      store.transact({ documents: [{ kind: 'lease', key: 'deliver', body: { owner: n }, expectedVersion: 0 }] }),
    )
    const results = await Promise.allSettled(writes)
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', ...Array.from({ length: 9 }, () => 'rejected')])
    expect(await store.document('lease', 'deliver')).toEqual({ kind: 'lease', key: 'deliver', version: 1, body: { owner: 0 } })
  })

  test('are listed by kind, in the order of their keys as bytes', async () => {
    const store = await createStore(kind)
    const keys = ['b', 'a', 'Z', '10', '9', 'é', 'a b', 'ab', '😀', '\uff5e', '']
    await store.transact({ documents: keys.map((key) => ({ kind: 'note', key, body: key })) })
    await store.transact({ documents: [{ kind: 'other', key: 'a', body: 1 }] })
    expect((await store.documents('note')).map(({ key }) => key)).toEqual(['', '10', '9', 'Z', 'a', 'a b', 'ab', 'b', 'é', '\uff5e', '😀'])
    expect(await store.documents('other')).toHaveLength(1)
    expect(await store.documents('none')).toEqual([])
  })

  test.each([
    ['text', 'plain "quoted" \\ \n 😀 \u2028'],
    ['a zero character', { text: 'a\u0000b', 'key\u0000': 1 }],
    ['half a surrogate pair', ['\ud83d', '\ude00']],
    ['numbers', [0, -1.5, 1e21, 0.1, Number.MAX_SAFE_INTEGER]],
    ['false', false],
    ['nested nothing', { a: null, b: [null, {}], c: [] }],
    ['keys in their order', { b: 1, a: 2, c: { z: 1, y: 2 } }],
  ])('hold %s as it was', async (_, body) => {
    const store = await createStore(kind)
    await store.transact({ documents: [{ kind: 'note', key: 'k', body }] })
    expect(JSON.stringify((await store.document('note', 'k'))?.body)).toBe(JSON.stringify(body))
  })
})

describe.each(everyStore)('$name: events', (kind) => {
  test('and charges share one order', async () => {
    const store = await createStore(kind)
    await store.transact({ bookings: [booking({ id: 'a' })], events: [{ kind: 'note', body: { text: 'one' } }] })
    const [b] = await book(store, booking({ id: 'b' }))
    await store.transact({ events: [{ kind: 'note', body: { text: 'two' } }] })
    expect(b?.seq).toBe(3)
    const events = await store.events(0, 10)
    expect(events.map(({ seq, kind: what, body }) => [seq, what, body])).toEqual([
      [2, 'note', { text: 'one' }],
      [4, 'note', { text: 'two' }],
    ])
  })

  test('are read on from any place, so many at a time', async () => {
    const store = await createStore(kind)
    const before = Date.now()
    await Promise.all(
      Array.from({ length: 25 }, (_, n) =>
        store.transact({
          events: [
            { kind: 'tick', body: { n } },
            { kind: 'tock', body: {} },
          ],
        }),
      ),
    )
    const read: number[] = []
    for (let after = 0; ;) {
      const page = await store.events(after, 7)
      read.push(...page.map(({ seq }) => seq))
      after = page.at(-1)?.seq ?? after
      if (page.length < 7) break
    }
    expect(read).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(await store.events(50, 10)).toEqual([])
    const [first] = await store.events(0, 1)
    expect(first).toEqual({ seq: 1, at: expect.any(Number) as number, kind: 'tick', body: { n: 0 } })
    expect(first?.at).toBeGreaterThanOrEqual(before - 1000)
    expect(first?.at).toBeLessThanOrEqual(Date.now() + 1000)
  })
})
