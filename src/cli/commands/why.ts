import { whyJson } from '../../json/why-json.ts'
import { Command } from 'commander'
import { applyBudgets } from '../apply-budgets.ts'
import { labelsOf } from '../call-options.ts'
import { addAskedOptions, type HoldOptions, holdRequest } from '../gate-options.ts'
import { surroundingLabels } from '../hold-environment.ts'
import { writeJson, writeLines } from '../output.ts'
import { exitCodes } from '../report-error.ts'
import { type Session, withSession } from '../session.ts'
import { whyLines } from '../why-view.ts'

const examples = `
Examples:
  purser why --amount 0.10 --label project=atlas
  purser why --amount 2 --label run=42 --provider openai --model gpt-4o --json
  purser why --request request.json --provider openai --api chat --label project=atlas

Takes what \`purser hold reserve\` takes, and grants nothing. The exit code is 0 where the hold would be granted now, and 4
where it would be refused. With --request a refusal also names the models of the profile in force that would fit.`

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
  const isRequest = request.request !== undefined
  const purser = await session.open({ create: false, prices: isRequest, ...(isRequest && { profiles: true as const }) })
  await applyBudgets(session, purser, 'refuse')
  // A budget that has not counted everything yet does so first.
  if (!purser.isReadOnly) await purser.budgets.seedAll()
  const explanation = await purser.holds.why(request)
  if (!explanation.decision.granted) process.exitCode = exitCodes.denied
  if (session.json) return writeJson(whyJson(explanation))
  await writeLines(whyLines(explanation, Date.now()))
}
