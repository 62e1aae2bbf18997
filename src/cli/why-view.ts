import { iso } from '../json/iso.ts'
import { formatAmount, formatBudget } from '../budgets/amount-text.ts'
import type { Metric } from '../budgets/budget.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import type { Needs } from '../budgets/explain-admission.ts'
import type { HoldExplanation } from '../facade/hold-desk.ts'
import { formatDuration } from '../text/duration.ts'
import { printable } from '../text/display-width.ts'
import { statusLines, statusNotes } from './budget-status-view.ts'
import { holdLines } from './hold-view.ts'
import { paint, wrapNotes } from './terminal.ts'

/** The same for people: the answer, what is in the way, and where the budgets stand. */
export function whyLines({ decision, needs, holders, budgets, fits }: HoldExplanation, nowMs: number): string[] {
  const notes = wrapNotes(statusNotes(budgets))
  const table = budgets.length === 0 ? [] : [...statusLines(budgets, nowMs), ...(notes.length === 0 ? [] : ['', ...notes])]
  if (decision.granted) {
    const warnings = decision.warnings.map(({ message }) => `  ${printable(message)}`)
    const head = budgets.length === 0 ? 'It would be granted: no budget applies.' : 'It would be granted.'
    return [paint('green', head), ...wrapNotes(warnings), ...section('Budgets that apply', table)]
  }
  const refusing = budgets.find(({ budget }) => budget === decision.budget)
  const name = formatBudget(decision.budget, decision.scope, refusing?.each)
  return [
    paint('red', 'It would be refused.'),
    ...wrapNotes([printable(decision.message)]),
    ...(decision.also.length === 0 ? [] : wrapNotes([`Refused by ${decision.also.join(', ')} too.`])),
    ...needs.flatMap((each) => needSection(each, budgets, needs.length > 1)),
    ...section(
      'Models of your profile that would fit',
      fits.map(({ provider, model, worstNanos }) => printable(`  ${provider}/${model}, at most ${formatAmount('cost', worstNanos)}`)),
    ),
    ...section(`Who holds money of ${name}`, holders.length === 0 ? [] : holdLines(holders, nowMs)),
    ...section('Budgets that apply', table),
  ]
}

function needSection(needs: Needs, budgets: readonly BudgetStatus[], isOneOfSeveral: boolean): string[] {
  const metric = budgets.find(({ budget }) => budget === needs.budget)?.metric ?? 'cost'
  const title = isOneOfSeveral ? `What "${needs.budget}" needs, any one of` : 'What it needs, any one of'
  return section(title, wrapNotes(needLines(needs, metric)))
}

function needLines({ budget, raiseLimitBy, raisedLimit, waitUntil, ifReleased }: Needs, metric: Metric): string[] {
  const command = raisedLimit === null ? '' : `: purser budgets set ${budget} --limit ${amountOption(metric, raisedLimit)}`
  return [
    ...(raiseLimitBy === null ? [] : [`  raise the limit by ${formatAmount(metric, raiseLimitBy)}${command}`]),
    ...(ifReleased === null
      ? []
      : [`  wait until open holds give back ${formatAmount(metric, ifReleased)}, as with \`purser hold reserve --wait 30s\``]),
    ...(waitUntil === null ? [] : [`  wait until ${iso(waitUntil)}, for ${formatDuration(waitUntil - Date.now())}`]),
  ]
}

/** An amount as an option takes it. */
function amountOption(metric: Metric, amount: bigint): string {
  return metric === 'cost' ? formatAmount(metric, amount).replace(/[$,]/g, '') : String(amount)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...wrapNotes([title]).map((line) => paint('bold', line)), ...lines]
}
