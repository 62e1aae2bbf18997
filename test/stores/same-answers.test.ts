import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PurserError } from '../../src/errors.ts'
import type { Booked, Booking } from '../../src/ledger/book-charge.ts'
import type { Charge, ChargeId } from '../../src/ledger/charge.ts'
import { correct, standing } from '../../src/ledger/correction.ts'
import type { CostQuery } from '../../src/ledger/cost-query.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import { answerCosts } from '../../src/reports/answer-costs.ts'
import { openMemoryStore } from '../../src/stores/memory/memory-store.ts'
import type { Store, Transaction } from '../../src/stores/store.ts'
import { acmeCard } from '../ledger/acme-cards.ts'
import { catalogOf, draft } from '../ledger/temporary-ledger.ts'
import { createLedger, everyStore } from './every-store.ts'
import { readSubjectRows, readSums } from './read-sums.ts'

/** The ledger in memory adds every answer up from the charges; a store is right where it answers alike. */
const others = everyStore.filter(({ name }) => name !== 'memory')

const subjects = ['run', 'ticket']
const batches = ['imp_0', 'imp_1', 'imp_2']
const ids = ['a', 'b', 'c', 'd', 'e', 'acme:msg_1']
const documentKeys = ['k', 'K', 'é']

// Around the changes of the clock in Paris and New York, with quarters and days on both sides.
const instants = [
  '2026-03-28T22:59:59.999Z',
  '2026-03-28T23:00Z',
  '2026-03-29T01:07Z',
  '2026-03-29T22:00Z',
  '2026-11-01T05:30Z',
  '2026-11-02T04:59Z',
]
const labels = [
  {},
  { project: 'atlas' },
  { project: 'atlas', run: 'r1' },
  { run: 'r1' },
  { run: 'r2', ticket: 'T-1', stage: 'write' },
  { ticket: 'T-1' },
]

const call = fc.record({
  id: fc.constantFrom(...ids),
  at: fc.constantFrom(...instants).map((text) => Date.parse(text)),
  model: fc.constantFrom('big', 'big', 'half-known', 'mystery', 'local'),
  usage: fc.record(
    { inputTokens: fc.integer({ min: 1, max: 9 }), outputTokens: fc.integer({ min: 1, max: 9 }), audioSeconds: fc.constantFrom(0.5, 2) },
    { requiredKeys: ['inputTokens'], noNullPrototype: true },
  ),
  labels: fc.constantFrom(...labels),
  basis: fc.constantFrom('metered', 'metered', 'plan'),
  statedNanos: fc.constantFrom(undefined, undefined, 9_007_199_254_740_993n as Nanos),
  estimated: fc.boolean(),
})
const booking: fc.Arbitrary<Booking> = fc.record({
  draft: call.map(({ id, statedNanos, ...given }) =>
    draft({ ...given, ...(id.startsWith('acme:') ? { responseId: 'msg_1' } : { id }), ...(statedNanos !== undefined && { statedNanos }) }),
  ),
  // Another call under the same id is mostly an error, which would end most transactions.
  onExisting: fc.constantFrom('supersede', 'supersede', 'supersede', 'duplicate', 'compare', 'same'),
  rank: fc.constantFrom(0, 1, 1),
})

const transaction: fc.Arbitrary<Transaction> = fc.record(
  {
    bookings: fc.array(booking, { maxLength: 5 }),
    batch: fc.constantFrom(...batches),
    documents: fc.array(
      fc.record(
        {
          kind: fc.constant('note'),
          key: fc.constantFrom(...documentKeys),
          body: fc.constantFrom(1, { n: [2] }, null),
          expectedVersion: fc.nat(2),
        },
        { requiredKeys: ['kind', 'key', 'body'], noNullPrototype: true },
      ),
      { maxLength: 2 },
    ),
    events: fc.array(fc.record({ kind: fc.constantFrom('x', 'y'), body: fc.record({ n: fc.nat(9) }, { noNullPrototype: true }) }), {
      maxLength: 2,
    }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

type Deed =
  | { readonly kind: 'write'; readonly atOnce: readonly Transaction[] }
  | { readonly kind: 'undo'; readonly batch: string }
  | { readonly kind: 'reprice'; readonly id: string; readonly corrects?: string }

/** Bulk work may come after what was asked for later, so it is not mixed with other work. */
const atOnce = fc
  .tuple(fc.boolean(), fc.array(transaction, { minLength: 1, maxLength: 4 }))
  .map(([isBulk, all]) => (isBulk ? all.map((each) => ({ ...each, maxMs: 0 })) : all))

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write'), atOnce }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo'), batch: fc.constantFrom(...batches) }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { kind: fc.constant('reprice'), id: fc.constantFrom(...ids), corrects: fc.constant('nobody') },
      { requiredKeys: ['kind', 'id'] },
    ),
  },
)

const otherPrices = catalogOf([acmeCard('big', { inputTokens: '0.000000003' }), acmeCard('mystery', { inputTokens: '0.000000001' })])

