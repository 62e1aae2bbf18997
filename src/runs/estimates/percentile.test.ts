import { expect, test } from 'vitest'
import { ascending, nearestRank } from './percentile.ts'

test.each([
  // The worked examples of the nearest-rank method in the article that the function names.
  [[15, 20, 35, 40, 50], 5, 15],
  [[15, 20, 35, 40, 50], 30, 20],
  [[15, 20, 35, 40, 50], 40, 20],
  [[15, 20, 35, 40, 50], 50, 35],
  [[15, 20, 35, 40, 50], 100, 50],
  [[3, 6, 7, 8, 8, 10, 13, 15, 16, 20], 25, 7],
  [[3, 6, 7, 8, 8, 10, 13, 15, 16, 20], 50, 8],
  [[3, 6, 7, 8, 8, 9, 10, 13, 15, 16, 20], 50, 9],
  [[3, 6, 7, 8, 8, 9, 10, 13, 15, 16, 20], 75, 15],
  [[4], 90, 4],
])('of %o the percentile %i is %i', (samples, percent, expected) => {
  expect(nearestRank(samples, percent)).toBe(expected)
})

test('amounts are put in order as amounts, not as text', () => {
  expect(ascending([10n, 9n, -1n, 100n])).toEqual([-1n, 9n, 10n, 100n])
})
