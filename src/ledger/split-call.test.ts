import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { catalogOf, draft } from '../../test/ledger/temporary-ledger.ts'
import type { Nanos } from '../money/nanos.ts'
import { createCatalog } from '../pricing/catalog.ts'
import { priceUsage } from '../pricing/price-usage.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import { toScaled, type Usage } from '../usage/usage.ts'
import type { Served } from './charge.ts'
import { type ChargeDraft, draftCharge } from './draft-charge.ts'
import { packExtras, packNumbers, toPricing, unpackExtras, unpackNumbers } from './pack-charge.ts'
import { partOf, splitCall, wholeOf } from './split-call.ts'

const ticket = (id: string, weight: string): Served => ({ labels: { ticket: id }, weight })
const twoToOne = [ticket('T-1', '2'), ticket('T-2', '1')]

describe('a call that serves several', () => {
  test('is charged to each by weight, in cost, in each line and in each quantity', () => {
    // 100 × 2 + 10 × 10 = 300 nano-dollars: 200 and 100. Input 100: 66.67 and 33.33. Output 10: 6.67 and 3.33.
    // The input line, 200: 133.33 and 66.67; the output line is what is left of 200 and 100.
    const [first, second, ...more] = splitCall(draft({ id: 'c', usage: { inputTokens: 100, outputTokens: 10 } }), twoToOne)
    expect(more).toEqual([])
    expect(first).toMatchObject({ id: 'c', labels: { ticket: 'T-1' }, costNanos: 200n, usage: { inputTokens: 67, outputTokens: 7 } })
    expect(second).toMatchObject({ id: 'c#2/2', labels: { ticket: 'T-2' }, costNanos: 100n, usage: { inputTokens: 33, outputTokens: 3 } })
    expect([first, second].map((part) => part?.lines.map(({ costNanos }) => costNanos))).toEqual([
      [133n, 67n],
      [67n, 33n],
    ])
  })

  test('is priced as a whole, in the tier of all that it read', () => {
    const catalog = catalogOf([
      acmeCard(
        'long',
        {},
        {
          rates: [
            { meter: 'inputTokens', usd: '0.000000002', per: 1 },
            { meter: 'inputTokens', usd: '0.000000004', per: 1, from: 1000 },
          ],
          tier: { mode: 'whole', comparison: '>' },
        },
      ),
    ])
    // 1,500 tokens are beyond the tier, though neither half is: 1,500 × 4 = 6,000.
    const parts = splitCall(draft({ model: 'long', usage: { inputTokens: 1500 } }, catalog), [ticket('T-1', '1'), ticket('T-2', '1')])
    expect(parts.map(({ costNanos }) => costNanos)).toEqual([3000n, 3000n])
  })

  test('counts as a call with the largest weight, the first of equal ones', () => {
    const adds = (...weights: string[]) =>
      splitCall(
        draft(),
        weights.map((weight) => ticket('T', weight)),
      ).map(({ part }) => part?.addsCall)
    expect(adds('1', '0.5', '2')).toEqual([false, false, true])
    expect(adds('1', '1.0', '0.9')).toEqual([true, false, false])
  })

  test('gives each part the labels of the call and its own, which win', () => {
    const serves = [
      { labels: { ticket: 'T-1', team: 'red' }, weight: '1' },
      { labels: {}, weight: '1' },
    ]
    expect(splitCall(draft({ labels: { agent: 'builder', team: 'blue' } }), serves).map(({ labels }) => labels)).toEqual([
      { agent: 'builder', team: 'red', ticket: 'T-1' },
      { agent: 'builder', team: 'blue' },
    ])
  })

  test('without a price leaves each part without one', () => {
    const parts = splitCall(draft({ model: 'mystery', usage: { images: 1 } }), twoToOne)
    // None of a picture is still known to be none.
    expect(parts.map(({ status, costNanos, usage }) => [status, costNanos, usage])).toEqual([
      ['unpriced', null, { images: 1 }],
      ['unpriced', null, { images: 0 }],
    ])
  })

  test('that serves nobody in particular is one charge, as it is', () => {
    const call = draft()
    expect(splitCall(call, undefined)).toEqual([call])
  })
})

const quantity = (meter: Meter): fc.Arbitrary<number> =>
  meters[meter].scale === 0
    ? fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 3_000_000 }))
    : fc.integer({ min: 0, max: 9_000_000 }).map((millionths) => millionths / 1_000_000)
