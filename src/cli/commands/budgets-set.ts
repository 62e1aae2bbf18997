import { ledgerBudgetJson } from '../../json/ledger-budget-json.ts'
import { Command } from 'commander'
import { actions, type Budget, modes } from '../../budgets/budget.ts'
import { formatAmount } from '../../budgets/amount-text.ts'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import type { DefinedBudget } from '../../budgets/parse-budget.ts'
import type { Definition } from '../../budgets/revise-budget.ts'
import { PurserError } from '../../errors.ts'
import { amendBudget, type BudgetAmendment } from '../../facade/amend-budget.ts'
import type { Purser } from '../../purser.ts'
import { counted } from '../../text/counted.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { amendmentOf, optionPlace, type SetOptions } from '../budget-amendment.ts'
import { originOf } from '../../json/budget-json.ts'
import { boundSentence, changedFields, fieldWords, keptFields } from '../budget-change-view.ts'
import { budgetLines } from '../budget-view.ts'
import { fileOf } from '../budgets-in-force.ts'
import { collect } from '../call-options.ts'
import { commandAuthor } from '../command-author.ts'
import { refuseContradictions } from '../contradictions.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { wrapNotes } from '../terminal.ts'

const examples = `
Examples:
  purser budgets set daily --limit 5 --window day --mode strict
  purser budgets set team --limit 20 --window month@15 --each project --override project=atlas:30 --override project=web:5
  purser budgets set writer --limit 2 --window run --where agent=writer --mode adaptive --tolerance 0.50
  purser budgets set tokens --metric tokens --limit 2M --window 24h --mode soft --thresholds 50,80,95
  purser budgets set daily --limit 6                                   the rest stays as it is
  purser budgets set daily --increase-by 10 --until 2030-12-01         more until the end of that day
  purser budgets set daily --no-increase

A budget that exists changes only in what is given; what is not given stays. Another metric, scope, window or zone makes it
count anew, from the ledger. Amounts are dollars for cost, else numbers like 200k. Several labels in an override are joined
by commas: --override project=atlas,stage=draft:30; "none" in place of a limit takes an override away.`

export function defineBudgetsSet(): Command {
  const command = new Command('set')
    .description('Puts a budget into force. Of one that exists only what is given changes; all else stays as it is.')
    .argument('<name>', 'its name')
  return refuseContradictions(addScopeOptions(addTermOptions(command)))
    .addHelpText('after', examples)
    .action(async (name: string, options: SetOptions, self: Command) => withSession(self, (session) => set(session, name, options)))
}

function addTermOptions(command: Command): Command {
  return command
    .option('--limit <amount>', 'what may be spent within a window: dollars for cost, else a number')
    .option('--window <window>', 'run, hour, day, week, month, quarter, year, total, month@15, week@sunday, 24h, 7d')
    .option('--metric <name>', 'cost, tokens, calls or concurrency; cost unless said otherwise')
    .option('--mode <name>', `${modes.join(', ')}; strict unless said otherwise`)
    .option('--tolerance <amount>', 'for adaptive: how far the worst case of a call may pass the limit')
    .option('--on-limit <action>', actions.join(', '))
    .option('--thresholds <percents>', 'shares of the limit that are told when reached: 50,80,95, or none; not for concurrency')
    .option('--increase-by <amount>', 'a higher limit for a while; with --until')
    .option('--until <time>', 'the last day of the increase, or the instant it ends')
    .option('--no-increase', 'ends an increase')
    .option('--ceiling <amount>', 'what is held for a call that cannot be bounded')
    .option('--no-ceiling', 'refuse such calls where the budget is hard')
    .option('--learn-by <labels>', 'for adaptive: labels by which expectations are learned apart, besides the model')
    .option('--no-learn-by', 'learn by the model alone')
    .option('--quantile <share>', 'for adaptive: the share of earlier calls that an expectation covers, like 0.9')
}

function addScopeOptions(command: Command): Command {
  return command
    .option('--where <filter>', 'only calls with these labels, like project=atlas; give it several times for and', collect)
    .option('--no-where', 'all calls')
    .option('--each <labels>', 'each value of these labels has the whole limit, like project or agent,run')
    .option('--no-each', 'one limit for all')
    .option('--override <labels:limit>', 'another limit for named values, like project=atlas:30; give it several times', collect)
    .option('--no-override', 'the same limit for all values')
    .option('--timezone <zone>', "the zone of its days; the ledger's unless said otherwise")
    .option('--counts-plan', 'calls that a subscription covers count too')
    .option('--no-counts-plan', 'they do not, as usual')
    .option('--count-cache-reads', 'tokens read from a cache count, as usual')
    .option('--no-count-cache-reads', 'they do not')
}

