import type { Action, Budget, Metric } from '../budgets/budget.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import type { Amounts } from '../budgets/hold.ts'
import type { LimitReached } from './run.ts'

/** What a run does at a limit, between two of its stages. */
export interface StageLimit {
  readonly action: Extract<Action, 'pause' | 'terminate'>
  readonly limit: LimitReached
}

/**
 * The first budget that says that a run pauses, or ends, before its next stage: one whose limit is reached, or that has
 * less left than the stage is estimated at, or one that has passed a threshold with that action. What is held does not
 * count: it is the run's own, or somebody's that may give it back.
 */
export function limitBetweenStages(statuses: readonly BudgetStatus[], budgets: readonly Budget[], next: Amounts): StageLimit | undefined {
  for (const status of statuses) {
    const asked = next[status.metric] ?? null
    const limit = reachedBy(status, asked)
    // Places are held and never spent, so a run that has one is within the limit.
    if (status.metric === 'concurrency') continue
    const { onLimit } = status
    if (isReached(status, asked ?? 0n) && (onLimit === 'pause' || onLimit === 'terminate')) return { action: onLimit, limit }
    const passed = thresholdPassed(
      status,
      budgets.find(({ name }) => name === status.budget),
    )
    if (passed !== undefined) return { action: passed.action, limit: { ...limit, threshold: passed.percent } }
  }
  return undefined
}

function isReached({ spent, presumed, limit, tolerance, mode }: BudgetStatus, next: bigint): boolean {
  const left = limit + tolerance - spent - presumed
  return mode !== 'soft' && (left <= 0n || next > left)
}

/** The first threshold that is passed and says that runs pause or end. */
function thresholdPassed(
  { spent, limit }: BudgetStatus,
  budget: Budget | undefined,
): { readonly percent: number; readonly action: StageLimit['action'] } | undefined {
  for (const { percent, action } of budget?.thresholds ?? []) {
    if ((action === 'pause' || action === 'terminate') && reaches(spent, limit, percent)) return { percent, action }
  }
  return undefined
}

/** Percents have two decimals at most. */
function reaches(spent: bigint, limit: bigint, percent: number): boolean {
  return limit > 0n && spent * 10_000n >= limit * BigInt(Math.round(percent * 100))
}

/** A counter as the figures of a limit. */
export function reachedBy(status: BudgetStatus, asked: bigint | null): LimitReached {
  const { budget, metric, scope, limit, spent, held, presumed, resetsAt, isWithheld } = status
  return { budget, metric, scope, limit, spent, held, presumed, asked, resetsAt, ...(isWithheld === true && { isWithheld }) }
}

/** What is left of a cap once a run spent so much, where that is too little for what comes next; undefined where it is enough. */
export function capReached(cap: Amounts, spent: Amounts, presumed: Amounts, next: Amounts): LimitReached | undefined {
  for (const [metric, limit] of Object.entries(cap) as [Metric, bigint][]) {
    const [used, open, asked] = [spent[metric] ?? 0n, presumed[metric] ?? 0n, next[metric]]
    const left = limit - used - open
    if (left > 0n && (asked ?? 0n) <= left) continue
    return { budget: 'run', metric, scope: {}, limit, spent: used, held: 0n, presumed: open, asked: asked ?? null, resetsAt: null }
  }
  return undefined
}
