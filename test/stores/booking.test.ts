import { describe, expect, test } from 'vitest'
import type { Booking } from '../../src/ledger/book-charge.ts'
import type { Charge, ChargeId, ChargeInput } from '../../src/ledger/charge.ts'
import { correct, standing } from '../../src/ledger/correction.ts'
import type { CostRow } from '../../src/ledger/cost-table.ts'
import type { ChargeDraft } from '../../src/ledger/draft-charge.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import { answerCosts } from '../../src/reports/answer-costs.ts'
import type { Store } from '../../src/stores/store.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { book, booking, catalogOf, draft } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'

const nanos = (value: bigint) => value as Nanos
const id = (text: string) => text as ChargeId

async function total(store: Store): Promise<CostRow> {
  const all = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
  return (await answerCosts(store, all)).total
}

const allCharges = (store: Store): Promise<Charge[]> => Array.fromAsync(store.charges({}))
const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

describe.each(everyStore)('$name: the same id', (kind) => {
  const first: Partial<ChargeInput> = {
    id: 'call-1',
    usage: { inputTokens: 10, outputTokens: 2 },
    labels: { project: 'atlas', run: 'r1' },
    metadata: { pages: [1, 2], kind: 'x' },
  }

  test('with the same call gives the first charge back, in the same transaction or a later one', async () => {
    const store = await createStore(kind)
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
    const store = await createStore(kind)
    await book(store, booking(first))
    const before = await total(store)
    await expect(book(store, booking({ ...first, ...other }))).rejects.toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining(`another ${field}:`) as string,
    })
    expect(await total(store)).toEqual(before)
    expect((await book(store, booking({ id: 'next' })))[0]?.seq).toBe(2)
    await expectSound(store)
  })

  test('with another call says what stood there, what is said now, and what to do', async () => {
    const store = await createStore(kind)
    await book(store, booking(first))
    await expect(book(store, booking({ ...first, usage: { inputTokens: 10, outputTokens: 3 } }))).rejects.toThrow(
      'The id "call-1" is booked already with another usage: {"inputTokens":10,"outputTokens":2} then, ' +
        '{"inputTokens":10,"outputTokens":3} now. Use another id for another call.',
    )
  })

  test('leaves out what the caller left open', async () => {
    const store = await createStore(kind)
    await book(store, booking(first))
    const later = booking({ ...first, at: Date.parse('2026-02-20T11:00:00Z') })
    expect(await book(store, { ...later, ignore: ['at'] })).toMatchObject([{ outcome: 'duplicate', seq: 1 }])
    await expect(book(store, later)).rejects.toMatchObject({ code: 'PURSER_ID_CONFLICT' })
  })

  test('a call whose price changed in between is still the same call', async () => {
    const store = await createStore(kind)
    await book(store, booking(first))
    const dearer = catalogOf([acmeCard('big', { inputTokens: '1', outputTokens: '1' })])
    const [again] = await store.transact({ bookings: [{ draft: draft(first, dearer), onExisting: 'same', rank: 1 }] })
    expect(again?.outcome).toBe('duplicate')
    expect((await store.charge(id('call-1')))?.costNanos).toBe(40n)
  })

  test('is made from the provider’s response id, so that a call seen twice is booked once', async () => {
    const store = await createStore(kind)
    const seen = { responseId: 'msg_01', labels: { project: 'atlas' } }
    const [one] = await book(store, booking(seen, 'duplicate'))
    const [two] = await book(store, booking({ ...seen, labels: { session: 's9' } }, 'duplicate'))
    const [elsewhere] = await book(store, booking({ ...seen, provider: 'other' }, 'duplicate'))
    expect(one).toEqual({ outcome: 'booked', id: 'acme:msg_01', seq: 1 })
    expect(two).toEqual({ outcome: 'duplicate', id: 'acme:msg_01', seq: 1 })
    expect(elsewhere).toMatchObject({ outcome: 'booked', id: 'other:msg_01' })
  })

  test.each(['A', 'a', 'ä', 'a\u0308', 'a ', ' a', "a'b", 'a"b', 'a\\b', 'a%', '😀', 'x'.repeat(256)])(
    '%j is no other id’s',
    async (text) => {
      const store = await createStore(kind)
      await book(store, booking({ id: 'aa' }), booking({ id: 'a%b' }), booking({ id: 'x'.repeat(255) }))
      expect(await book(store, booking({ id: text }))).toEqual([{ outcome: 'booked', id: text, seq: 4 }])
      expect(await store.charge(id(text))).toMatchObject({ id: text, seq: 4 })
    },
  )
})

describe.each(everyStore)('$name: a record that is compared', (kind) => {
  const usage = (outputTokens: number) => ({ id: 'call', usage: { inputTokens: 10, outputTokens } })

  test('is a duplicate where it tells of the same call, and else a conflict that books nothing', async () => {
    const store = await createStore(kind)
    const outcomes = await book(store, booking(usage(1)), booking(usage(1), 'compare'), booking(usage(2), 'compare'))
    expect(outcomes).toEqual([
      { outcome: 'booked', id: 'call', seq: 1 },
      { outcome: 'duplicate', id: 'call', seq: 1 },
      { outcome: 'conflict', id: 'call', seq: 1, differs: 'usage' },
    ])
    expect(await allCharges(store)).toHaveLength(1)
    const open: Booking = { ...booking({ ...usage(1), durationMs: 5 }, 'compare'), ignore: ['durationMs'] }
    expect(await book(store, open)).toEqual([{ outcome: 'duplicate', id: 'call', seq: 1 }])
  })

  test('is a duplicate also where it tells of the call as it stands after corrections', async () => {
    const store = await createStore(kind)
    await book(store, booking(usage(1), 'supersede'), booking(usage(5), 'supersede'), booking(usage(8), 'supersede'))
    const outcomes = await book(store, ...[1, 8, 5].map((tokens) => booking(usage(tokens), 'compare')))
    // Five tokens were told of in between: neither the call as it was booked nor as it stands.
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['duplicate', 'duplicate', 'conflict'])
  })

  test('is booked where nothing is there yet', async () => {
    const store = await createStore(kind)
    expect(await book(store, booking(usage(1), 'compare'))).toEqual([{ outcome: 'booked', id: 'call', seq: 1 }])
  })
})

