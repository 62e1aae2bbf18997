import { parseDecimal } from '../../money/nanos.ts'

/**
 * A decimal written out without exponent, exactly: a JSON number is taken as the shortest decimal that names it,
 * so `2.5e-6` is `0.0000025`. `powerOfTen` moves the point: `decimalText(2.5e-6, 6)` is `2.5`.
 * @throws PURSER_BAD_NUMBER when it is no finite decimal.
 */
export function decimalText(value: string | number, powerOfTen = 0): string {
  const { digits, scale } = parseDecimal(value)
  const point = scale - powerOfTen
  const negative = digits < 0n
  let text = (negative ? -digits : digits).toString()
  if (point <= 0) text += digits === 0n ? '' : '0'.repeat(-point)
  else {
    text = text.padStart(point + 1, '0')
    const fraction = text.slice(-point).replace(/0+$/, '')
    text = text.slice(0, -point) + (fraction === '' ? '' : `.${fraction}`)
  }
  return negative ? `-${text}` : text
}