const used = fc.record(Object.fromEntries(meterNames.map((meter) => [meter, quantity(meter)])), { requiredKeys: [], noNullPrototype: true })
const usage = used.map(({ reasoningTokens, ...rest }): Usage => {
  const output = (rest['outputTokens'] ?? 0) + (reasoningTokens ?? 0)
  return reasoningTokens === undefined ? rest : { ...rest, reasoningTokens, outputTokens: output }
})
const rate = fc.oneof(
  fc.constant('0'),
  fc.bigInt({ min: 1n, max: 10n ** 9n }).map((digits) => `0.${String(digits).padStart(18, '0')}`),
)
const rates = fc.record(Object.fromEntries(meterNames.map((meter) => [meter, rate])), { requiredKeys: [], noNullPrototype: true })
const amount = fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n }) as fc.Arbitrary<Nanos>, { nil: undefined })
const weight = fc.oneof(
  fc.integer({ min: 1, max: 1_000_000 }).map(String),
  fc.integer({ min: 1, max: 999 }).map((thousandths) => `0.${String(thousandths).padStart(3, '0')}`.replace(/0+$/, '')),
)

const someCall = fc.record({ usage, rates, stated: amount, reported: amount }).map((given): ChargeDraft => {
  const catalog = createCatalog({ owner: [acmeCard('any', given.rates as never)], refreshed: [], shipped: [] })
  const costs = {
    ...(given.stated !== undefined && { statedNanos: given.stated }),
    ...(given.reported !== undefined && { reportedNanos: given.reported }),
  }
  const at = Date.parse('2026-02-20T10:00:00Z')
  const input = { id: 'c', at, provider: 'acme', model: 'any', labels: {}, usage: given.usage, ...costs }
  return draftCharge(input, (request) => priceUsage(catalog, request), at)
})
const served = fc.array(weight, { minLength: 1, maxLength: 20 }).map((all) => all.map((each, index) => ticket(`T-${index}`, each)))

const total = (amounts: readonly (bigint | null)[]): bigint | null =>
  amounts.every((each) => each === null) ? null : amounts.reduce<bigint>((sum, each) => sum + (each ?? 0n), 0n)

describe('whatever the usage, the prices and the weights', () => {
  test('the parts sum to the whole: cost, stated and reported cost, each line and each quantity, and calls', () => {
    fc.assert(
      fc.property(someCall, served, (call, serves) => {
        const parts = splitCall(call, serves)
        for (const field of ['costNanos', 'statedNanos', 'reportedNanos'] as const) {
          expect(total(parts.map((part) => part[field]))).toBe(call[field])
        }
        for (const [index, line] of call.lines.entries()) {
          const own = parts.map(({ lines }) => lines[index])
          expect(total(own.map((each) => each?.costNanos ?? null))).toBe(line.costNanos)
          expect(own.reduce((sum, each) => sum + toScaled(line.meter, each?.quantity ?? 0), 0)).toBe(toScaled(line.meter, line.quantity))
        }
        for (const meter of meterNames) {
          const quantities = parts.map((part) => toScaled(meter, part.usage[meter] ?? 0))
          expect(quantities.reduce((a, b) => a + b)).toBe(toScaled(meter, call.usage[meter] ?? 0))
          expect(quantities.every((each) => Number.isSafeInteger(each) && each >= 0)).toBe(true)
        }
        expect(parts.filter(({ part }) => part?.addsCall)).toHaveLength(1)
      }),
    )
  })

  test('the lines of each part sum to its cost, and no part reasons more than it puts out', () => {
    fc.assert(
      fc.property(someCall, served, (call, serves) => {
        for (const { status, costNanos, lines, usage: own } of splitCall(call, serves)) {
          expect(own.reasoningTokens ?? 0).toBeLessThanOrEqual(own.outputTokens ?? 0)
          if (status === 'priced') expect(total([0n, ...lines.map((line) => line.costNanos)])).toBe(costNanos)
        }
      }),
    )
  })

  test('each part tells the whole, and is found again from it alone', () => {
    fc.assert(
      fc.property(someCall, served, (call, serves) => {
        for (const part of splitCall(call, serves)) {
          expect({ ...wholeOf(part), labels: {}, lines: [], costNanos: null }).toEqual({ ...call, lines: [], costNanos: null })
          const again = partOf(call, { index: part.part?.index ?? 0, weights: part.part?.weights ?? [] })
          expect(again).toEqual({ ...part, labels: {} })
        }
      }),
    )
  })

  test('is packed and comes back', () => {
    fc.assert(
      fc.property(someCall, served, (call, serves) => {
        for (const part of splitCall(call, serves)) {
          const numbers = unpackNumbers(packNumbers(part, []), toPricing(part))
          expect(numbers).toMatchObject({ usage: part.usage, lines: part.lines })
          expect({ ...unpackExtras(packExtras(part)).part, of: 'c' }).toEqual(part.part)
        }
      }),
    )
  })
})

test('a part takes few bytes more than a charge of its own', () => {
  const call = draft({ id: 'c', usage: { inputTokens: 1000, outputTokens: 200 } })
  expect(packExtras(call)).toBeNull()
  expect(packExtras(splitCall(call, twoToOne)[1] ?? call)).toBe('{"p":[2,"2 1",[0,1000,4,200],0]}')
})
