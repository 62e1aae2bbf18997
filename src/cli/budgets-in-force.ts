import type { Budget } from '../budgets/budget.ts'
import type { BudgetRecord } from '../budgets/budget-record.ts'
import { ActiveBudget } from '../budgets/scope.ts'
import { definingPath } from '../facade/apply-configured.ts'
import { noBudget } from '../facade/known-budgets.ts'
import type { Labels } from '../ledger/charge.ts'
import type { Purser } from '../purser.ts'
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

/** The file that defines a budget of the ledger, also where a command has changed it since; undefined where none does. */
export async function fileOf(
  session: Session,
  purser: Purser,
  { name, origin }: Pick<Budget, 'name' | 'origin'>,
): Promise<string | undefined> {
  const source = await purser.budgets.source()
  if (origin === 'file') return source ?? 'purser.yaml'
  if (source === undefined || !session.config.hasBudgets) return undefined
  const configured = await session.config.budgets(purser.timezone)
  return configured.from.has(name) && (await definingPath(session.config, purser, configured)) === source ? source : undefined
}

/** The budgets that apply to a call with these labels. */
export function budgetsFor(records: readonly BudgetRecord[], labels: Labels): BudgetRecord[] {
  return records.filter((record) => new ActiveBudget(record).applied(labels) !== undefined)
}

/** @throws PURSER_NOT_FOUND naming the nearest one */
export function budgetNamed(records: readonly BudgetRecord[], name: string): BudgetRecord {
  const found = records.find(({ budget }) => budget.name === name)
  if (found !== undefined) return found
  throw noBudget(
    name,
    records.map(({ budget }) => budget.name),
  )
}
