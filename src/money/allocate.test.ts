import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocate } from './allocate.ts'
import { nanos } from './nanos.ts'

test.each([
  // 100 over thirds: 33.3 each; the one left over goes to the first of equal remainders.
  [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
  // 10 × 6/13 = 4.61, 10 × 4/13 = 3.07, 10 × 3/13 = 2.30
  [10n, [6n, 4n, 3n], [5n, 3n, 2n]],
  [7n, [1n, 0n], [7n, 0n]],
  [0n, [3n, 4n], [0n, 0n]],
  // A credit: −10/3 rounded down is −4, and the two left over go to the first ones.
  [-10n, [1n, 1n, 1n], [-3n, -3n, -4n]],
])('%s over %s is %s', (total, weights, parts) => {
  expect(allocate(nanos(total), weights)).toEqual(parts)
})

test('parts sum to the total, and none is a nano or more away from its exact share', () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 10n ** 15n }), { minLength: 1, maxLength: 12 })
    .filter((list) => list.some((w) => w > 0n))
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), weights, (total, list) => {
      const sum = list.reduce((a, b) => a + b, 0n)
      const parts = allocate(nanos(total), list)
      expect(parts.reduce<bigint>((a, b) => a + b, 0n)).toBe(total)
      for (const [index, part] of parts.entries()) {
        const away = part * sum - total * (list[index] ?? 0n)
        expect(away < sum && -away < sum).toBe(true)
      }
    }),
  )
})

test('weights that are negative, or all zero, are refused', () => {
  expect(() => allocate(nanos(1n), [1n, -1n])).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
  expect(() => allocate(nanos(1n), [0n])).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
  expect(() => allocate(nanos(1n), [])).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
})
