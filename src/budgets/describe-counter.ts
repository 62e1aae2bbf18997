import { formatAmount, formatLabels } from './amount-text.ts'
import type { CounterDifference, CounterSums } from './audit-counters.ts'
import type { Metric } from './budget.ts'
import { type ActiveBudget, scopeLabels } from './scope.ts'

/** A difference in words: which counter, what is kept, and what the ledger says. */
export function describeCounter(
  { key, budget, stored, expected }: CounterDifference,
  budgets: readonly ActiveBudget[],
): { readonly key: string; readonly stored: string; readonly expected: string } {
  const active = budgets.find(({ revision }) => revision === key.revision)
  if (active === undefined || budget === null) {
    return { key: `revision ${key.revision} ${key.scope}`, stored: 'a counter', expected: 'none, its budget is gone' }
  }
  const { each, metric, window } = active.budget
  const scope = formatLabels(scopeLabels(each, key.scope), each)
  const since = window.kind === 'run' || window.kind === 'total' ? '' : ` since ${new Date(key.start).toISOString()}`
  return {
    key: `budget ${budget}${scope === '' ? '' : ` (${scope})`}${since}`,
    stored: sumsText(metric, stored),
    expected: sumsText(metric, expected),
  }
}

function sumsText(metric: Metric, sums: CounterSums | null): string {
  if (sums === null) return 'no counter'
  const text = (amount: bigint): string => formatAmount(metric, amount)
  const unpriced = sums.unpriced === 0 ? '' : `, ${sums.unpriced} unpriced`
  return `${text(sums.spent)} spent, ${text(sums.heldWorst)} held (${text(sums.held)} expected), ${text(sums.presumed)} presumed${unpriced}`
}
