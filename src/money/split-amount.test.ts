import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitAmount, splitRows } from './split-amount.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

describe('an amount split by weights', () => {
  test('gives each its share where that is whole', () => {
    expect(splitAmount(9n, [2n, 1n])).toEqual([6n, 3n])
  })

  test('gives what is left over to the largest remainders', () => {
    // 10 × 5/9 = 5.56, 10 × 3/9 = 3.33, 10 × 1/9 = 1.11: 9 are given, one is left.
    expect(splitAmount(10n, [5n, 3n, 1n])).toEqual([6n, 3n, 1n])
  })

  test('gives it to the earlier of equal remainders', () => {
    expect(splitAmount(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n])
    expect(splitAmount(1n, [1n, 1n])).toEqual([1n, 0n])
  })

  test('of nothing is nothing', () => {
    expect(splitAmount(0n, [3n, 1n])).toEqual([0n, 0n])
    expect(splitAmount(0n, [0n, 0n])).toEqual([0n, 0n])
  })
})

describe('rows split by weights', () => {
  test('keep both sums, where rounding each row by itself would not', () => {
    // Each row alone would give its one unit to the first column, and that would get 2 of 2.
    expect(splitRows([1n, 1n], [1n, 1n])).toEqual([
      [1n, 0n],
      [0n, 1n],
    ])
  })

  const amounts = fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: 10n ** 16n })), { maxLength: 8 })
  const weights = fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { minLength: 1, maxLength: 12 })

  test('keep the sum of each row and of each column, and give nobody less than nothing', () => {
    fc.assert(
      fc.property(amounts, weights, (rows, by) => {
        const split = splitRows(rows, by)
        expect(split.map(sum)).toEqual(rows)
        expect(by.map((_, column) => sum(split.map((row) => row[column] ?? 0n)))).toEqual(splitAmount(sum(rows), by))
        expect(split.flat().every((part) => part >= 0n)).toBe(true)
      }),
    )
  })

  test('stay within one unit of the exact share in their sums', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 16n }), weights, (amount, by) => {
        const whole = sum(by)
        for (const [column, part] of splitAmount(amount, by).entries()) {
          const distance = part * whole - amount * (by[column] ?? 0n)
          expect(distance < whole && distance > -whole).toBe(true)
        }
      }),
    )
  })
})
