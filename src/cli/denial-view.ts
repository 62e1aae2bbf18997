import { exitCodes } from './report-error.ts'
import { denialJson, unavailableJson } from '../json/denial-json.ts'
import type { Denial } from '../budgets/denial.ts'
import type { BudgetWarning } from '../budgets/hold.ts'
import type { Unavailable } from '../facade/unavailable.ts'
import type { Purser } from '../purser.ts'
import { formatDuration } from '../text/duration.ts'
import { budgetsFor } from './budgets-in-force.ts'
import { alert, note, writeJson } from './output.ts'

/**
 * Answers a refusal: on standard output as JSON, else in words on standard error, with a hint for those who want to know
 * more. The exit code is that of a denial.
 */
export async function answerDenial(denial: Denial | Unavailable, json: boolean, hint?: string): Promise<void> {
  process.exitCode = exitCodes.denied
  if (json) return writeJson(denial.budget === null ? unavailableJson(denial) : denialJson(denial))
  for (const line of denial.budget === null ? [`denied: ${denial.message}`] : denialLines(denial)) note(line)
  if (hint !== undefined) note(`  ${hint}`)
}

/** A refusal in words. */
export function denialLines({ kind, message, also, resetsAt }: Denial): string[] {
  const waits = kind === 'exhausted' && resetsAt !== null ? [`  that is in ${formatDuration(resetsAt - Date.now())}`] : []
  return [`denied: ${message}`, ...waits, ...(also.length === 0 ? [] : [`  refused by ${also.join(', ')} too`])]
}

/** What budgets that only warn have to say of a grant. */
export function tellWarnings(warnings: readonly BudgetWarning[]): void {
  for (const { message } of warnings) alert('warning', message)
}

/** Says where no budget applies to a hold that was granted: an amount is set aside, and nothing keeps to it. */
export async function tellUnlimited(purser: Purser, hold: string, what: 'call' | 'command'): Promise<void> {
  const { labels } = await purser.holds.get(hold)
  if (budgetsFor(await purser.budgets.list(), labels).length > 0) return
  note(`no budget applies to these labels: nothing limits this ${what}. \`purser budgets list\` shows those of ${purser.location}.`)
}
