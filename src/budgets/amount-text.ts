import { formatUsdExact } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import type { Labels } from '../ledger/charge.ts'
import { labelOf } from '../ledger/labels.ts'
import { counted } from '../text/counted.ts'
import { weekdays } from '../time/weekdays.ts'
import type { Metric, Window } from './budget.ts'

/** An amount of a metric for people, to its last digit: `$0.10`, `1,200 tokens`, `1 call`, `3 places`. */
export function formatAmount(metric: Metric, amount: bigint): string {
  switch (metric) {
    case 'cost':
      return formatUsdExact(amount as Nanos)
    case 'tokens':
      return counted(amount, 'token')
    case 'calls':
      return counted(amount, 'call')
    case 'concurrency':
      return counted(amount, 'place')
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

/** Labels as people read them: `project=atlas, run=(none)`; `keys` names those that are shown, also where they are missing. */
export function formatLabels(labels: Labels, keys: readonly string[] = Object.keys(labels)): string {
  return keys.map((key) => `${key}=${shownValue(labelOf(labels, key))}`).join(', ')
}

/** A value that looks like what stands for a missing one is quoted, so that no two scopes read alike. */
function shownValue(value: string | undefined): string {
  if (value === undefined) return '(none)'
  return value.startsWith('(') ? JSON.stringify(value) : value
}

/** A budget with the labels of its counter: `"daily"`, `"per-project" (project=atlas)`. `each`: those it is kept apart by. */
export function formatBudget(name: string, scope: Labels, each: readonly string[] = Object.keys(scope)): string {
  return each.length === 0 ? `"${name}"` : `"${name}" (${formatLabels(scope, each)})`
}
