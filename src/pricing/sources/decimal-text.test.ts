import { describe, expect, test } from 'vitest'
import { decimalText, withoutFloatNoise } from './decimal-text.ts'

describe('an amount as exact decimal text', () => {
  test.each([
    [2.5, 0, '2.5'],
    [2.5e-6, 6, '2.5'],
    [2.5e-7, 0, '0.00000025'],
    ['0.0028', 0, '0.0028'],
    [3e-8, 6, '0.03'],
    [0, 6, '0'],
    [15, 0, '15'],
    [0.000015, 6, '15'],
    ['-1.50', 0, '-1.5'],
    // The shortest decimal of the JSON number, moved by six places and not rounded.
    [2.9999900000000002e-6, 6, '2.9999900000000002'],
  ])('%s moved by %s places is %s', (value, places, text) => {
    expect(decimalText(value, places)).toBe(text)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '', 'free'])('%s is refused', (value) => {
    expect(() => decimalText(value)).toThrow(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
  })
})

describe('digits left over from binary fractions', () => {
  test.each([
    ['0.024999999999999998', '0.025'],
    ['0.18000000000000002', '0.18'],
    ['15.000020000000002', '15.00002'],
  ])('%s means %s', (written, meant) => {
    expect(withoutFloatNoise(written)).toBe(meant)
  })

  test.each(['0.08333333333333334', '0.0000002833333333333333', '2.5', '0', '123456789012345'])('%s is meant as it stands', (written) => {
    expect(withoutFloatNoise(written)).toBeUndefined()
  })
})
