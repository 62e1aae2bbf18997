import { ledgerBudgetJson } from '../../json/ledger-budget-json.ts'
import { statusJson } from '../../json/budget-status-json.ts'
import { iso } from '../../json/iso.ts'
import { Command } from 'commander'
import { formatAmount, formatLabels } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import type { LearnedBounds } from '../../facade/budget-book.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/display-width.ts'
import { formatShare } from '../../text/numbers.ts'
import { originOf } from '../../json/budget-json.ts'
import { boundSentence } from '../budget-change-view.ts'
import { statusLines, statusNotes } from '../budget-status-view.ts'
import { budgetLines } from '../budget-view.ts'
import { budgetNamed, noBudgets, openWithBudgets } from '../budgets-in-force.ts'
import { writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { paint, wrapNotes } from '../terminal.ts'

export function defineBudgetsStatus(): Command {
  return new Command('status')
    .description('What is spent, held and presumed of each, and when it begins anew.')
    .argument('[names...]', 'their names; all unless given')
    .action(async (names: string[], _: unknown, self: Command) => withSession(self, (session) => status(session, names)))
}

export function defineBudgetsShow(): Command {
  return new Command('show')
    .description('Everything of one budget.')
    .argument('<name>', 'its name')
    .action(async (name: string, _: unknown, self: Command) => withSession(self, (session) => show(session, name)))
}

async function status(session: Session, names: readonly string[]): Promise<void> {
  const purser = await openWithBudgets(session)
  const records = await purser.budgets.list()
  for (const name of names) budgetNamed(records, name)
  if (!purser.isReadOnly) await purser.budgets.seedAll()
  const rows = await purser.budgets.status(names.length === 0 ? undefined : names)
  if (session.json) return writeJson(rows.map(statusJson))
  await writeLines(records.length === 0 ? [noBudgets] : tableOf(rows))
}

function tableOf(rows: readonly BudgetStatus[]): string[] {
  const notes = statusNotes(rows)
  return [...statusLines(rows, Date.now()), ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)])]
}

async function show(session: Session, name: string): Promise<void> {
  const purser = await openWithBudgets(session)
  const record = budgetNamed(await purser.budgets.list(), name)
  if (!purser.isReadOnly) await purser.budgets.seedAll()
  const rows = await purser.budgets.status([name])
  const last = (await purser.budgets.history(name)).at(-1)
  const learned = await purser.budgets.learned(name)
  const from = originOf(record.budget, await purser.budgets.source())
  if (session.json) {
    return writeJson({
      budget: ledgerBudgetJson(record, from),
      counters: rows.map(statusJson),
      lastChange: last === undefined ? null : { at: iso(last.at), author: last.author },
      learned: learned.map((each) => ({ ...each, overshoot: String(each.overshoot) })),
    })
  }
  const [title = '', ...lines] = budgetLines(record.budget, `from ${from}`).map(printable)
  const since = last === undefined ? [] : [`  as it is since ${iso(last.at).slice(0, 16).replace('T', ' ')}, by ${printable(last.author)}`]
  await writeLines([
    paint('bold', title),
    ...lines,
    ...wrapNotes([`  ${boundSentence(record)}`, ...since]),
    '',
    ...tableOf(rows),
    ...(learned.length === 0 ? [] : ['', ...wrapNotes(learned.map((each) => learnedText(record.budget, each)))]),
  ])
}

function learnedText({ metric, learnBy }: Budget, { provider, model, labels, holds, overshot, overshoot, expects }: LearnedBounds): string {
  const named = formatLabels(
    Object.fromEntries(Object.entries(labels).flatMap(([key, value]) => (value === null ? [] : [[key, value]]))),
    learnBy,
  )
  const of = [model === null ? 'holds without a model' : `${provider}/${model}`, ...(named === '' ? [] : [named])]
  const expected = expects === null ? 'too few to expect less than the worst case' : `${formatShare(expects)} of the worst case is expected`
  const over = overshot === 0 ? 'none cost more' : `${counted(overshot, 'hold')} cost more, by ${formatAmount(metric, overshoot)} in all`
  return printable(`  learned from ${counted(holds, 'hold')} of ${of.join(', ')}: ${expected}; ${over}`)
}
