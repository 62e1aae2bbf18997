import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { divideCeil, divideFloor, divideHalfEven } from './round.ts'

test.each([
  [7n, 2n, 4n, 3n, 4n],
  [5n, 2n, 2n, 2n, 3n],
  [3n, 2n, 2n, 1n, 2n],
  [1n, 2n, 0n, 0n, 1n],
  [-1n, 2n, 0n, -1n, 0n],
  [-3n, 2n, -2n, -2n, -1n],
  [-5n, 2n, -2n, -3n, -2n],
  [7n, 3n, 2n, 2n, 3n],
  [8n, 3n, 3n, 2n, 3n],
  [-8n, 3n, -3n, -3n, -2n],
  [6n, 3n, 2n, 2n, 2n],
  [0n, 3n, 0n, 0n, 0n],
])('%s / %s rounds to %s (half-even), %s (down), %s (up)', (numerator, denominator, halfEven, floor, ceil) => {
  expect(divideHalfEven(numerator, denominator)).toBe(halfEven)
  expect(divideFloor(numerator, denominator)).toBe(floor)
  expect(divideCeil(numerator, denominator)).toBe(ceil)
})

test('the nearest integer is never more than half away, and even where two are equally near', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 30n }), (numerator, denominator) => {
      const rounded = divideHalfEven(numerator, denominator)
      const away = 2n * (numerator - rounded * denominator)
      expect(away <= denominator && -away <= denominator).toBe(true)
      const isTie = away === denominator || -away === denominator
      expect(isTie && rounded % 2n !== 0n).toBe(false)
    }),
  )
})
