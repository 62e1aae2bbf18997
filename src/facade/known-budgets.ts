import { PurserError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import { closest } from '../text/closest.ts'

/** Checks that budgets are in force: of one that is mistyped everything would look free. @throws PURSER_NOT_FOUND naming the nearest */
export async function checkBudgetNames(store: Pick<Store, 'gate'>, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const known = (await store.gate('budgets', {})).map(({ budget }) => budget.name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw noBudget(unknown, known)
}

/** What is said of a name that none of the budgets in force has. */
export function noBudget(name: string, known: readonly string[]): PurserError {
  const nearest = closest(name, known)
  const hint = nearest === undefined ? '`purser budgets list` shows those in force.' : `Did you mean "${nearest}"?`
  return new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}". ${hint}`)
}
