import { type Nanos, nanosPerUsd } from './nanos.ts'

/** All nine digits that a ledger keeps, without trailing zeros beyond cents: `$0.0045`, `$12.50`, `-$0.000000001`. */
export function formatUsdExact(value: Nanos): string {
  const sign = value < 0n ? '-' : ''
  const magnitude = value < 0n ? -value : (value as bigint)
  const fraction = (magnitude % nanosPerUsd).toString().padStart(9, '0').replace(/0+$/, '').padEnd(2, '0')
  return `${sign}$${group(magnitude / nanosPerUsd)}.${fraction}`
}

/**
 * For tables: cents from one dollar on, four significant digits below, and never `$0.00` for what is not zero.
 */
export function formatUsd(value: Nanos): string {
  const magnitude = value < 0n ? -value : (value as bigint)
  if (magnitude === 0n) return '$0.00'
  const places = magnitude >= nanosPerUsd ? 2 : Math.min(9, Math.max(2, 13 - magnitude.toString().length))
  const unit = 10n ** BigInt(9 - places)
  const rounded = ((magnitude + unit / 2n) / unit) * unit
  const whole = rounded / nanosPerUsd
  const fraction = (rounded % nanosPerUsd).toString().padStart(9, '0').slice(0, places).replace(/0+$/, '').padEnd(2, '0')
  return `${value < 0n ? '-' : ''}$${group(whole)}.${fraction}`
}

function group(whole: bigint): string {
  return whole.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}
