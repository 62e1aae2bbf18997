import { formatUsdExact } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import { counted } from '../text/counted.ts'
import { formatCount } from '../text/numbers.ts'
import { weekdays } from '../time/weekdays.ts'
import type { Budget, Metric, Window } from './budget.ts'

/** An amount of a metric for people: `$0.10`, `1,200 tokens`, `1 call`, `3 places`. */
export function formatAmount(metric: Metric, amount: bigint): string {
  switch (metric) {
    case 'cost':
      return formatUsdExact(amount as Nanos)
    case 'tokens':
      return `${formatCount(Number(amount))} tokens`
    case 'calls':
      return counted(Number(amount), 'call')
    case 'concurrency':
      return counted(Number(amount), 'place')
  }
}

/** A window as it is written on the command line and in files. */
export function formatWindow(window: Window): string {
  switch (window.kind) {
    case 'week':
      return window.startsOn === 1 ? 'week' : `week@${weekdays[window.startsOn - 1]}`
    case 'month':
      return window.anchorDay === 1 ? 'month' : `month@${window.anchorDay}`
    case 'rolling':
      return window.hours % 24 === 0 && window.hours > 24 ? `${window.hours / 24}d` : `${window.hours}h`
    default:
      return window.kind
  }
}

/** The scope that labels name: `project=atlas, run=none`; empty where the budget is not kept apart. */
export function formatScope(each: readonly string[], scope: string): string {
  const values = JSON.parse(scope) as (string | null)[]
  return each.map((key, index) => `${key}=${values[index] ?? 'none'}`).join(', ')
}

/** A budget with its scope: `daily`, `per-project (project=atlas)`. */
export function formatBudget(budget: Budget, scope: string): string {
  const values = formatScope(budget.each, scope)
  return values === '' ? `"${budget.name}"` : `"${budget.name}" (${values})`
}
