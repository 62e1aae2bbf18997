import type { BudgetRecord } from '../budgets/budget-record.ts'
import { ActiveBudget } from '../budgets/scope.ts'
import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import type { Purser } from '../purser.ts'
import { closest } from '../text/closest.ts'
import { applyBudgets } from './apply-budgets.ts'
import type { Session } from './session.ts'

/** Said where a ledger has no budget. */
export const noBudgets = 'No budgets. `purser budgets set daily --limit 5 --window day` makes one.'

/** The ledger with the budgets of purser.yaml as they are now. */
export async function openWithBudgets(session: Session): Promise<Purser> {
  const purser = await session.open({ create: session.config.files.length > 0, prices: false })
  await applyBudgets(session, purser, 'warn')
  return purser
}

/** The budgets that apply to a call with these labels. */
export function budgetsFor(records: readonly BudgetRecord[], labels: Labels): BudgetRecord[] {
  return records.filter((record) => new ActiveBudget(record).applied(labels) !== undefined)
}

/** @throws PURSER_NOT_FOUND naming the nearest one */
export function budgetNamed(records: readonly BudgetRecord[], name: string): BudgetRecord {
  const found = records.find(({ budget }) => budget.name === name)
  if (found !== undefined) return found
  const nearest = closest(
    name,
    records.map(({ budget }) => budget.name),
  )
  const hint = nearest === undefined ? '`purser budgets list` shows those in force.' : `Did you mean "${nearest}"?`
  throw new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}". ${hint}`)
}
