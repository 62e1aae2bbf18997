import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDecimal, multiplyDecimals } from './decimal.ts'
import { parseDecimal } from './nanos.ts'

test.each([
  ['2.5', '0.5', '1.25'],
  ['3', '1.1', '3.3'],
  ['0.25', '4', '1'],
  ['0.003625', '0.5', '0.0018125'],
  ['0', '1.1', '0'],
  ['-2', '0.5', '-1'],
])('%s × %s is %s', (a, b, product) => {
  expect(formatDecimal(multiplyDecimals(parseDecimal(a), parseDecimal(b)))).toBe(product)
})

test('what is written out reads back the same', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: 0, max: 24 }), (digits, scale) => {
      const text = formatDecimal({ digits, scale })
      const read = parseDecimal(text)
      expect(read.digits * 10n ** BigInt(scale)).toBe(digits * 10n ** BigInt(read.scale))
      expect(text).not.toMatch(/e|\.\d*0$/)
    }),
  )
})
