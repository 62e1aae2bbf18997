import * as fc from 'fast-check'
import { assert, describe, expect, test } from 'vitest'
import { bases, type ChargeInput, outcomes } from '../../src/ledger/charge.ts'
import { correct, standing } from '../../src/ledger/correction.ts'
import { draftCharge } from '../../src/ledger/draft-charge.ts'
import type { Nanos } from '../../src/money/nanos.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import { type Meter, meterNames, meters } from '../../src/usage/meters.ts'
import type { UsageWarning } from '../../src/usage/usage.ts'
import { acmeCatalog, testNow } from '../ledger/temporary-ledger.ts'
import { createLedger, createStore, everyStore } from './every-store.ts'

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ minLength: 1, maxLength, unit: 'grapheme' }).filter((value) => !/[\p{Cc}\u2028\u2029]/u.test(value))
/** What is kept as it comes, whatever it is: a provider's own words. */
const anyText = fc.oneof(text(20), fc.constantFrom('', '\u0000', 'a\u0000b', '\ud83d', "'; --", '\\', '\n'))
const nanos = fc.bigInt({ min: 0n, max: 10n ** 16n }) as fc.Arbitrary<Nanos>

const quantity = (meter: Meter): fc.Arbitrary<number> =>
  meters[meter].scale === 0
    ? fc.oneof(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 1, max: 2 ** 38 }))
    : fc.integer({ min: 1, max: 100_000_000 }).map((millionths) => millionths / 1_000_000)
const quantities = fc.record(Object.fromEntries(meterNames.map((meter) => [meter, quantity(meter)])), {
  requiredKeys: [],
  noNullPrototype: true,
})
const attributes = fc.dictionary(text(20), text(40), { minKeys: 1, maxKeys: 4, noNullPrototype: true })

const usage = fc.tuple(quantities, fc.option(attributes, { nil: undefined })).map(([{ reasoningTokens, ...used }, given]) => ({
  ...used,
  // Reasoning is a share of the output.
  ...(reasoningTokens !== undefined && { reasoningTokens, outputTokens: (used['outputTokens'] ?? 0) + reasoningTokens }),
  ...(given !== undefined && { attributes: given }),
}))

const warning: fc.Arbitrary<UsageWarning> = fc.record(
  {
    code: fc.constantFrom('unknown-field', 'sum-mismatch', 'bad-quantity', 'unread-quantity', 'missing-usage', 'assumed'),
    message: text(80),
  },
  { noNullPrototype: true },
)

const input = fc.record(
  {
    id: text(100).map((id) => `id ${id}.`),
    at: fc.integer({ min: Date.UTC(2000, 0, 1), max: testNow }),
    provider: fc.constantFrom('acme', 'ünknown'),
    model: fc.oneof(fc.constantFrom('big', 'half-known', 'local'), text(60)),
    modelAsked: text(60),
    usage,
    labels: fc.dictionary(fc.constantFrom('project', 'run', 'ticket', 'toString', 'a.b-c_d', 'Z'), text(60), { noNullPrototype: true }),
    serviceTier: fc.constantFrom('standard', 'batch'),
    speed: fc.constantFrom('standard', 'fast'),
    region: fc.constantFrom('us', 'eu-west-1'),
    basis: fc.constantFrom(...bases),
    outcome: fc.constantFrom(...outcomes),
    attempt: fc.integer({ min: 1, max: 9 }),
    callId: anyText,
    durationMs: fc.nat(),
    maxOutputTokens: fc.nat(),
    stopReason: anyText,
    responseId: text(60),
    hold: text(20),
    statedNanos: nanos,
    reportedNanos: nanos,
    estimated: fc.boolean(),
    warnings: fc.array(warning, { maxLength: 3 }),
    metadata: fc
      .dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
      .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>),
  },
  { requiredKeys: ['at', 'provider', 'model', 'usage', 'labels'], noNullPrototype: true },
) as unknown as fc.Arbitrary<ChargeInput>

