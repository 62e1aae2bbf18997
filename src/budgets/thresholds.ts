import type { Level, Terms, Threshold } from './budget.ts'

/** Hundredths of a percent of a limit that is spent, rounded down; a limit of zero is reached by anything spent. */
export function shareOf(spent: bigint, limit: bigint): number {
  if (spent <= 0n) return 0
  return limit <= 0n ? Number.MAX_SAFE_INTEGER : Number((spent * 10_000n) / limit)
}

const none: readonly never[] = []

/** The thresholds that spending has reached beyond the highest that has fired, the lowest first. */
export function crossedThresholds(terms: Terms, spent: bigint, limit: bigint, fired: number): readonly Threshold[] {
  if (terms.thresholds.length === 0) return none
  const share = shareOf(spent, limit)
  if (share <= fired) return none
  return terms.thresholds
    .filter(({ percent }) => hundredths(percent) > fired && hundredths(percent) <= share)
    .toSorted((a, b) => a.percent - b.percent)
}

/** The highest threshold that spending stands at or above, in hundredths of a percent; 0 where it is below all. */
export function reachedThreshold(terms: Terms, spent: bigint, limit: bigint): number {
  const share = shareOf(spent, limit)
  return Math.max(0, ...terms.thresholds.map(({ percent }) => hundredths(percent)).filter((percent) => percent <= share))
}

/** The level of a counter: that of the highest threshold reached, `over` beyond the bound, else `ok`. */
export function levelOf(terms: Terms, spent: bigint, limit: bigint, isOver: boolean): Level | 'ok' | 'over' {
  if (isOver) return 'over'
  const reached = reachedThreshold(terms, spent, limit)
  return terms.thresholds.find(({ percent }) => hundredths(percent) === reached)?.level ?? 'ok'
}

export function hundredths(percent: number): number {
  return Math.round(percent * 100)
}
