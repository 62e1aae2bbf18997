import type { z } from 'zod'
import { formatWindow } from '../budgets/amount-text.ts'
import type { Budget } from '../budgets/budget.ts'
import type { budgetShape } from './budget-shape.ts'
import { iso } from './iso.ts'

/** Who defined a budget: the file, or `cli`, `sdk`, `api`. */
export function originOf({ origin }: Budget, source: string | undefined): string {
  return origin === 'file' ? (source ?? 'file') : origin
}

/** A budget as JSON, amounts as text in the metric's unit. */
export function budgetJson(budget: Budget, from: string): z.infer<typeof budgetShape> {
  const { name, metric, each, zone, countsPlan, countsCacheReads, learnBy, quantile } = budget
  return {
    name,
    from,
    metric,
    limit: String(budget.limit),
    mode: budget.mode,
    tolerance: String(budget.tolerance),
    onLimit: budget.onLimit,
    thresholds: [...budget.thresholds],
    where: budget.where.map(({ field, op, values }) => ({ field, op, values: [...values] })),
    each: [...each],
    window: formatWindow(budget.window),
    timezone: zone,
    overrides: budget.overrides.map(({ match, limit, tolerance, thresholds, ...rest }) => ({
      match,
      ...rest,
      ...(limit !== undefined && { limit: String(limit) }),
      ...(tolerance !== undefined && { tolerance: String(tolerance) }),
      ...(thresholds !== undefined && { thresholds: [...thresholds] }),
    })),
    increase: budget.increase && { by: String(budget.increase.by), until: iso(budget.increase.until) },
    countsPlan,
    countsCacheReads,
    ceiling: budget.ceiling === null ? null : String(budget.ceiling),
    learnBy: [...learnBy],
    quantile,
  }
}
