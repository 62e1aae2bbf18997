import type { z } from 'zod'
import { formatWindow } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import { formatFilter } from '../../ledger/cost-query.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Cap } from '../../runs/run.ts'
import type { budgetConfigSchema } from '../schemas/budget-config-schema.ts'

type BudgetConfig = z.infer<typeof budgetConfigSchema>

/** A budget as reports show it. */
export function budgetConfigJson(budget: Budget): BudgetConfig {
  const { name, metric, limit, window, zone, where, each, mode, onLimit, tolerance, thresholds } = budget
  return {
    name,
    metric,
    limit: limit.toString(),
    limit_usd: metric === 'cost' ? toUsd(limit as Nanos) : null,
    window: formatWindow(window),
    timezone: zone,
    where: where.map(formatFilter),
    each: [...each],
    mode,
    on_limit: onLimit,
    tolerance: tolerance.toString(),
    thresholds: thresholds.map(({ percent, level, action = null }) => ({ percent, level, action })),
  }
}

/** The cap of a run as reports show it: one limit for each metric that it names. */
export function capConfigJson(cap: Cap): BudgetConfig[] {
  return (['cost', 'tokens', 'calls'] as const).flatMap((metric) => {
    const limit = cap[metric]
    if (limit === undefined) return []
    return [
      {
        name: 'run',
        metric,
        limit: limit.toString(),
        limit_usd: metric === 'cost' ? toUsd(limit as Nanos) : null,
        window: 'run',
        timezone: null,
        where: [],
        each: ['run'],
        mode: 'strict' as const,
        on_limit: 'pause' as const,
        tolerance: '0',
        thresholds: [],
      },
    ]
  })
}
