import type { z } from 'zod'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import { type CostTable, CostTableBuilder } from '../ledger/cost-table.ts'
import type { AskedPeriod } from '../reports/asked-period.ts'
import type { UnresolvedHolds } from '../reports/unresolved-holds.ts'
import { statusJson } from './budget-status-json.ts'
import { periodJson, sumsJson, unresolvedJson } from './cost-json.ts'
import type { dailyUsageShape, usageSummaryShape } from './usage-shapes.ts'

/** What a period came to in one row, with the budget that it uses up most, as JSON. */
export function usageSummaryJson(
  period: AskedPeriod,
  table: CostTable,
  { unresolved, budget }: { readonly unresolved: UnresolvedHolds | undefined; readonly budget: BudgetStatus | undefined },
): z.infer<typeof usageSummaryShape> {
  return {
    period: periodJson(period),
    total: sumsJson(table.total),
    unresolved: unresolved === undefined ? null : unresolvedJson(unresolved),
    budget: budget === undefined ? null : statusJson(budget),
  } as z.infer<typeof usageSummaryShape>
}

/** The sums of days, of those without calls too, as JSON. `table` has a row for each day that has calls. */
export function dailyUsageJson(period: AskedPeriod, dates: readonly string[], table: CostTable): z.infer<typeof dailyUsageShape> {
  const rows = new Map(table.rows.map((row) => [row.key[0], row]))
  const { total: nothing } = new CostTableBuilder(-1).build(undefined, undefined, -1, undefined)
  return {
    period: periodJson(period),
    days: dates.map((date) => ({ date, ...sumsJson(rows.get(date) ?? nothing) })),
    total: sumsJson(table.total),
  } as z.infer<typeof dailyUsageShape>
}
