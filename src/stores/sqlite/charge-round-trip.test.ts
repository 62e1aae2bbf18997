import * as fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acmeCatalog, openTemporaryStore, temporaryFolder, testNow } from '../../../test/ledger/temporary-ledger.ts'
import { bases, type ChargeInput, outcomes } from '../../ledger/charge.ts'
import { correct, standing } from '../../ledger/correction.ts'
import { draftCharge } from '../../ledger/draft-charge.ts'
import type { Nanos } from '../../money/nanos.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import { type Meter, meterNames, meters } from '../../usage/meters.ts'
import type { UsageWarning } from '../../usage/usage.ts'

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ minLength: 1, maxLength, unit: 'grapheme' }).filter((value) => !/[\p{Cc}\u2028\u2029]/u.test(value))
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
  { code: fc.constantFrom('unknown-field', 'sum-mismatch', 'bad-quantity', 'missing-usage', 'assumed'), message: text(80) },
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
    callId: text(40),
    durationMs: fc.nat(),
    maxOutputTokens: fc.nat(),
    stopReason: text(20),
    responseId: text(60),
    hold: text(20),
    statedNanos: nanos,
    reportedNanos: nanos,
    estimated: fc.boolean(),
    warnings: fc.array(warning, { maxLength: 3 }),
    metadata: fc
      .dictionary(text(20), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
      .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>),
  },
  { requiredKeys: ['at', 'provider', 'model', 'usage', 'labels'], noNullPrototype: true },
) as unknown as fc.Arbitrary<ChargeInput>

const toDraft = (given: ChargeInput) => draftCharge(given, (request) => priceUsage(acmeCatalog, request), testNow)

test('every field of a charge comes back as it was booked, also in another process', async () => {
  const path = join(temporaryFolder(), 'ledger.db')
  const writer = openTemporaryStore('Europe/Paris', path)
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 8 }), async (inputs) => {
      const drafts = inputs.map((given) => toDraft({ ...given, id: `${n++} ${given.id ?? ''}`.trim() }))
      const booked = await writer.transact({
        batch: 'imp_1',
        bookings: drafts.map((each) => ({ draft: each, onExisting: 'same', rank: 1 })),
      })
      const reader = openTemporaryStore('UTC', path)
      for (const [index, each] of drafts.entries()) {
        const expected = { ...each, seq: booked[index]?.seq, bookedAt: expect.any(Number) as number, batch: 'imp_1' }
        expect(await reader.charge(each.id)).toStrictEqual(expected)
        expect(await writer.charge(each.id)).toStrictEqual(expected)
      }
      await reader.close()
    }),
    { numRuns: 40, seed: 5 },
  )
  expect((await writer.verify({ repair: false })).discrepancies).toEqual([])
}, 60_000)

test('a correction comes back with its negative quantities and amounts', async () => {
  const store = openTemporaryStore()
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
    { numRuns: 60, seed: 6 },
  )
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
})

test('amounts beyond what a double holds come back to the nano', async () => {
  const store = openTemporaryStore()
  const exact = 9_007_199_254_740_993n as Nanos
  const [booked] = await store.transact({
    bookings: [
      {
        draft: toDraft({ at: testNow, provider: 'x', model: 'y', usage: { requests: 1 }, labels: {}, statedNanos: exact }),
        onExisting: 'same',
        rank: 1,
      },
    ],
  })
  const charge = booked && (await store.charge(booked.id))
  expect(charge).toMatchObject({ status: 'stated', costNanos: exact, statedNanos: exact })
})
