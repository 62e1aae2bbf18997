import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatUsd, formatUsdExact } from './format.ts'
import { nanos, parseUsd } from './nanos.ts'

describe('an amount in a table', () => {
  test.each([
    [0n, '$0.00'],
    [4_500_000n, '$0.0045'],
    [1n, '$0.000000001'],
    [12_345n, '$0.00001235'],
    [123_456_789n, '$0.1235'],
    [500_000_000n, '$0.50'],
    [999_949_999n, '$0.9999'],
    [999_950_000n, '$1.00'],
    [999_999_999n, '$1.00'],
    [1_000_000_000n, '$1.00'],
    [1_005_000_000n, '$1.01'],
    [12_500_000_000n, '$12.50'],
    [1_234_567_891_000_000n, '$1,234,567.89'],
    [-4_500_000n, '-$0.0045'],
    [-12_500_000_000n, '-$12.50'],
  ])('%s nanos read %s', (value, text) => {
    expect(formatUsd(nanos(value))).toBe(text)
  })

  test('what is not zero never reads $0.00', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), (value) => {
        expect(Number(formatUsd(nanos(value)).replaceAll(/[$,]/g, ''))).toBeGreaterThan(0)
        expect(formatUsd(nanos(-value))).toBe(`-${formatUsd(nanos(value))}`)
      }),
    )
  })

  test('below a dollar it is within half of its fourth significant digit, above within half a cent', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 14n }), (value) => {
        const shown = parseUsd(formatUsd(nanos(value)).replaceAll(/[$,]/g, ''))
        const away = shown > value ? shown - value : value - (shown as bigint)
        const digit = value >= 10n ** 9n ? 10n ** 7n : 10n ** BigInt(Math.max(0, value.toString().length - 4))
        expect(2n * away <= digit).toBe(true)
      }),
    )
  })
})

describe('an exact amount', () => {
  test.each([
    [0n, '$0.00'],
    [4_500_000n, '$0.0045'],
    [12_500_000_000n, '$12.50'],
    [-1n, '-$0.000000001'],
    [1_234_567_890_123_456n, '$1,234,567.890123456'],
  ])('%s nanos read %s', (value, text) => {
    expect(formatUsdExact(nanos(value))).toBe(text)
  })

  test('reads back to the last nano', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (value) => {
        expect(parseUsd(formatUsdExact(nanos(value)).replaceAll(/[$,]/g, ''))).toBe(value)
      }),
    )
  })
})