async function set(session: Session, name: string, options: SetOptions): Promise<void> {
  const change = amendmentOf(options)
  // What cannot be a budget leaves no ledger behind.
  if (!session.hasLedger() && !session.config.hasBudgets) amended(session, name, change, undefined, session.config.timezone ?? 'UTC')
  const purser = await session.open({ create: true, announce: true, prices: false })
  await applyBudgets(session, purser, 'warn')
  const { before, definition, warnings } = await put(session, purser, name, change)
  await answerOrSay(`Budget "${name}" is in force.`, async () =>
    session.json
      ? writeJson(setJson(definition, before))
      : writeLines([...setLines(definition, before), ...countedLines(definition, await purser.budgets.status([name]))]),
  )
  for (const warning of warnings) warn(warning)
  if (definition.outcome === 'same') return
  const file = await fileOf(session, purser, (before ?? definition.record).budget)
  if (file === undefined) return
  warn(`budget "${name}" is defined in ${file} too, which is unchanged: what it says there counts again once that file changes.`)
}

/** Changes the budget as it is at that moment: what somebody else changes meanwhile is not undone. */
async function put(
  session: Session,
  purser: Purser,
  name: string,
  change: BudgetAmendment,
): Promise<{ before: BudgetRecord | undefined; definition: Definition; warnings: readonly string[] }> {
  const bar = createProgressBar('Counting')
  const onProgress = (charges: number): void => bar.show(charges, undefined, 'charges')
  for (;;) {
    const before = (await purser.budgets.list()).find(({ budget }) => budget.name === name)
    const { budget, warnings } = amended(session, name, change, before?.budget, purser.timezone)
    const options = { origin: 'cli', author: commandAuthor(), expected: before?.version ?? null, onProgress } as const
    try {
      return { before, definition: await purser.budgets.put(budget, options), warnings }
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_CONFLICT') throw error
    } finally {
      bar.end()
    }
  }
}

function amended({ config }: Session, name: string, change: BudgetAmendment, before: Budget | undefined, zone: string): DefinedBudget {
  const defaults = { origin: 'cli', zone, weekStart: config.weekStart } as const
  return amendBudget(name, change, before, { defaults, place: optionPlace(name, change), nowMs: Date.now() })
}

function setJson({ outcome, record }: Definition, before: BudgetRecord | undefined): Record<string, unknown> {
  const changed = before === undefined ? [] : changedFields(before.budget, record.budget).map(({ field }) => field)
  return { outcome, changed, budget: ledgerBudgetJson(record, originOf(record.budget, undefined)) }
}

function setLines({ outcome, record }: Definition, before: BudgetRecord | undefined): string[] {
  const { budget } = record
  const bound = wrapNotes([`  ${boundSentence(record)}`])
  if (before === undefined) {
    const [, ...lines] = budgetLines(budget, '')
    return [`Budget "${budget.name}" is in force.`, ...lines, ...bound]
  }
  if (outcome === 'same') return [`Budget "${budget.name}" is so already; nothing changed.`, ...bound]
  const changes = changedFields(before.budget, budget).map((change) => `  ${fieldWords(change.field)}: ${change.before} → ${change.after}`)
  const head = outcome === 'revised' ? `Budget "${budget.name}" is changed, and counts anew.` : `Budget "${budget.name}" is changed.`
  return [head, ...changes, ...wrapNotes([`  as before: ${keptFields(before.budget, budget).join(', ')}`]), ...bound]
}

/** What a budget that begins to count has counted of what was booked before. */
function countedLines({ outcome, record: { budget } }: Definition, rows: readonly BudgetStatus[]): string[] {
  const spent = rows.filter((row) => row.spent > 0n)
  if ((outcome !== 'created' && outcome !== 'revised') || spent.length === 0) return []
  if (budget.each.length > 0)
    return [`  It has counted what was booked before, for ${counted(spent.length, 'value')} of ${budget.each.join(', ')}.`]
  return [`  ${formatAmount(budget.metric, spent[0]?.spent ?? 0n)} is spent already: what was booked before counts.`]
}
