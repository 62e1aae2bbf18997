import { expect, test } from 'vitest'
import type { Nanos } from '../../money/nanos.ts'
import { trendOf } from './trend.ts'
import { percentOf } from './variance.ts'

const trend = (...costs: bigint[]) => trendOf(costs as Nanos[])

test('there is no trend before two runs', () => {
  expect([trend(), trend(5n)]).toEqual([null, null])
})

test('the slope is that of the line of least squares', () => {
  // A line exactly: 10 less each time.
  expect(trend(100n, 90n, 80n, 70n)).toMatchObject({
    slope_nanos_per_run: '-10',
    direction: 'less expensive',
    last_against_average_percent: -22.2,
  })
  // 1, 2, 4: Σ(i−2)·c = 3, over 2, is 1.5, which rounds to the even 2.
  expect(trend(1n, 2n, 4n)).toMatchObject({ slope_nanos_per_run: '2', direction: 'more expensive' })
  expect(trend(7n, 7n, 7n)).toMatchObject({ slope_nanos_per_run: '0', direction: 'as before', last_against_average_percent: 0 })
  expect(trend(0n, 7n)).toMatchObject({ slope_nanos_per_run: '7', last_against_average_percent: null })
})

test('a percentage has one decimal, and nothing has none', () => {
  // −0.03 of 0.45 is −6.666… %; 1 of 3 is 33.333… %; 1 of 800 is 0.125 %, and 3 of 800 is 0.375 %, each halfway rounded to even.
  expect([percentOf(-30n, 450n), percentOf(1n, 3n), percentOf(1n, 800n), percentOf(1n, 0n)]).toEqual([-6.7, 33.3, 0.1, null])
})
