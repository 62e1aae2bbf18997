import { describe, expect, test } from 'vitest'
import type { Booking } from '../../src/ledger/book-charge.ts'
import type { Charge, ChargeId, ChargeInput } from '../../src/ledger/charge.ts'
import { correct, standing } from '../../src/ledger/correction.ts'
import type { ChargeDraft } from '../../src/ledger/draft-charge.ts'
import type { Store } from '../../src/stores/store.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { book, booking, catalogOf, draft } from '../ledger/temporary-ledger.ts'
import { createStore, everyStore } from './every-store.ts'
import { readSubjectRows, readSums } from './read-sums.ts'

const id = (text: string) => text as ChargeId

const of = (name: string, outputTokens: number, more: Partial<ChargeInput> = {}, rank: 0 | 1 = 1): Booking =>
  booking({ id: name, usage: { inputTokens: 10, outputTokens }, labels: { project: 'atlas', run: 'r1' }, ...more }, 'supersede', rank)

const importing = (store: Store, batch: string, ...bookings: readonly Booking[]) => store.transact({ batch, bookings })
const idsOf = async (store: Store): Promise<string[]> => (await Array.fromAsync(store.charges({}))).map((charge) => charge.id)
const expectSound = async (store: Store): Promise<void> => expect((await store.verify({ repair: false })).discrepancies).toEqual([])

/** Everything that sums tell. */
async function sums(store: Store): Promise<unknown> {
  const subjects = await Promise.all(['run', 'session'].map((subject) => readSums(store, { subject })))
  return [await readSums(store, 'days'), await readSums(store, 'slots'), subjects, await readSubjectRows(store, 'run', true)]
}

