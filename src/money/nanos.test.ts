import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addNanos, nanos, parseDecimal, parseUsd, toUsd } from './nanos.ts'

describe('reading dollars', () => {
  test.each([
    ['0', 0n],
    ['0.0045', 4_500_000n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    ['-1.25', -1_250_000_000n],
    ['+2', 2_000_000_000n],
    ['2.5e-6', 2500n],
    ['1E3', 1_000_000_000_000n],
    [' 12.50 ', 12_500_000_000n],
    [0.1, 100_000_000n],
    [0.0021785, 2_178_500n],
    [1e-7, 100n],
    [1e21 / 1e15, 1_000_000_000_000_000n],
  ])('%s dollars are %s nanos', (usd, expected) => {
    expect(parseUsd(usd)).toBe(expected)
  })

  test('what is finer than a nano goes to the nearest even one where it lies in the middle', () => {
    expect(parseUsd('0.0000000005')).toBe(0n)
    expect(parseUsd('0.0000000015')).toBe(2n)
    expect(parseUsd('0.0000000025')).toBe(2n)
    expect(parseUsd('0.00000000250000000000000001')).toBe(3n)
    expect(parseUsd('-0.0000000015')).toBe(-2n)
    expect(parseUsd('-0.0000000025')).toBe(-2n)
  })

  test.each(['', ' ', '.', '-', 'abc', '1,5', '1_000', '0x10', '1e', 'NaN', 'Infinity', Number.NaN, Number.POSITIVE_INFINITY, '1e9999'])(
    '%j is no amount',
    (text) => {
      expect(() => parseUsd(text)).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
    },
  )

  test('an amount beyond the ledger is refused, not wrapped', () => {
    expect(parseUsd('9223372036.854775807')).toBe(2n ** 63n - 1n)
    expect(() => parseUsd('9223372036.854775808')).toThrowError(expect.objectContaining({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' }))
    expect(() => addNanos(nanos(2n ** 63n - 1n), nanos(1n))).toThrowError(expect.objectContaining({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' }))
  })

  test('an amount written out in nine digits reads back the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (value) => {
        const digits = value.toString().padStart(10, '0')
        expect(parseUsd(`${digits.slice(0, -9)}.${digits.slice(-9)}`)).toBe(value)
      }),
    )
  })
})

test('a JSON number is the shortest decimal that names it, not the binary fraction behind it', () => {
  expect(parseDecimal(0.1)).toEqual({ digits: 1n, scale: 1 })
  expect(parseDecimal(0.024999999999999998)).toEqual({ digits: 24_999_999_999_999_998n, scale: 18 })
  expect(parseDecimal('1.500')).toEqual({ digits: 15n, scale: 1 })
  expect(parseDecimal('1e3')).toEqual({ digits: 1000n, scale: 0 })
})

test('dollars for people', () => {
  expect(toUsd(nanos(4_500_000n))).toBe(0.0045)
  expect(toUsd(nanos(-1n))).toBe(-1e-9)
})
