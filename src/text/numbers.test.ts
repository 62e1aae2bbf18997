import { expect, test } from 'vitest'
import { formatBytes, formatCompact, formatCount, formatShare } from './numbers.ts'

test.each([
  [0, '0'],
  [999, '999'],
  [12_345, '12,345'],
  [1_234_567.5, '1,234,568'],
  [-12_345, '-12,345'],
])('%d is counted as %s', (value, text) => {
  expect(formatCount(value)).toBe(text)
})

test.each([
  [9_999, '9,999'],
  [12_345, '12.3K'],
  [123_456, '123K'],
  [999_499, '999K'],
  [999_999, '1.00M'],
  [4_560_000, '4.56M'],
  [9_996_000_000, '10.0B'],
  [2e12, '2.00T'],
  [-12_345, '-12.3K'],
])('%d is %s in short', (value, text) => {
  expect(formatCompact(value)).toBe(text)
})

test.each([
  [0, '0.0%'],
  [0.000_01, '<0.1%'],
  [0.004, '0.4%'],
  [0.6567, '65.7%'],
  [1, '100.0%'],
])('the share %d is %s', (fraction, text) => {
  expect(formatShare(fraction)).toBe(text)
})

test.each([
  [999, '999 B'],
  [12_400, '12 kB'],
  [999_999, '1.0 MB'],
  [1_250_000, '1.3 MB'],
  [999_999_999, '1.00 GB'],
  [2_500_000_000, '2.50 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
