import { parseDecimal } from '../money/nanos.ts'
import type { Rate } from './card.ts'

/** The place of a rate in its card: a meter, a long-context tier, and conditions. Two rates never share one. */
export function rateSlot(rate: Rate): string {
  const { serviceTier = '', speed = '', region = '', hours = [], attributes = {} } = rate.when ?? {}
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => a.localeCompare(b))
  return JSON.stringify([rate.meter, rate.from ?? 0, serviceTier, speed, region, hours, sorted])
}

/** Dollars for one unit as an exact fraction. */
function fraction(rate: Rate): { readonly numerator: bigint; readonly denominator: bigint } {
  const { digits, scale } = parseDecimal(rate.usd)
  return { numerator: digits, denominator: 10n ** BigInt(scale) * BigInt(rate.per) }
}

/** Below 0, 0 or above 0 as `a` is cheaper than, as dear as or dearer than `b` by the unit; exact. */
export function compareAmounts(a: Rate, b: Rate): number {
  const [x, y] = [fraction(a), fraction(b)]
  const difference = x.numerator * y.denominator - y.numerator * x.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** How much dearer `after` is than `before`, in percent to one decimal; null where `before` is free. */
export function changePercent(before: Rate, after: Rate): number | null {
  const [x, y] = [fraction(before), fraction(after)]
  if (x.numerator === 0n) return null
  const thousandths = (1000n * (y.numerator * x.denominator - x.numerator * y.denominator)) / (x.numerator * y.denominator)
  return Number(thousandths) / 10
}

/** `$2.5 per 1000000`, as it stands on the card. */
export function describeAmount(rate: Rate): string {
  return rate.per === 1 ? `$${rate.usd}` : `$${rate.usd} per ${rate.per}`
}
