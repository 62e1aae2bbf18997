import { formatDecimal } from '../../money/decimal.ts'
import { parseDecimal } from '../../money/nanos.ts'

/**
 * A decimal written out without exponent, exactly: a JSON number is taken as the shortest decimal that names it,
 * so `2.5e-6` is `0.0000025`. `powerOfTen` moves the point: `decimalText(2.5e-6, 6)` is `2.5`.
 * @throws PURSER_BAD_NUMBER when it is no finite decimal.
 */
export function decimalText(value: string | number, powerOfTen = 0): string {
  const { digits, scale } = parseDecimal(value)
  const moved = scale - powerOfTen
  return formatDecimal(moved < 0 ? { digits: digits * 10n ** BigInt(-moved), scale: 0 } : { digits, scale: moved })
}

const noiseDigits = 12
const plainDigits = 10

/**
 * The amount that was meant where the digits are those of a binary fraction, undefined where they are not: more than
 * 12 of them that matter, and rounded to 12 at most 10 left. A third (0.08333333333333334) keeps all its digits and is
 * no noise.
 */
export function withoutFloatNoise(usd: string): string | undefined {
  const { digits, scale } = parseDecimal(usd)
  const written = digits.toString()
  if (digits <= 0n || written.length <= noiseDigits) return undefined
  const unit = 10n ** BigInt(written.length - noiseDigits)
  const rounded = ((digits + unit / 2n) / unit) * unit
  return rounded.toString().replace(/0+$/, '').length > plainDigits ? undefined : formatDecimal({ digits: rounded, scale })
}
