/**
 * How much of their worst case earlier holds came to use: counts of settled holds by the share of the worst case that was
 * spent, in twentieths, and how far what was expected fell short. Shares above one are in the last bucket.
 */
export interface Learned {
  readonly buckets: readonly number[]
  /** Settled holds that were given an expectation. */
  readonly holds: number
  /** Of those, how many cost more than was expected. */
  readonly overshot: number
  /** By how much, in sum, in the metric's unit. */
  readonly overshoot: bigint
}

const bucketCount = 21
/** Fewer settled holds than this say nothing yet. */
const minimum = 20
/** Beyond this many the older ones count half, so that a changed habit is learned. */
const memory = 2000

export const nothingLearned: Learned = { buckets: Array.from({ length: bucketCount }, () => 0), holds: 0, overshot: 0, overshoot: 0n }

/**
 * The share of the worst case, in twentieths, that a quantile of earlier holds stayed within; null as long as there are
 * too few of them.
 */
export function learnedShare({ buckets }: Learned, quantile: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  if (total < minimum) return null
  let seen = 0
  for (const [index, count] of buckets.entries()) {
    seen += count
    if (seen >= total * quantile) return Math.min(index + 1, bucketCount - 1)
  }
  return bucketCount - 1
}

/** What is expected of a hold: rounded up, never above the worst case. */
export function expectedOf(learned: Learned | undefined, worst: bigint, quantile: number): bigint {
  const share = learned === undefined ? null : learnedShare(learned, quantile)
  if (share === null) return worst
  const expected = (worst * BigInt(share) + 19n) / 20n
  return expected < worst ? expected : worst
}

/** Learns from a settled hold: its worst case, what was expected, and what it came to. */
export function learn(learned: Learned, { worst, expected, actual }: { worst: bigint; expected: bigint; actual: bigint }): Learned {
  if (worst <= 0n) return learned
  const share = Number((actual * 20n) / worst)
  const index = Math.min(Math.max(share, 0), bucketCount - 1)
  const total = learned.buckets.reduce((sum, count) => sum + count, 0)
  const aged = total >= memory ? learned.buckets.map((count) => Math.floor(count / 2)) : learned.buckets
  const isOver = actual > expected
  return {
    buckets: aged.map((count, at) => (at === index ? count + 1 : count)),
    holds: learned.holds + 1,
    overshot: learned.overshot + (isOver ? 1 : 0),
    overshoot: learned.overshoot + (isOver ? actual - expected : 0n),
  }
}

/** As the text that stores keep. */
export function learnedText(learned: Learned): string {
  return JSON.stringify({ ...learned, overshoot: String(learned.overshoot) })
}

/** What `learnedText` wrote. */
export function fromLearnedText(text: string): Learned {
  const { overshoot, ...rest } = JSON.parse(text) as Omit<Learned, 'overshoot'> & { readonly overshoot: string }
  return { ...rest, overshoot: BigInt(overshoot) }
}
