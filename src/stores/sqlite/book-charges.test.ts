import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../../test/ledger/acme-cards.ts'
import { book, booking, catalogOf, draft, openTemporaryStore } from '../../../test/ledger/temporary-ledger.ts'
import type { ChargeId, ChargeInput } from '../../ledger/charge.ts'
import { standing } from '../../ledger/correction.ts'
import type { Nanos } from '../../money/nanos.ts'
import type { CostRow } from '../../ledger/cost-table.ts'
import { answerCosts } from '../../reports/answer-costs.ts'
import type { Booked, DocumentWrite, Store } from '../store.ts'

const nanos = (value: bigint) => value as Nanos
const id = (text: string) => text as ChargeId

async function total(store: Store): Promise<CostRow> {
  const all = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
  return (await answerCosts(store, all)).total
}

const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

describe('the same id', () => {
  const first: Partial<ChargeInput> = {
    id: 'call-1',
    usage: { inputTokens: 10, outputTokens: 2 },
    labels: { project: 'atlas', run: 'r1' },
    metadata: { pages: [1, 2], kind: 'x' },
  }

  test('with the same call gives the first charge back, in the same transaction or a later one', async () => {
    const store = openTemporaryStore()
    const [one, two] = await book(store, booking(first), booking(first))
    const [three] = await book(
      store,
      booking({ ...first, labels: { run: 'r1', project: 'atlas' }, metadata: { kind: 'x', pages: [1, 2] } }),
    )
    expect(one).toEqual({ outcome: 'booked', id: 'call-1', seq: 1 })
    expect([two, three]).toEqual([
      { outcome: 'duplicate', id: 'call-1', seq: 1 },
      { outcome: 'duplicate', id: 'call-1', seq: 1 },
    ])
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 40n })
  })

  test.each([
    ['provider', { provider: 'bedrock' }],
    ['model', { model: 'local' }],
    ['modelAsked', { modelAsked: 'bigger' }],
    ['at', { at: Date.parse('2026-02-20T10:00:00.001Z') }],
    ['usage', { usage: { inputTokens: 10, outputTokens: 3 } }],
    ['labels', { labels: { project: 'atlas', run: 'r2' } }],
    ['serviceTier', { serviceTier: 'batch' }],
    ['speed', { speed: 'fast' }],
    ['region', { region: 'eu' }],
    ['outcome', { outcome: 'error' }],
    ['basis', { basis: 'plan' }],
    ['statedNanos', { statedNanos: nanos(5n) }],
    ['reportedNanos', { reportedNanos: nanos(5n) }],
    ['attempt', { attempt: 2 }],
    ['callId', { callId: 'c' }],
    ['durationMs', { durationMs: 12 }],
    ['maxOutputTokens', { maxOutputTokens: 500 }],
    ['stopReason', { stopReason: 'length' }],
    ['responseId', { responseId: 'msg_2' }],
    ['hold', { hold: 'hold_1' }],
    ['estimated', { estimated: true }],
    ['metadata', { metadata: { pages: [2, 1], kind: 'x' } }],
  ] satisfies [string, Partial<ChargeInput>][])('with another %s is an error that names it, and books nothing', async (field, other) => {
    const store = openTemporaryStore()
    await book(store, booking(first))
    const before = await total(store)
    await expect(book(store, booking({ ...first, ...other }))).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining(`another ${field}:`) as string,
    })
    expect(await total(store)).toEqual(before)
    await expectSound(store)
  })

  test('an error undoes its own transaction and leaves those beside it', async () => {
    const store = openTemporaryStore()
    await book(store, booking(first))
    const beside = [
      book(store, booking({ id: 'a' })),
      book(store, booking({ id: 'new', labels: { project: 'fresh', run: 'fresh' } }), booking({ ...first, speed: 'fast' })),
      book(store, booking({ id: 'b', labels: { project: 'fresh', run: 'other' } })),
    ]
    const [a, failed, b] = await Promise.allSettled(beside)
    expect([a?.status, failed?.status, b?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.charge(id('new'))).toBeUndefined()
    expect(await store.charge(id('b'))).toMatchObject({ labels: { project: 'fresh', run: 'other' } })
    expect(await total(store)).toMatchObject({ calls: 3 })
    await expectSound(store)
  })

  test('a call whose price changed in between is still the same call', async () => {
    const store = openTemporaryStore()
    await book(store, booking(first))
    const dearer = catalogOf([acmeCard('big', { inputTokens: '1', outputTokens: '1' })])
    const [again] = await store.transact({ bookings: [{ draft: draft(first, dearer), onExisting: 'same', rank: 1 }] })
    expect(again?.outcome).toBe('duplicate')
    expect((await store.charge(id('call-1')))?.costNanos).toBe(40n)
  })

  test('is made from the provider’s response id, so that a call seen twice is booked once', async () => {
    const store = openTemporaryStore()
    const seen = { responseId: 'msg_01', labels: { project: 'atlas' } }
    const [one] = await book(store, booking(seen, 'duplicate'))
    const [two] = await book(store, booking({ ...seen, labels: { session: 's9' } }, 'duplicate'))
    const [elsewhere] = await book(store, booking({ ...seen, provider: 'other' }, 'duplicate'))
    expect(one).toEqual({ outcome: 'booked', id: 'acme:msg_01', seq: 1 })
    expect(two).toEqual({ outcome: 'duplicate', id: 'acme:msg_01', seq: 1 })
    expect(elsewhere).toMatchObject({ outcome: 'booked', id: 'other:msg_01' })
  })
})

