import { formatAmount, formatWindow } from '../budgets/amount-text.ts'
import type { Budget, Metric, Override, Terms, Threshold } from '../budgets/budget.ts'
import { formatFilter } from '../ledger/cost-query.ts'

/** A budget for people: its name and where it is from, and below them what it says. */
export function budgetLines(budget: Budget, from: string): string[] {
  const { metric, window, zone, overrides, increase, ceiling } = budget
  const rows: [string, string][] = [
    ['limit', `${formatAmount(metric, budget.limit)}${tolerated(budget, metric)}, ${windowText(metric, formatWindow(window), zone)}`],
    ['at limit', `${budget.mode}: ${budget.onLimit}`],
    ['scope', scopeText(budget)],
    ['thresholds', thresholdsText(budget.thresholds)],
    ...overrides.map((override): [string, string] => ['override', overrideText(override, metric)]),
  ]
  if (increase !== null) rows.push(['increase', `${formatAmount(metric, increase.by)} until ${new Date(increase.until).toISOString()}`])
  if (ceiling !== null) rows.push(['ceiling', `${formatAmount(metric, ceiling)} for a request without a bound`])
  if (budget.countsPlan) rows.push(['counts', 'what a subscription covers too'])
  if (!budget.countsCacheReads) rows.push(['counts', 'no tokens that are read from a cache'])
  if (budget.mode === 'adaptive') {
    rows.push([
      'expects',
      `what ${budget.quantile} of earlier calls stayed within${budget.learnBy.length === 0 ? '' : `, by ${budget.learnBy.join(', ')}`}`,
    ])
  }
  return [`${budget.name}  ${from}`, ...rows.map(([name, value]) => `  ${name.padEnd(10)}  ${value}`)]
}

function windowText(metric: Metric, window: string, zone: string): string {
  if (metric === 'concurrency') return 'at one time'
  if (window === 'total') return 'for good'
  return /\d[hd]$/.test(window) ? `within ${window}` : `a ${window}${/^(?:run|hour)$/.test(window) ? '' : ` (${zone})`}`
}

function tolerated({ mode, tolerance }: Partial<Terms>, metric: Metric): string {
  return mode === 'adaptive' && tolerance !== undefined ? ` and ${formatAmount(metric, tolerance)} of tolerance` : ''
}

function scopeText({ where, each }: Budget): string {
  const filters = where.length === 0 ? 'all calls' : `calls with ${where.map(formatFilter).join(' and ')}`
  return each.length === 0 ? filters : `${filters}, each ${each.join(', ')} apart`
}

/** Thresholds in words, with their levels. */
export function thresholdsText(thresholds: readonly Threshold[]): string {
  if (thresholds.length === 0) return 'none'
  return thresholds
    .map(({ percent, level, action, message }) =>
      [
        `${percent} % ${level}`,
        ...(action === undefined ? [] : [action]),
        ...(message === undefined ? [] : [JSON.stringify(message)]),
      ].join(' '),
    )
    .join(', ')
}

/** Other terms for named values, in words: `project=atlas: $30.00`. */
export function overrideText(override: Override, metric: Metric): string {
  const match = Object.entries(override.match).map(([key, value]) => `${key}=${value}`)
  return `${match.join(', ')}: ${changes(override, metric)}`
}

function changes(override: Override, metric: Metric): string {
  const { limit, mode, tolerance, onLimit, thresholds } = override
  return [
    ...(limit === undefined ? [] : [formatAmount(metric, limit)]),
    ...(mode === undefined ? [] : [mode]),
    ...(tolerance === undefined || tolerance === 0n ? [] : [`tolerance ${formatAmount(metric, tolerance)}`]),
    ...(onLimit === undefined ? [] : [onLimit]),
    ...(thresholds === undefined ? [] : [`thresholds ${thresholdsText(thresholds)}`]),
  ].join(', ')
}
