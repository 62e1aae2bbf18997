import type { Budget } from './budget.ts'

/** The names of the budgets that refuse calls, of everybody or of some only; each once. */
export function hardBudgetNames(budgets: readonly Budget[]): string[] {
  return [...new Set(budgets.filter(isHard).map(({ name }) => name))]
}

function isHard({ mode, overrides }: Budget): boolean {
  return mode !== 'soft' || overrides.some((override) => (override.mode ?? mode) !== 'soft')
}
