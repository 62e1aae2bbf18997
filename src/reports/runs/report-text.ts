import { formatUsd } from '../../money/format.ts'
import type { Nanos } from '../../money/nanos.ts'

// How reports put amounts into words.

/** Nanos as dollars: `$0.42`. */
export function usdText(nanos: string | bigint): string {
  return formatUsd(BigInt(nanos) as Nanos)
}

/** The same for dollars that a report carries as a number. */
export function usdNumberText(usd: number): string {
  return usdText(BigInt(Math.round(usd * 1e9)))
}

/** A cost that is marked where calls without a price are missing from it. */
export function costText(nanos: string, { is_lower_bound: isLowerBound }: { readonly is_lower_bound: boolean }): string {
  return `${isLowerBound ? '≥ ' : ''}${usdText(nanos)}`
}

/** `-6.7%`, `+3.0%`; nothing where there is no percentage. */
export function signedPercent(percent: number | null): string {
  return percent === null ? '' : `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`
}
