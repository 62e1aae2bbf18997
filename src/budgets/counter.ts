/** Why a counter stands above what its budget grants. None of these is a grant of a hard budget. */
export type Cause = 'unheld' | 'overrun' | 'correction' | 'limit-lowered' | 'increase-ended' | 'seeded' | 'soft' | 'running-run'

/** What is spent, held and presumed for one budget revision, scope value and window. Amounts in the metric's unit. */
export interface Counter {
  readonly id: number
  /** Number of the budget's revision. */
  readonly revision: number
  /** Values of the labels that the budget is kept apart by, as JSON; see scope.ts. */
  readonly scope: string
  /** First instant of the window, or of the slice of a rolling one. */
  readonly start: number
  readonly end: number | null
  spent: bigint
  /** Expected amounts of the open holds. */
  held: bigint
  /** Their worst cases. */
  heldWorst: bigint
  /** Worst cases of holds that ran out without an answer. */
  presumed: bigint
  /** Calls that nobody has a price for; they add nothing to a cost. */
  unpriced: number
  /** The highest threshold that has fired, in hundredths of a percent. */
  fired: number
  /** Whether a first denial was told. */
  denied: boolean
  cause: Cause | null
}

export type CounterKey = Pick<Counter, 'revision' | 'scope' | 'start'>

/** One text for what tells a counter apart from all others. */
export function counterName({ revision, scope, start }: CounterKey): string {
  return `${revision} ${start} ${scope}`
}

/** Sums over the counters of a window: one, or the slices of a rolling one. */
export interface Tally {
  readonly spent: bigint
  readonly held: bigint
  readonly heldWorst: bigint
  readonly presumed: bigint
  readonly unpriced: number
}

export function tally(counters: readonly Counter[]): Tally {
  const only = counters[0]
  if (counters.length === 1 && only !== undefined) return only
  let [spent, held, heldWorst, presumed, unpriced] = [0n, 0n, 0n, 0n, 0]
  for (const counter of counters) {
    spent += counter.spent
    held += counter.held
    heldWorst += counter.heldWorst
    presumed += counter.presumed
    unpriced += counter.unpriced
  }
  return { spent, held, heldWorst, presumed, unpriced }
}

/** What is spent already or may yet be spent by what was granted. */
export function committed(sums: Tally): bigint {
  return sums.spent + sums.presumed + sums.heldWorst
}

export function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
