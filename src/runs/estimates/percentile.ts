/** Fewer samples than this say nothing of a spread. */
export const fewestSamples = 3

/**
 * The nearest-rank percentile: the smallest of the samples that at least so many percent of them do not exceed, so one of
 * them and never a figure between two. `sorted` is in ascending order and not empty; `percent` is above 0 and at most 100.
 * Source: the definition of the ordinal rank ⌈P/100 × N⌉, https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
 */
export function nearestRank<T>(sorted: readonly T[], percent: number): T {
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] as T
}

/** Amounts in ascending order. */
export function ascending<T extends bigint | number>(samples: readonly T[]): T[] {
  return samples.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
