import type { Labels } from '../ledger/charge.ts'
import type { Action, Metric } from './budget.ts'
import type { BudgetWarning, HoldId } from './hold.ts'
import type { LimitFigures } from './limit-figures.ts'

/**
 * Why a hold is refused. `exhausted`: what is spent leaves no room; `contended`: it would fit if open holds gave back what
 * they do not need; `never-fits`: it is larger than the whole limit; `unpriced`, `unbounded`: nobody can say what it may
 * cost; `unavailable`: the counters cannot be read now.
 */
export const denialKinds = ['exhausted', 'contended', 'never-fits', 'unpriced', 'unbounded', 'unavailable'] as const
export type DenialKind = (typeof denialKinds)[number]

/** A hold that was granted. */
export interface Grant {
  readonly granted: true
  readonly id: HoldId
  readonly reservedAt: number
  /** Milliseconds since 1970. From then on the hold is presumed spent. */
  readonly expiresAt: number
  readonly warnings: readonly BudgetWarning[]
  /** The longest answer that what is held allows, for a hold that was bounded by its request. */
  readonly maxOutputTokens?: number
  /** Whether the id was granted before: this is what was set aside then, and not once more. */
  readonly isRepeated?: boolean
}

/** A hold that was refused: a value, not an exception, and nothing of it is stored. Amounts in the metric's unit. */
export interface Denial extends LimitFigures {
  readonly granted: false
  readonly kind: DenialKind
  /** The budget that refused; of several, the one that keeps refusing longest. Where `hold` is given, its id. */
  readonly budget: string
  /** The hold that was to be split, where it is what has no room. */
  readonly hold?: HoldId
  /** What the budget does at its limit; null where it was a hold that had no room. */
  readonly action: Action | null
  readonly metric: Metric
  /** The labels of the counter; none where the budget is not kept apart. */
  readonly scope: Labels
  /** The largest amount that would fit now. */
  readonly room: bigint
  /** When the window ends, or a rolling one has room again; null where waiting does not help. */
  readonly resetsAt: number | null
  readonly retryAfterMs: number | null
  /** Other budgets that refuse too. */
  readonly also: readonly string[]
  readonly message: string
}
