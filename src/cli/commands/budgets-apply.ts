import { Command } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Purser } from '../../purser.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/display-width.ts'
import { definingPath } from '../../facade/apply-configured.ts'
import { appliedText } from '../apply-budgets.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'

export function defineBudgetsApply(): Command {
  return new Command('apply')
    .description('Makes this purser.yaml the one that defines the budgets of the ledger.')
    .option('--yes', 'also where it defines none, so that those of another file are removed')
    .action(async ({ yes }: { yes?: true }, self: Command) => withSession(self, (session) => apply(session, yes === true)))
}

async function apply(session: Session, isSure: boolean): Promise<void> {
  if (session.config.files.length === 0 && !session.config.hasBudgets) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'There is no purser.yaml here or above, and none of your own. `purser init` writes one.')
  }
  const purser = await session.open({ create: true, prices: false })
  const configured = await session.config.budgets(purser.timezone)
  const path = await definingPath(session.config, purser, configured)
  if (configured.budgets.length === 0 && !isSure) await refuseToRemove(purser, path)
  const bar = createProgressBar('Counting')
  const applied = await purser.budgets
    .apply(path, configured.budgets, { origin: 'file', takeOver: true, onProgress: (charges) => bar.show(charges, undefined, 'charges') })
    .finally(() => bar.end())
  const changes = appliedText(applied) || 'nothing changed'
  const unchanged = applied.unchanged.length === 0 ? '' : `; ${counted(applied.unchanged.length, 'budget')} unchanged`
  await answerOrSay(`The budgets of ${path} are in force.`, () =>
    session.json ? writeJson(applied) : writeLines([`Budgets of ${printable(path)} are in force: ${changes}${unchanged}.`]),
  )
  for (const warning of configured.warnings) warn(warning)
}

/** A configuration that says nothing of budgets takes another one's away only where that is said. @throws PURSER_BAD_ARGUMENT */
async function refuseToRemove(purser: Purser, path: string): Promise<void> {
  const source = await purser.budgets.source()
  const removed = (await purser.budgets.list()).filter(({ budget }) => budget.origin === 'file').map(({ budget }) => budget.name)
  if (source === undefined || source === path || removed.length === 0) return
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `${path} defines no budgets, so ${counted(removed.length, 'budget')} of ${source} would be removed: ${removed.join(', ')}. Nothing is changed. \`purser budgets apply --yes\` removes them.`,
  )
}
