import type { Decimal } from './nanos.ts'

/** The exact product of two decimals, in lowest terms. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  let digits = a.digits * b.digits
  let scale = a.scale + b.scale
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n
    scale -= 1
  }
  return { digits, scale }
}

/** A decimal written out, without exponent and without trailing zeros: `0.0000025`. */
export function formatDecimal({ digits, scale }: Decimal): string {
  const magnitude = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  const whole = magnitude.slice(0, magnitude.length - scale)
  const fraction = magnitude.slice(magnitude.length - scale).replace(/0+$/, '')
  return `${digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}
