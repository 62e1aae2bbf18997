import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Card, Rate } from '../../src/pricing/card.ts'
import { createCatalog } from '../../src/pricing/catalog.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import { type Meter, meterNames, meters } from '../../src/usage/meters.ts'

// An arithmetic of its own, in fractions of big integers: nothing of it is shared with what it checks.
interface Fraction {
  n: bigint
  d: bigint
}
const times = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.n, d: a.d * b.d })
const plus = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d })

function fraction(text: string): Fraction {
  const [whole = '', decimals = ''] = text.split('.')
  return { n: BigInt(whole + decimals), d: 10n ** BigInt(decimals.length) }
}

/** Rounds to the nearest integer by trying both neighbours. */
function nearestEven({ n, d }: Fraction): bigint {
  const below = n / d
  const distanceBelow = n - below * d
  const distanceAbove = (below + 1n) * d - n
  if (distanceBelow !== distanceAbove) return distanceBelow < distanceAbove ? below : below + 1n
  return below % 2n === 0n ? below : below + 1n
}

const decimal = fc.tuple(fc.bigInt({ min: 0n, max: 999_999n }), fc.integer({ min: 0, max: 18 })).map(([digits, scale]) => {
  const text = digits.toString().padStart(scale + 1, '0')
  return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`
})
const rated = meterNames.filter((meter) => meter !== 'reasoningTokens')
const quantityOf = (meter: Meter) =>
  meters[meter].scale === 0
    ? fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 10_000_000_000 }))
    : fc.integer({ min: 1, max: 10_000_000_000 }).map((millionths) => millionths / 1e6)

const call = fc.uniqueArray(fc.constantFrom(...rated), { minLength: 1, maxLength: 8 }).chain((used) =>
  fc.record({
    rates: fc.tuple(
      ...used.map((meter) => fc.record({ meter: fc.constant(meter), usd: decimal, per: fc.constantFrom(1, 60, 1000, 3600, 1_000_000) })),
    ),
    quantities: fc.tuple(...used.map(quantityOf)),
    factors: fc.array(decimal, { maxLength: 2 }),
    order: fc.shuffledSubarray(used, { minLength: used.length }),
  }),
)

function priceBy(rates: readonly Rate[], usage: object, factors: readonly string[]) {
  const modifiers = factors.map((factor) => ({ when: { serviceTier: 'x' }, factor, meters: rated }))
  const card: Card = { provider: 'p', model: 'm', rates, modifiers, source: 's', checkedAt: '2026-01-01' }
  const catalog = createCatalog({ owner: [], refreshed: [], shipped: [card] })
  const level = factors.length === 0 ? {} : { serviceTier: 'x' }
  return priceUsage(catalog, { provider: 'p', model: 'm', usage, at: Date.parse('2026-06-01'), ...level })
}

function codeOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    return (error as { code: unknown }).code
  }
}

test('a cost is the exact sum of quantity × rate × factors, rounded once half-even, and its lines sum to it', () => {
  fc.assert(
    fc.property(call, ({ rates, quantities, factors, order }) => {
      const quantityBy = new Map<Meter, number>(rates.map(({ meter }, index) => [meter, quantities[index] ?? 0]))
      const factor = factors.map(fraction).reduce(times, { n: 1n, d: 1n })
      const exactLine = ({ meter, usd, per }: Rate): Fraction => {
        const millionths = BigInt(Math.round((quantityBy.get(meter) ?? 0) * 1e6))
        return times(times({ n: millionths, d: 1_000_000n }, times(fraction(usd), factor)), { n: 1_000_000_000n, d: BigInt(per) })
      }
      const exact = rates.map(exactLine).reduce(plus)
      const expected = nearestEven(exact)
      const ask = () => priceBy(rates, Object.fromEntries(order.map((meter) => [meter, quantityBy.get(meter)])), factors)
      if (expected >= 2n ** 63n) return codeOf(ask) === 'PURSER_AMOUNT_OUT_OF_RANGE'
      const priced = ask()
      if (priced.status === 'unpriced') throw new Error(priced.message)
      expect(priced.costNanos).toBe(expected)
      expect(priced.lines.reduce<bigint>((sum, line) => sum + line.costNanos, 0n)).toBe(expected)
      expect(priced.lines.map((line) => line.meter)).toEqual(meterNames.filter((meter) => quantityBy.has(meter)))
      for (const line of priced.lines) {
        const rate = rates.find(({ meter }) => meter === line.meter) as Rate
        const { n, d } = plus(exactLine(rate), { n: -line.costNanos, d: 1n })
        expect(n < d && -n < d).toBe(true)
        const shown = fraction(line.rateUsd)
        const exactRate = times(fraction(rate.usd), factor)
        expect(shown.n * exactRate.d).toBe(exactRate.n * shown.d)
      }
      return true
    }),
    { numRuns: 2000 },
  )
})