describe('several records of one call', () => {
  const at = (outputTokens: number): Partial<ChargeInput> => ({
    id: 'call',
    usage: { inputTokens: 10, outputTokens },
    labels: { run: 'r1' },
  })

  test('the largest counts, whichever comes first', async () => {
    const store = openTemporaryStore()
    const outcomes = []
    for (const tokens of [1, 5, 3, 5, 8]) outcomes.push((await book(store, booking(at(tokens), 'supersede')))[0]?.outcome)
    expect(outcomes).toEqual(['booked', 'superseded', 'duplicate', 'duplicate', 'superseded'])
    // 10 × 2 + 8 × 10
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 100n, inputTokens: 10 })
    expect((await store.corrections(id('call'))).map((each) => [each.id, each.usage, each.costNanos])).toEqual([
      ['call~1', { outputTokens: 4 }, 40n],
      ['call~2', { outputTokens: 3 }, 30n],
    ])
    await expectSound(store)
  })

  test('the call itself counts more than a replay of it, however large', async () => {
    const store = openTemporaryStore()
    await book(store, booking(at(9), 'supersede', 0))
    const [real] = await book(store, booking(at(4), 'supersede', 1))
    const [replay] = await book(store, booking(at(20), 'supersede', 0))
    expect([real?.outcome, replay?.outcome]).toEqual(['superseded', 'duplicate'])
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 60n })
    expect((await store.corrections(id('call')))[0]).toMatchObject({ usage: { outputTokens: -5 }, costNanos: -50n })
    await expectSound(store)
  })

  test('a correction keeps time, labels and sku of the call, and restates its window', async () => {
    const store = openTemporaryStore()
    await book(store, booking(at(1), 'supersede'))
    const later = {
      ...at(5),
      at: Date.parse('2026-03-01T00:00:00Z'),
      labels: { run: 'r2', project: 'p' },
      outcome: 'cut' as const,
      estimated: true,
    }
    const [booked] = await book(store, booking(later, 'supersede'))
    const correction = booked && (await store.charge(booked.id))
    expect(correction).toMatchObject({
      at: Date.parse('2026-02-20T10:00:00Z'),
      labels: { run: 'r1' },
      outcome: 'ok',
      estimated: false,
      corrects: 'call',
    })
    const query = { groupBy: ['day', 'model', 'run'], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
    const { rows } = await answerCosts(store, query)
    expect(rows).toMatchObject([{ key: ['2026-02-20', 'big', 'r1'], calls: 1, costNanos: 70n }])
  })

  test('a call that had no price and gets one is no longer counted as unpriced', async () => {
    const store = openTemporaryStore()
    const unknown = { id: 'call', model: 'new-model', usage: { inputTokens: 7 } }
    await book(store, booking(unknown))
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 0n, unpricedCalls: 1 })
    const known = catalogOf([acmeCard('new-model', { inputTokens: '0.000000004' })])
    await store.transact({
      bookings: [{ draft: draft({ ...unknown, usage: { inputTokens: 8 } }, known), onExisting: 'supersede', rank: 1 }],
    })
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 32n, unpricedCalls: 0, inputTokens: 8 })
    const original = await store.charge(id('call'))
    expect(original && standing(original, await store.corrections(id('call')))).toMatchObject({ status: 'priced', costNanos: 32n })
    await expectSound(store)
  })

  test('a call of another name is never taken for a correction', async () => {
    const store = openTemporaryStore()
    expect(() => booking({ id: 'call~1' })).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_RECORD' }) as Error)
    await book(store, booking(at(1), 'supersede'))
    await book(store, booking(at(5), 'supersede'))
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 70n })
  })
})

