import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { roundParts, roundSafeParts } from './round-parts.ts'

test.each([
  // 0.5 + 0.5 + 0.5 = 1.5, half-even 2: the first two of equal remainders go up.
  [[1n, 1n, 1n], 2n, 2n, [1n, 1n, 0n]],
  // 2.25 + 0.25 = 2.5, half-even 2: nothing is left over.
  [[9n, 1n], 4n, 2n, [2n, 0n]],
  // 1.7 + 2.8 = 4.5, half-even 4: one left over, to the larger remainder.
  [[17n, 28n], 10n, 4n, [1n, 3n]],
  [[5n, 7n], 1n, 12n, [5n, 7n]],
  [[], 3n, 0n, []],
])('%s over %s is %s, as %s', (numerators, denominator, total, parts) => {
  expect(roundParts(numerators, denominator)).toEqual({ total, parts })
})

const fractions = fc.tuple(fc.array(fc.integer({ min: 0, max: 1e12 }), { maxLength: 10 }), fc.integer({ min: 1, max: 1e9 }))

test('parts sum to the total, the total is rounded once, and each part is within one of its exact value', () => {
  fc.assert(
    fc.property(fractions, ([numbers, divisor]) => {
      const denominator = BigInt(divisor)
      const numerators = numbers.map(BigInt)
      const { total, parts } = roundParts(numerators, denominator)
      expect(parts.reduce((a, b) => a + b, 0n)).toBe(total)
      const away = 2n * (total * denominator - numerators.reduce((a, b) => a + b, 0n))
      expect(away <= denominator && -away <= denominator).toBe(true)
      for (const [index, part] of parts.entries()) {
        const off = part * denominator - (numerators[index] ?? 0n)
        expect(off < denominator && -off < denominator).toBe(true)
      }
    }),
  )
})

test('integers in doubles give the same as big integers', () => {
  fc.assert(
    fc.property(fractions, ([numbers, divisor]) => {
      const exact = roundParts(numbers.map(BigInt), BigInt(divisor))
      const parts = [...numbers]
      expect(BigInt(roundSafeParts(parts, divisor))).toBe(exact.total)
      expect(parts.map(BigInt)).toEqual(exact.parts)
    }),
  )
})