describe.each(everyStore)('$name: several records of one call', (kind) => {
  const at = (outputTokens: number): Partial<ChargeInput> => ({
    id: 'call',
    usage: { inputTokens: 10, outputTokens },
    labels: { run: 'r1' },
  })

  test('the largest counts, whichever comes first', async () => {
    const store = await createStore(kind)
    const outcomes = []
    for (const tokens of [1, 5, 3, 5, 8]) outcomes.push((await book(store, booking(at(tokens), 'supersede')))[0])
    expect(outcomes).toEqual([
      { outcome: 'booked', id: 'call', seq: 1 },
      { outcome: 'superseded', id: 'call~1', seq: 2 },
      { outcome: 'duplicate', id: 'call', seq: 1 },
      { outcome: 'duplicate', id: 'call', seq: 1 },
      { outcome: 'superseded', id: 'call~2', seq: 3 },
    ])
    // 10 × 2 + 8 × 10
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 100n, inputTokens: 10 })
    expect((await store.corrections(id('call'))).map((each) => [each.id, each.usage, each.costNanos])).toEqual([
      ['call~1', { outputTokens: 4 }, 40n],
      ['call~2', { outputTokens: 3 }, 30n],
    ])
    await expectSound(store)
  })

  test('counts the same within one transaction', async () => {
    const store = await createStore(kind)
    const booked = await book(store, ...[1, 5, 3, 8].map((tokens) => booking(at(tokens), 'supersede')), booking({ id: 'other' }))
    expect(booked.map(({ outcome, seq }) => [outcome, seq])).toEqual([
      ['booked', 1],
      ['superseded', 2],
      ['duplicate', 1],
      ['superseded', 3],
      ['booked', 4],
    ])
    expect((await store.charge(id('call')))?.usage).toEqual({ inputTokens: 10, outputTokens: 1 })
    await expectSound(store)
  })

  test('the call itself counts more than a replay of it, however large', async () => {
    const store = await createStore(kind)
    await book(store, booking(at(9), 'supersede', 0))
    const [real] = await book(store, booking(at(4), 'supersede', 1))
    const [replay] = await book(store, booking(at(20), 'supersede', 0))
    expect([real?.outcome, replay?.outcome]).toEqual(['superseded', 'duplicate'])
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 60n })
    expect((await store.corrections(id('call')))[0]).toMatchObject({ usage: { outputTokens: -5 }, costNanos: -50n })
    await expectSound(store)
  })

  test('the call itself that says the same as a replay before it outranks the next replay', async () => {
    const store = await createStore(kind)
    const outcomes = await book(store, booking(at(4), 'supersede', 0), booking(at(4), 'supersede', 1), booking(at(9), 'supersede', 0))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['booked', 'duplicate', 'duplicate'])
    expect((await book(store, booking(at(6), 'supersede', 1)))[0]?.outcome).toBe('superseded')
  })

  test('a correction keeps time, labels and sku of the call, and restates its window', async () => {
    const store = await createStore(kind)
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
    const store = await createStore(kind)
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
    const store = await createStore(kind)
    expect(() => booking({ id: 'call~1' })).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_RECORD' }) as Error)
    await book(store, booking(at(1), 'supersede'))
    await book(store, booking(at(5), 'supersede'))
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 70n })
  })
})

describe.each(everyStore)('$name: a correction that is worked out elsewhere', (kind) => {
  const cheaper = catalogOf([acmeCard('big', { inputTokens: '0.000000001' })])

  /** What brings a call to half its price: what repricing books. */
  async function toCheaper(store: Store): Promise<Booking> {
    const original = (await store.charge(id('a'))) as Charge
    const correction = correct(standing(original, await store.corrections(id('a'))), draft({ id: 'a' }, cheaper)) as ChargeDraft
    return { draft: correction, onExisting: 'duplicate', rank: 1 }
  }

  test('is booked once, and points at its call', async () => {
    const store = await createStore(kind)
    await book(store, booking({ id: 'a' }))
    const correction = await toCheaper(store)
    expect(await book(store, correction, correction)).toEqual([
      { outcome: 'booked', id: 'a~1', seq: 2 },
      { outcome: 'duplicate', id: 'a~1', seq: 2 },
    ])
    expect(await store.corrections(id('a'))).toMatchObject([{ id: 'a~1', corrects: 'a', costNanos: -100n, usage: {} }])
    expect(await total(store)).toMatchObject({ calls: 1, costNanos: 100n })
    await expectSound(store)
  })

  test('of a charge that is not there is an error that names it, and books nothing', async () => {
    const store = await createStore(kind)
    await book(store, booking({ id: 'a' }))
    const correction = await toCheaper(store)
    const lost = { ...correction, draft: { ...correction.draft, corrects: id('nobody') } }
    await expect(book(store, booking({ id: 'b' }), lost)).rejects.toMatchObject({
      code: 'PURSER_NOT_FOUND',
      message: 'There is no charge "nobody" to correct.',
    })
    expect(await allCharges(store)).toHaveLength(1)
    expect(await book(store, booking({ id: 'b' }))).toEqual([{ outcome: 'booked', id: 'b', seq: 2 }])
  })
})