describe('bulk work', () => {
  test('takes no more than its turn, and says what is left', async () => {
    const store = openTemporaryStore()
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
})

describe('documents', () => {
  test('count their versions, and are changed only from the version that the writer saw', async () => {
    const store = openTemporaryStore()
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: { n: 1 }, expectedVersion: 0 }] })
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: { n: 2 } }] })
    expect(await store.document('note', 'k')).toEqual({ kind: 'note', key: 'k', version: 2, body: { n: 2 } })
    const stale = store.transact({
      documents: [{ kind: 'note', key: 'k', body: { n: 3 }, expectedVersion: 1 }],
      bookings: [booking({ id: 'x' })],
    })
    await expect(stale).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('at version 2, not 1') as string,
    })
    expect(await store.charge(id('x'))).toBeUndefined()
    await store.transact({ documents: [{ kind: 'note', key: 'k', body: null }] })
    expect(await store.document('note', 'k')).toBeUndefined()
    expect(await store.documents('note')).toEqual([])
  })

  test('events and charges share one order', async () => {
    const store = openTemporaryStore()
    await store.transact({ bookings: [booking({ id: 'a' })], events: [{ kind: 'note', body: { text: 'one' } }] })
    const [b] = await book(store, booking({ id: 'b' }))
    await store.transact({ events: [{ kind: 'note', body: { text: 'two' } }] })
    expect(b?.seq).toBe(3)
    const events = await store.events(0, 10)
    expect(events.map(({ seq, kind, body }) => [seq, kind, body])).toEqual([
      [2, 'note', { text: 'one' }],
      [4, 'note', { text: 'two' }],
    ])
    expect(await store.events(2, 10)).toHaveLength(1)
    expect(await store.events(0, 1)).toHaveLength(1)
  })
})

describe('charges are read', () => {
  test('by period, import and subject, in order of booking', async () => {
    const store = openTemporaryStore()
    const day = (date: string) => Date.parse(`${date}T00:00:00Z`)
    await book(store, booking({ id: 'a', at: day('2026-02-22'), labels: { run: 'r1' } }), booking({ id: 'b', at: day('2026-02-20') }))
    await store.transact({ batch: 'imp_1', bookings: [booking({ id: 'c', at: day('2026-02-21'), labels: { run: 'r1' } })] })
    const ids = async (selection: Parameters<Store['charges']>[0]) =>
      (await Array.fromAsync(store.charges(selection))).map((each) => each.id)
    expect(await ids({})).toEqual(['a', 'b', 'c'])
    expect(await ids({ sinceMs: day('2026-02-21'), untilMs: day('2026-02-22') })).toEqual(['c'])
    expect(await ids({ batch: 'imp_1' })).toEqual(['c'])
    expect(await ids({ subject: { kind: 'run', value: 'r1' } })).toEqual(['a', 'c'])
    expect(await ids({ subject: { kind: 'run', value: 'none' } })).toEqual([])
    expect(await store.span()).toEqual({ firstMs: day('2026-02-20'), lastMs: day('2026-02-22') })
    expect([await store.hasSubject('run'), await store.hasSubject('video')]).toEqual([true, false])
  })

  test('page by page, without those booked meanwhile', async () => {
    const store = openTemporaryStore()
    await book(store, ...Array.from({ length: 2500 }, (_, n) => booking({ id: `c${n}` })))
    let read = 0
    for await (const _ of store.charges({})) {
      if (read === 10) await book(store, booking({ id: 'late' }))
      read += 1
    }
    expect(read).toBe(2500)
  })

  test('an empty ledger has no span', async () => {
    expect(await openTemporaryStore().span()).toBeUndefined()
  })
})