const toDraft = (given: ChargeInput) => draftCharge(given, (request) => priceUsage(acmeCatalog, request), testNow)

describe.each(everyStore)('$name: what is booked', (kind) => {
  test('comes back in every field, also to another process', async () => {
    const { store, again } = await createLedger(kind, { timezone: 'Europe/Paris' })
    let n = 0
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 8 }), async (inputs) => {
        const drafts = inputs.map((given) => toDraft({ ...given, id: `${n++} ${given.id ?? ''}`.trim() }))
        const booked = await store.transact({
          batch: 'imp_1',
          bookings: drafts.map((each) => ({ draft: each, onExisting: 'same', rank: 1 })),
        })
        const readers = again === undefined ? [store] : [store, await again()]
        for (const reader of readers) {
          for (const [index, each] of drafts.entries()) {
            const expected = { ...each, seq: booked[index]?.seq, bookedAt: expect.any(Number) as number, batch: 'imp_1' }
            expect(await reader.charge(each.id)).toStrictEqual(expected)
          }
        }
        await readers[1]?.close()
        // What came back is what was said: the same call again is no conflict.
        const told = await store.transact({ bookings: drafts.map((each) => ({ draft: each, onExisting: 'same', rank: 1 })) })
        expect(told.map(({ outcome }) => outcome)).toEqual(drafts.map(() => 'duplicate'))
      }),
      { numRuns: 30, seed: 5 },
    )
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  }, 60_000)

  test('and corrected comes back with its negative quantities and amounts', async () => {
    const store = await createStore(kind)
    let n = 0
    await fc.assert(
      fc.asyncProperty(input, usage, async (given, other) => {
        const id = `c${n++}`
        const [before, after] = [toDraft({ ...given, id }), toDraft({ ...given, id, usage: other })]
        await store.transact({ bookings: [{ draft: before, onExisting: 'supersede', rank: 0 }] })
        await store.transact({ bookings: [{ draft: after, onExisting: 'supersede', rank: 1 }] })
        const original = await store.charge(before.id)
        const expected = original && correct(standing(original, []), after)
        const corrections = await store.corrections(before.id)
        expect(corrections).toEqual(expected === undefined ? [] : [expect.objectContaining(expected)])
        const stands = original && standing(original, corrections)
        expect(stands?.costNanos ?? 0n).toBe(after.costNanos ?? 0n)
        expect(stands?.status).toBe(after.status)
        for (const meter of meterNames) expect(stands?.usage[meter] ?? 0).toBe(after.usage[meter] ?? 0)
      }),
      { numRuns: 50, seed: 6 },
    )
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })
})

describe.each(everyStore.filter(({ outlives }) => outlives))('$name: a charge', (kind) => {
  test('is there when the ledger is opened again, and its order goes on', async () => {
    const { store, again } = await createLedger(kind, { timezone: 'Asia/Tokyo', subjects: ['run', 'episode'] })
    assert(again !== undefined)
    const draft = toDraft({ id: 'a', at: testNow, provider: 'acme', model: 'big', usage: { inputTokens: 1 }, labels: { episode: 'e1' } })
    await store.transact({ bookings: [{ draft, onExisting: 'same', rank: 1 }], events: [{ kind: 'note', body: {} }] })
    await store.close()
    const reopened = await again()
    expect([reopened.timezone, [...reopened.subjects], reopened.location]).toEqual(['Asia/Tokyo', ['run', 'episode'], store.location])
    expect(await reopened.charge(draft.id)).toMatchObject({ id: 'a', seq: 1, labels: { episode: 'e1' } })
    const next = { ...draft, id: 'b' as typeof draft.id }
    expect(await reopened.transact({ bookings: [{ draft: next, onExisting: 'same', rank: 1 }] })).toMatchObject([{ seq: 3 }])
  })
})