describe.each(everyStore)('$name: taking an import out', (kind) => {
  test('counts the corrections of its own calls too', async () => {
    const store = await createStore(kind)
    const all = Array.from({ length: 300 }, (_, n) => n)
    await importing(store, 'imp_1', ...all.map((n) => of(`c${n}`, 1)), ...all.map((n) => of(`c${n}`, 2)))
    expect(await store.removeBatch('imp_1')).toBe(600)
  })

  test('leaves the ledger as it was before', async () => {
    const store = await createStore(kind, { timezone: 'America/New_York' })
    await importing(store, 'imp_1', of('a', 1), of('b', 2, { model: 'mystery' }), of('c', 3, { labels: { session: 's1', run: 'r9' } }))
    const [before, span] = [await sums(store), await store.span()]
    const late = Date.parse('2026-05-01T00:00:00Z')
    await importing(store, 'imp_2', of('d', 4, { at: late }), of('a', 9), of('e', 5, { basis: 'plan', labels: { session: 's2' } }))
    expect(await sums(store)).not.toEqual(before)
    const progress: number[] = []
    expect(await store.removeBatch('imp_2', (removed) => progress.push(removed))).toBe(3)
    expect(progress.at(-1)).toBe(3)
    expect(await sums(store)).toEqual(before)
    expect(await store.span()).toEqual(span)
    expect(await idsOf(store)).toEqual(['a', 'b', 'c'])
    expect([await store.charge(id('d')), await store.charge(id('a~1')), await store.corrections(id('a'))]).toEqual([
      undefined,
      undefined,
      [],
    ])
    expect(await Array.fromAsync(store.charges({ batch: 'imp_2' }))).toEqual([])
    await expectSound(store)
  })

  test('lets its calls be booked again, at new places in the order', async () => {
    const store = await createStore(kind)
    await importing(store, 'imp_1', of('a', 1), of('b', 1))
    await store.removeBatch('imp_1')
    expect(await importing(store, 'imp_1', of('b', 1))).toEqual([{ outcome: 'booked', id: 'b', seq: 3 }])
    expect(await store.removeBatch('imp_1')).toBe(1)
    expect(await idsOf(store)).toEqual([])
    expect(await readSums(store, 'days')).toEqual([])
  })

  test('leaves documents, events and other charges', async () => {
    const store = await createStore(kind)
    await store.transact({
      batch: 'imp_1',
      bookings: [of('a', 1)],
      documents: [{ kind: 'note', key: 'k', body: 1 }],
      events: [{ kind: 'note', body: {} }],
    })
    await book(store, of('b', 1))
    await store.removeBatch('imp_1')
    expect(await store.document('note', 'k')).toMatchObject({ version: 1, body: 1 })
    expect(await store.events(0, 9)).toMatchObject([{ seq: 2 }])
    expect(await idsOf(store)).toEqual(['b'])
  })

  test('takes later corrections of its calls along', async () => {
    const store = await createStore(kind)
    await importing(store, 'imp_1', of('a', 1), of('b', 1))
    await importing(store, 'imp_2', of('a', 5), of('c', 1))
    const repriced = await cheaper(store, 'b')
    await book(store, repriced, of('a', 7))
    expect(await idsOf(store)).toEqual(['a', 'b', 'a~1', 'c', 'b~1', 'a~2'])
    await store.removeBatch('imp_1')
    expect(await idsOf(store)).toEqual(['c'])
    await expectSound(store)
  })

  test('takes corrections along that were made on top of its own', async () => {
    const store = await createStore(kind)
    await book(store, of('a', 1))
    await importing(store, 'imp_1', of('a', 5))
    await importing(store, 'imp_2', of('a', 7), of('b', 1))
    const before = await Array.fromAsync(store.charges({}))
    expect(before.map((charge) => charge.id)).toEqual(['a', 'a~1', 'a~2', 'b'])
    await store.removeBatch('imp_1')
    expect(await idsOf(store)).toEqual(['a', 'b'])
    expect(await importing(store, 'imp_3', of('a', 3))).toEqual([{ outcome: 'superseded', id: 'a~1', seq: 5 }])
    await expectSound(store)
  })

  test('gives a replay its rank back, so that the call itself counts again when it is imported again', async () => {
    const store = await createStore(kind)
    await importing(store, 'imp_1', of('a', 9, {}, 0))
    const before = await sums(store)
    await importing(store, 'imp_2', of('a', 4, {}, 1))
    const after = await sums(store)
    await store.removeBatch('imp_2')
    expect(await sums(store)).toEqual(before)
    expect(await importing(store, 'imp_3', of('a', 4, {}, 1))).toMatchObject([{ outcome: 'superseded' }])
    expect(await sums(store)).toEqual(after)
  })

  test('that is not there takes nothing', async () => {
    const store = await createStore(kind)
    await book(store, of('a', 1))
    expect(await store.removeBatch('imp_1')).toBe(0)
    await importing(store, 'imp_2')
    expect(await store.removeBatch('imp_2')).toBe(0)
    expect(await idsOf(store)).toEqual(['a'])
  })

  test('of a large one lets others write in between, and may be broken off and called again', async () => {
    const store = await createStore(kind)
    await book(store, of('a', 1))
    const before = await sums(store)
    const many = Array.from({ length: 3000 }, (_, n) => of(`m${n}`, 1, { labels: { run: `r${n % 40}`, project: `p${n}` } }))
    await importing(store, 'imp_1', ...many)
    let meanwhile: Promise<unknown> | undefined
    const breaking = store.removeBatch('imp_1', (removed) => {
      meanwhile ??= book(store, of('b', 1))
      if (removed >= 100) throw new Error('enough for today')
    })
    await expect(breaking).rejects.toThrow('enough for today')
    await meanwhile
    await expectSound(store)
    await store.removeBatch('imp_1')
    expect(await idsOf(store)).toEqual(['a', 'b'])
    await expectSound(store)
    await importing(store, 'imp_1', of('b', 1))
    expect(await sums(store)).not.toEqual(before)
  })
})

/** What repricing books: the correction that brings a call to a tenth of its output's price. */
async function cheaper(store: Store, name: string): Promise<Booking> {
  const original = (await store.charge(id(name))) as Charge
  const today = catalogOf([acmeCard('big', { inputTokens: '0.000000002', outputTokens: '0.000000001' })])
  const repriced = draft({ id: name, usage: original.usage, labels: original.labels }, today)
  const correction = correct(standing(original, await store.corrections(id(name))), repriced) as ChargeDraft
  return { draft: correction, onExisting: 'duplicate', rank: 1 }
}
