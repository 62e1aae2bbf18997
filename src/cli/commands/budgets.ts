import { ledgerBudgetJson } from '../../json/ledger-budget-json.ts'
import { warnsOnly } from '../../json/budget-status-json.ts'
import { Command } from 'commander'
import { formatAmount, formatWindow } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import { formatFilter } from '../../ledger/cost-query.ts'
import { printable } from '../../text/display-width.ts'
import { renderTable } from '../../text/table.ts'
import { originOf } from '../../json/budget-json.ts'
import { changeJson } from '../../json/budget-change-json.ts'
import { changeLines } from '../budget-change-view.ts'
import { budgetNamed, fileOf, noBudgets, openWithBudgets } from '../budgets-in-force.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { paint, terminalWidth } from '../terminal.ts'
import { defineBudgetsApply } from './budgets-apply.ts'
import { commandAuthor } from '../command-author.ts'
import { defineBudgetsSet } from './budgets-set.ts'
import { defineBudgetsShow, defineBudgetsStatus } from './budgets-status.ts'

const examples = `
Examples:
  purser budgets set daily --limit 5 --window day      put a budget into force
  purser budgets status                                what is spent, held and presumed of each
  purser budgets show daily                            everything of one
  purser budgets history daily                         who changed what, and when
  purser budgets apply                                 make this folder's purser.yaml the one that counts
  purser budgets remove daily

Budgets of purser.yaml are put into force when the file changes, by any command that books or asks for holds.`

export function defineBudgets(): Command {
  const command = new Command('budgets')
    .description('Limits on what is spent: makes, shows and changes them.')
    .addHelpText('after', examples)
  const children = [
    defineBudgetsSet(),
    defineList(),
    defineBudgetsStatus(),
    defineBudgetsShow(),
    defineHistory(),
    defineBudgetsApply(),
    defineRemove(),
  ]
  for (const child of children) command.addCommand(child)
  return command
}

function defineList(): Command {
  return new Command('list')
    .description('The budgets in force.')
    .action(async (_: unknown, self: Command) => withSession(self, (session) => list(session)))
}

function defineHistory(): Command {
  return new Command('history')
    .description('Who changed what, and when.')
    .argument('[name]', 'its name')
    .action(async (name: string | undefined, _: unknown, self: Command) => withSession(self, (session) => history(session, name)))
}

function defineRemove(): Command {
  return new Command('remove')
    .description('Takes a budget out of force, with what it counted.')
    .argument('<name>', 'its name')
    .action(async (name: string, _: unknown, self: Command) => withSession(self, (session) => remove(session, name)))
}

async function list(session: Session): Promise<void> {
  const purser = await openWithBudgets(session)
  const [records, source] = [await purser.budgets.list(), await purser.budgets.source()]
  if (session.json) return writeJson({ budgets: records.map((record) => ledgerBudgetJson(record, originOf(record.budget, source))) })
  if (records.length === 0) return writeLines([noBudgets])
  const columns = [
    { header: 'budget', cutTo: 8, cutLast: true as const },
    { header: 'limit' },
    { header: 'window', dropOrder: 1 },
    { header: 'mode' },
    { header: 'at limit', dropOrder: 3 },
    { header: 'scope', cutTo: terminalWidth() < 72 ? 10 : 16 },
    { header: 'from', cutTo: 8, dropOrder: 2 },
  ]
  const rows = records.map(({ budget }) => [
    budget.name,
    formatAmount(budget.metric, budget.limit),
    formatWindow(budget.window),
    budget.mode,
    warnsOnly(budget) ? 'warn' : budget.onLimit,
    scopeOf(budget),
    originOf(budget, source),
  ])
  await writeLines(renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text)))
}

function scopeOf({ where, each }: Budget): string {
  const filters = where.length === 0 ? 'all calls' : where.map(formatFilter).join(', ')
  return each.length === 0 ? filters : `${filters}, each ${each.join(', ')}`
}

async function history(session: Session, name: string | undefined): Promise<void> {
  const purser = await openWithBudgets(session)
  const changes = await purser.budgets.history(name)
  if (name !== undefined && changes.length === 0) budgetNamed(await purser.budgets.list(), name)
  if (session.json) return writeJson({ changes: changes.map(changeJson) })
  await writeLines(changes.length === 0 ? ['No budget was ever made.'] : changes.flatMap(changeLines).map(printable))
}

async function remove(session: Session, name: string): Promise<void> {
  const purser = await openWithBudgets(session)
  const record = budgetNamed(await purser.budgets.list(), name)
  await purser.budgets.remove(name, { author: commandAuthor() })
  await answerOrSay(`Budget "${name}" is removed.`, () =>
    session.json ? writeJson({ removed: name }) : writeLines([`Budget "${name}" is removed; nothing keeps to it any more.`]),
  )
  const file = await fileOf(session, purser, record.budget)
  if (file === undefined) return
  warn(`budget "${name}" is still defined in ${file}: it comes back once that file changes, or with \`purser budgets apply\`.`)
}
