import { capitalised } from '../text/sentence.ts'
import type { CostReport } from '../reports/runs/cost-report.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { costText, signedPercent, usdText } from '../reports/runs/report-text.ts'
import { wrapNotes } from './terminal.ts'

/** A run, its experiment and its budget at one glance. */
export function costReportLines(report: CostReport): string[] {
  const sections = [['💰 Cost Report'], runLines(report), groupLines(report), budgetLines(report), wrapNotes(notesOf(report))]
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

function runLines({ run }: CostReport): string[] {
  if (run === null) return []
  const percent = run.variance_percent === null ? '' : ` (${signedPercent(run.variance_percent, run)})`
  const estimated =
    run.estimated_nanos === null ? '(none)' : costText(run.estimated_nanos, { is_lower_bound: run.estimated_is_lower_bound })
  return ['This Run:', `  Estimated: ${estimated}`, `  Actual:    ${costText(run.actual_nanos, run)}${percent}`]
}

function groupLines({ group }: CostReport): string[] {
  if (group === null) return []
  const { label, runs, average_per_run_nanos: average } = group
  return [
    `${capital(label)} Total (${counted(runs, 'run')}):`,
    `  Total cost: ${costText(group.total_cost_nanos, group)}`,
    ...(average === null ? [] : [`  Average per run: ${costText(average, group)}`]),
  ]
}

function budgetLines({ budget }: CostReport): string[] {
  if (budget === null) return []
  const { used_nanos: used, limit_nanos: limit, used_percent: percent } = budget
  return [
    `Budget Status (${budgetName(budget)}):`,
    `  Used: ${usdText(used)} / ${usdText(limit)}${percent === null ? '' : ` (${percent.toFixed(1)}%)`}`,
    ...(budget.held_nanos === '0' ? [] : [`  Held: ${usdText(budget.held_nanos)}`]),
    ...(budget.presumed_nanos === '0' ? [] : [`  Presumed spent: ${usdText(budget.presumed_nanos)}`]),
    `  Remaining: ${usdText(budget.remaining_nanos)}`,
    ...(percent === null ? [] : ['', `  ${usageBar(BigInt(used), BigInt(limit))}`]),
  ]
}

const windowNames: Readonly<Record<string, string>> = {
  hour: 'Hourly',
  day: 'Daily',
  week: 'Weekly',
  month: 'Monthly',
  quarter: 'Quarterly',
  year: 'Yearly',
  run: 'Run',
  total: 'Total',
}

/** The window in a word, and the budget's name where that says more. */
function budgetName({ name, window }: NonNullable<CostReport['budget']>): string {
  const word = windowNames[window.split('@')[0] ?? ''] ?? window
  const says = name.split('.').at(-1) ?? name
  return says.toLowerCase() === word.toLowerCase() ? word : `${word}, ${printable(name)}`
}

const cells = 30

/**
 * Thirty cells and the whole percent. Twenty-nine cells fill as the limit is used up; the last one fills only at the
 * limit, so that a full bar says that nothing is left.
 */
export function usageBar(used: bigint, limit: bigint): string {
  const whole = used < 0n ? 0n : used
  const full = whole >= limit ? cells : Number((whole * BigInt(cells - 1)) / limit)
  return `${'█'.repeat(full)}${'░'.repeat(cells - full)} ${(whole * 100n) / limit}%`
}

function notesOf({ run, group, notes }: CostReport): string[] {
  const isLowerBound = run?.is_lower_bound === true || group?.is_lower_bound === true
  return [
    ...(isLowerBound ? ['≥: calls without a price add nothing; `purser costs` names the models.'] : []),
    ...(run === null || run.plan_calls === 0
      ? []
      : [
          `plan: ${usdText(run.plan_cost_nanos)} at list prices for ${counted(run.plan_calls, 'call')} that a subscription covers; no part of the cost.`,
        ]),
    ...notes,
  ].map(printable)
}

function capital(word: string): string {
  return printable(capitalised(word))
}
