import { Command } from 'commander'
import type { Budget } from '../../budgets/budget.ts'
import type { Explanation } from '../../budgets/gate-operations.ts'
import { printable } from '../../text/display-width.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { labelsOf } from '../call-options.ts'
import { statusLines, statusNotes } from '../budget-status-view.ts'
import { addAskedOptions, type HoldOptions, holdRequest } from '../gate-options.ts'
import { surroundingLabels } from '../hold-environment.ts'
import { holdLines } from '../hold-view.ts'
import { writeJson, writeLines } from '../output.ts'
import { exitCodes } from '../report-error.ts'
import { type Session, withSession } from '../session.ts'
import { paint, wrapNotes } from '../terminal.ts'
import { needLines, whyJson } from '../why-view.ts'

const examples = `
Examples:
  purser why --amount 0.10 --label project=atlas
  purser why --amount 2 --label run=42 --provider openai --model gpt-4o --json

Takes what \`purser hold reserve\` takes, and grants nothing. The exit code is 0 where the hold would be granted now, and 4
where it would be refused.`

export function defineWhy(): Command {
  const command = new Command('why').description(
    'Tells whether a hold would be granted now; if not, which budget refuses, and who holds what.',
  )
  return addAskedOptions(command)
    .addHelpText('after', examples)
    .action(async (options: HoldOptions, self: Command) => withSession(self, (session) => why(session, options)))
}

async function why(session: Session, options: HoldOptions): Promise<void> {
  const request = holdRequest(options, { ...surroundingLabels(session.env), ...labelsOf(options) })
  const purser = await session.open({ create: false, prices: request.request !== undefined })
  await applyBudgets(session, purser, 'refuse')
  // A budget that has not counted everything yet does so first.
  await purser.budgets.seedAll()
  const explanation = await purser.holds.why(request)
  if (!explanation.decision.granted) process.exitCode = exitCodes.denied
  if (session.json) return writeJson(whyJson(explanation))
  await writeLines(
    explanationLines(
      explanation,
      (await purser.budgets.list()).map(({ budget }) => budget),
    ),
  )
}

function explanationLines(explanation: Explanation, inForce: readonly Budget[]): string[] {
  const { decision, holders, budgets } = explanation
  const nowMs = Date.now()
  const table = budgets.length === 0 ? [] : [...statusLines(budgets, nowMs), ...wrapNotes(statusNotes(budgets))]
  if (decision.granted) {
    const warnings = decision.warnings.map(({ message }) => `  ${printable(message)}`)
    const head = budgets.length === 0 ? 'It would be granted: no budget applies.' : 'It would be granted.'
    return [paint('green', head), ...wrapNotes(warnings), ...section('Budgets that apply', table)]
  }
  const refusing = inForce.find(({ name }) => name === decision.budget)
  return [
    paint('red', 'It would be refused.'),
    ...wrapNotes([printable(decision.message)]),
    ...(decision.also.length === 0 ? [] : wrapNotes([`Refused by ${decision.also.join(', ')} too.`])),
    ...section('What it needs, any one of', wrapNotes(needLines(explanation, refusing))),
    ...section(`Who holds money of "${decision.budget}"`, holders.length === 0 ? [] : holdLines(holders, nowMs)),
    ...section('Budgets that apply', table),
  ]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines]
}
