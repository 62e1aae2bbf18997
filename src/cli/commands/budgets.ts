import { Command } from 'commander'
import { formatAmount, formatWindow } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import { PurserError } from '../../errors.ts'
import type { LearnedBounds } from '../../facade/budget-book.ts'
import type { Purser } from '../../purser.ts'
import { closest } from '../../text/closest.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/display-width.ts'
import { formatShare } from '../../text/numbers.ts'
import { renderTable } from '../../text/table.ts'
import { appliedText, applyBudgets, definingPath } from '../apply-budgets.ts'
import { boundSentence, changeJson, changeLines, ledgerBudgetJson, originOf } from '../budget-change-view.ts'
import { statusJson, statusLines, statusNotes, warnsOnly } from '../budget-status-view.ts'
import { budgetLines, filterText } from '../budget-view.ts'
import { iso } from '../hold-view.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { paint, terminalWidth, wrapNotes } from '../terminal.ts'
import { commandAuthor, defineBudgetsSet } from './budgets-set.ts'

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
  command.addCommand(defineBudgetsSet())
  const add = (
    name: string,
    description: string,
    argument: string | undefined,
    run: (session: Session, names: string[]) => Promise<void>,
  ): void => {
    const child = new Command(name).description(description)
    if (argument !== undefined) child.argument(argument, argument.includes('...') ? 'their names; all unless given' : 'its name')
    child.action(async (...given: unknown[]) => {
      const names = given
        .slice(0, -2)
        .flat()
        .filter((each) => typeof each === 'string')
      return withSession(given.at(-1) as Command, (session) => run(session, names))
    })
    command.addCommand(child)
  }
  add('list', 'The budgets in force.', undefined, list)
  add('status', 'What is spent, held and presumed of each, and when it begins anew.', '[names...]', status)
  add('show', 'Everything of one budget.', '<name>', (session, [name = '']) => show(session, name))
  add('history', 'Who changed what, and when.', '[name]', (session, [name]) => history(session, name))
  add('apply', 'Makes this purser.yaml the one that defines the budgets of the ledger.', undefined, apply)
  add('remove', 'Takes a budget out of force, with what it counted.', '<name>', (session, [name = '']) => remove(session, name))
  return command
}

async function openApplied(session: Session): Promise<Purser> {
  const purser = await session.open({ create: session.config.files.length > 0, prices: false })
  await applyBudgets(session, purser, 'warn')
  return purser
}

async function list(session: Session): Promise<void> {
  const purser = await openApplied(session)
  const [records, source] = [await purser.budgets.list(), await purser.budgets.source()]
  if (session.json) return writeJson({ budgets: records.map((record) => ledgerBudgetJson(record, originOf(record.budget, source))) })
  if (records.length === 0) return writeLines([none])
  const columns = [
    { header: 'budget', cutTo: 8, cutLast: true as const },
    { header: 'limit' },
    { header: 'window', dropOrder: 1 },
    { header: 'mode' },
    { header: 'at limit', dropOrder: 3 },
    { header: 'scope', cutTo: 10 },
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

const none = 'No budgets. `purser budgets set daily --limit 5 --window day` makes one.'

function scopeOf({ where, each }: BudgetRecord['budget']): string {
  const filters = where.length === 0 ? 'all calls' : where.map(filterText).join(', ')
  return each.length === 0 ? filters : `${filters}, each ${each.join(', ')}`
}

async function status(session: Session, names: readonly string[]): Promise<void> {
  const purser = await openApplied(session)
  const records = await purser.budgets.list()
  for (const name of names) recordOf(records, name)
  await purser.budgets.seedAll()
  const rows = await purser.budgets.status(names.length === 0 ? undefined : names)
  if (session.json) return writeJson(rows.map(statusJson))
  if (records.length === 0) return writeLines([none])
  const notes = statusNotes(rows)
  await writeLines([...statusLines(rows, Date.now()), ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)])])
}

/** @throws PURSER_NOT_FOUND naming the nearest one */
function recordOf(records: readonly BudgetRecord[], name: string): BudgetRecord {
  const found = records.find(({ budget }) => budget.name === name)
  if (found !== undefined) return found
  const nearest = closest(
    name,
    records.map(({ budget }) => budget.name),
  )
  const hint = nearest === undefined ? '`purser budgets list` shows those in force.' : `Did you mean "${nearest}"?`
  throw new PurserError('PURSER_NOT_FOUND', `There is no budget "${name}". ${hint}`)
}

async function show(session: Session, name: string): Promise<void> {
  const purser = await openApplied(session)
  const record = recordOf(await purser.budgets.list(), name)
  await purser.budgets.seedAll()
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
  const notes = statusNotes(rows)
  await writeLines([
    paint('bold', title),
    ...lines,
    ...wrapNotes([`  ${boundSentence(record)}`, ...since]),
    '',
    ...statusLines(rows, Date.now()),
    ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)]),
    ...(learned.length === 0 ? [] : ['', ...wrapNotes(learned.map((each) => learnedText(record.budget, each)))]),
  ])
}

function learnedText({ metric }: Budget, { provider, model, labels, holds, overshot, overshoot, expects }: LearnedBounds): string {
  const of = [
    model === null ? 'holds without a model' : `${provider}/${model}`,
    ...Object.entries(labels).map(([key, value]) => `${key}=${value ?? 'none'}`),
  ]
  const expected = expects === null ? 'too few to expect less than the worst case' : `${formatShare(expects)} of the worst case is expected`
  const over = overshot === 0 ? 'none cost more' : `${counted(overshot, 'hold')} cost more, by ${formatAmount(metric, overshoot)} in all`
  return printable(`  learned from ${counted(holds, 'hold')} of ${of.join(', ')}: ${expected}; ${over}`)
}

async function history(session: Session, name: string | undefined): Promise<void> {
  const purser = await openApplied(session)
  const changes = await purser.budgets.history(name)
  if (name !== undefined && changes.length === 0) recordOf(await purser.budgets.list(), name)
  if (session.json) return writeJson({ changes: changes.map(changeJson) })
  await writeLines(changes.length === 0 ? ['No budget was ever made.'] : changes.flatMap(changeLines).map(printable))
}

async function apply(session: Session): Promise<void> {
  if (session.config.files.length === 0 && !session.config.hasBudgets) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'There is no purser.yaml here or above, and none of your own. `purser init` writes one.')
  }
  const purser = await session.open({ create: true, prices: false })
  const configured = await session.config.budgets(purser.timezone)
  const path = await definingPath(session, purser, configured)
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

async function remove(session: Session, name: string): Promise<void> {
  const purser = await openApplied(session)
  const record = recordOf(await purser.budgets.list(), name)
  await purser.budgets.remove(name, { author: commandAuthor() })
  await answerOrSay(`Budget "${name}" is removed.`, () =>
    session.json ? writeJson({ removed: name }) : writeLines([`Budget "${name}" is removed; nothing keeps to it any more.`]),
  )
  if (record.budget.origin !== 'file') return
  const source = (await purser.budgets.source()) ?? 'purser.yaml'
  warn(`budget "${name}" is still defined in ${source}: it comes back once that file changes, or with \`purser budgets apply\`.`)
}
