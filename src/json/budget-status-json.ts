import type { z } from 'zod'
import { stopsOnlyNewRuns } from '../budgets/admit.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import { type Nanos, toUsd } from '../money/nanos.ts'
import type { budgetStatusRowShape } from './gate-shapes.ts'
import { iso } from './iso.ts'

/** Where a counter stands, as JSON. */
export function statusJson(status: BudgetStatus): z.infer<typeof budgetStatusRowShape> {
  const { budget, metric, scope, mode, onLimit, limit, tolerance, spent, held, expected, presumed, windowStart, resetsAt } = status
  const isCost = metric === 'cost'
  const usd = (amount: bigint): number | null => (isCost ? toUsd(amount as Nanos) : null)
  return {
    budget,
    metric,
    scope,
    mode,
    onLimit,
    bound: isBounded(status) ? String(limit + tolerance) : null,
    boundText: status.bound,
    limit: String(limit),
    tolerance: String(tolerance),
    spent: String(spent),
    held: String(held),
    expected: String(expected),
    presumed: String(presumed),
    limitUsd: usd(limit),
    spentUsd: usd(spent),
    heldUsd: usd(held),
    presumedUsd: usd(presumed),
    unpricedCalls: status.unpricedCalls,
    windowStart: windowStart === null ? null : iso(windowStart),
    resetsAt: resetsAt === null ? null : iso(resetsAt),
    share: limit === 0n ? null : status.share / 1e4,
    level: status.level,
    overLimit: status.overLimit && {
      by: String(status.overLimit.by),
      cause: status.overLimit.cause,
    },
    counting: status.seeding && { charges: status.seeding.charges },
  }
}

/** Whether a budget lets everything through. */
export function warnsOnly({ mode, onLimit }: Pick<BudgetStatus, 'mode' | 'onLimit'>): boolean {
  return mode === 'soft' || onLimit === 'warn'
}

/** Whether no grant takes spending past limit and tolerance: one that only warns, or lets running runs go on, does not see to that. */
export function isBounded({ mode, onLimit }: Pick<BudgetStatus, 'mode' | 'onLimit'>): boolean {
  return !warnsOnly({ mode, onLimit }) && !stopsOnlyNewRuns(onLimit)
}
