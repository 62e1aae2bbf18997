import type { z } from 'zod'
import type { BudgetRecord } from '../budgets/budget-record.ts'
import { boundText } from '../budgets/budget-status.ts'
import { ActiveBudget } from '../budgets/scope.ts'
import { budgetJson } from './budget-json.ts'
import { isBounded } from './budget-status-json.ts'
import type { ledgerBudgetShape } from './gate-shapes.ts'
import { iso } from './iso.ts'

/** A budget of the ledger as JSON. `from`: the file that defines it, or what else did. */
export function ledgerBudgetJson(record: BudgetRecord, from: string): z.infer<typeof ledgerBudgetShape> {
  const { budget, definedAt, countsFrom } = record
  const [active, nowMs] = [new ActiveBudget(record), Date.now()]
  const { limit, tolerance } = active.bounds(budget, nowMs)
  return {
    ...budgetJson(budget, from),
    bound: isBounded(budget) ? String(limit + tolerance) : null,
    boundText: boundText(active, budget, nowMs),
    definedAt: iso(definedAt),
    countsFrom: countsFrom === 0 ? null : iso(countsFrom),
  }
}