/** The correction that brings a call to other prices, as it stands in this ledger. */
async function repricing(store: Store, { id, corrects }: Extract<Deed, { kind: 'reprice' }>): Promise<Transaction> {
  const original = await store.charge(id as ChargeId)
  if (original === undefined) return {}
  const { at, model, usage, labels: given, basis } = original
  const repriced = draft({ id: 'x', at, model, usage, labels: given, basis: basis === 'plan' ? 'plan' : 'metered' }, otherPrices)
  const correction = correct(standing(original, await store.corrections(original.id)), repriced)
  if (correction === undefined) return {}
  return {
    bookings: [
      { draft: { ...correction, ...(corrects !== undefined && { corrects: corrects as ChargeId }) }, onExisting: 'duplicate', rank: 1 },
    ],
  }
}

/** What became of a transaction: its answer, or the error as it is told. */
async function outcomeOf(written: Promise<readonly Booked[]>): Promise<unknown> {
  try {
    return await written
  } catch (error) {
    if (error instanceof PurserError) return { code: error.code, message: error.message }
    throw error
  }
}

async function act(store: Store, done: Deed): Promise<unknown> {
  switch (done.kind) {
    case 'write':
      return Promise.all(done.atOnce.map((each) => outcomeOf(store.transact(each))))
    case 'undo':
      await store.removeBatch(done.batch)
      return undefined
    case 'reprice':
      return outcomeOf(store.transact(await repricing(store, done)))
  }
}

const withoutTime = ({ bookedAt: _, ...charge }: Charge): object => charge
const chargesOf = async (store: Store, selection: Parameters<Store['charges']>[0]): Promise<object[]> =>
  (await Array.fromAsync(store.charges(selection))).map((charge) => withoutTime(charge))

const [early, late] = [Date.parse('2026-03-29T00:00Z'), Date.parse('2026-11-01T06:00Z')]

/** Everything that can be asked, but when something was booked. */
async function answersOf(store: Store): Promise<object> {
  const all = <T, U>(of: readonly T[], ask: (each: T) => Promise<U>): Promise<U[]> => Promise.all(of.map((each) => ask(each)))
  const query: CostQuery = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: store.timezone, weekStart: 1, where: [] }
  const events = await store.events(0, 1000)
  return {
    charges: await chargesOf(store, {}),
    byTime: await chargesOf(store, { sinceMs: early }),
    before: await chargesOf(store, { sinceMs: early, untilMs: late }),
    byBatch: await all(batches, (batch) => chargesOf(store, { batch })),
    bySubject: await all(['r1', 'r2'], (value) => chargesOf(store, { subject: { kind: 'run', value } })),
    byId: await all(ids, async (id) => (await store.charge(id as ChargeId))?.seq),
    corrections: await all(ids, async (id) => (await store.corrections(id as ChargeId)).map((each) => [each.id, each.seq, each.batch])),
    documents: [await store.documents('note'), await all(documentKeys, (key) => store.document('note', key))],
    events: events.map(({ seq, kind, body }) => [seq, kind, body]),
    eventsOn: (await store.events(events[0]?.seq ?? 0, 2)).map(({ seq }) => seq),
    span: await store.span(),
    days: await all([true, false], (byTime) => readSums(store, 'days', { byTime })),
    slots: await readSums(store, 'slots', { from: early / 900_000, byMeter: false }),
    perSubject: await all(subjects, (subject) => readSums(store, { subject })),
    subjectRows: await all([true, false], (byTime) => readSubjectRows(store, 'run', byTime)),
    costs: await all([['day', 'project'], ['run'], ['run', 'ticket'], ['hour', 'model'], ['meter']], (groupBy) =>
      answerCosts(store, { ...query, groupBy, sinceMs: early }),
    ),
  }
}

describe.each(others)('$name', (kind) => {
  test('answers as the plainest ledger does, whatever is done to both', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(deed, { minLength: 1, maxLength: 16 }),
        fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York'),
        async (deeds, timezone) => {
          const { store, again } = await createLedger(kind, { timezone, subjects })
          const plainest = openMemoryStore({ timezone, subjects })
          for (const done of deeds) {
            const outcome = await act(store, done)
            expect(outcome).toEqual(await act(plainest, done))
            expect(await answersOf(store)).toEqual(await answersOf(plainest))
          }
          // A subject whose charges were all taken out again may still be known, but none that is there is unknown.
          for (const subject of subjects) if (await plainest.hasSubject(subject)) expect(await store.hasSubject(subject)).toBe(true)
          expect(await store.verify({ repair: false })).toEqual(await plainest.verify({ repair: false }))
          const reader = await again?.()
          if (reader !== undefined) expect(await answersOf(reader)).toEqual(await answersOf(plainest))
          await Promise.all([reader?.close(), store.close()])
        },
      ),
      { numRuns: 25, seed: 31 },
    )
  }, 120_000)
})
