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
export function costText(nanos: string | bigint, { is_lower_bound: isLowerBound }: { readonly is_lower_bound: boolean }): string {
  return `${isLowerBound ? '≥ ' : ''}${usdText(nanos)}`
}

/** What is not known in full of a variance. */
export interface VarianceDoubts {
  readonly is_lower_bound: boolean
  readonly estimated_is_lower_bound: boolean
}

/** The same of a run of a project. */
export function varianceDoubts(run: {
  readonly variance_is_lower_bound: boolean
  readonly estimate_is_lower_bound: boolean
}): VarianceDoubts {
  return { is_lower_bound: run.variance_is_lower_bound, estimated_is_lower_bound: run.estimate_is_lower_bound }
}

const noDoubts: VarianceDoubts = { is_lower_bound: false, estimated_is_lower_bound: false }

/** `-6.7%`, `+3.0%`, marked where it is at least or at most that; nothing where there is no percentage. */
export function signedPercent(percent: number | null, doubts = noDoubts): string {
  return percent === null ? '' : marked(`${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`, doubts)
}

/** `+$0.25 (+25.0%)`, marked where it is at least or at most that. */
export function varianceText({
  variance_nanos: nanos,
  variance_percent: percent,
  ...doubts
}: VarianceDoubts & { readonly variance_nanos: string; readonly variance_percent: number | null }): string {
  const share = percent === null ? '' : ` (${signedPercent(percent)})`
  return marked(`${BigInt(nanos) > 0n ? '+' : ''}${usdText(nanos)}${share}`, doubts)
}

/** Where calls without a price are missing on both sides, nobody knows how far they are apart. */
function marked(text: string, { is_lower_bound: isAtLeast, estimated_is_lower_bound: isAtMost }: VarianceDoubts): string {
  if (isAtLeast && isAtMost) return 'unknown'
  return `${isAtLeast ? '≥ ' : isAtMost ? '≤ ' : ''}${text}`
}
