import { isBounded } from '../json/budget-status-json.ts'
import { formatAmount, formatBudget, formatLabels } from '../budgets/amount-text.ts'
import type { Metric } from '../budgets/budget.ts'
import type { BudgetStatus } from '../budgets/budget-status.ts'
import { formatUsd } from '../money/format.ts'
import { type Nanos } from '../money/nanos.ts'
import { counted, plural } from '../text/counted.ts'
import { formatDuration } from '../text/duration.ts'
import { formatCompact, formatShare } from '../text/numbers.ts'
import { type Column, renderTable } from '../text/table.ts'
import { causeWords } from '../json/budget-cause.ts'
import { paint, terminalWidth } from './terminal.ts'

interface StatusColumn extends Column {
  readonly cell: (status: BudgetStatus) => string
}

const levelStyles = { ok: 'green', info: 'cyan', warning: 'yellow', critical: 'red', over: 'red' } as const

/** A table of counters: what is spent, held and presumed stand apart. */
export function statusLines(rows: readonly BudgetStatus[], nowMs: number): string[] {
  if (rows.length === 0) return ['Nothing is counted yet.']
  const columns = columnsOf(rows, nowMs)
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  return renderTable(columns, cells, terminalWidth(), (text, row, column) => {
    if (row === 'header') return paint('dim', text)
    const { header, bar } = columns[column] ?? {}
    const level = rows[row]?.level ?? 'ok'
    return bar !== undefined || header === 'level' ? paint(levelStyles[level], text) : text
  })
}

function columnsOf(rows: readonly BudgetStatus[], nowMs: number): StatusColumn[] {
  const isScoped = rows.some(({ each }) => each.length > 0)
  return [
    { header: 'budget', cutTo: 6, cutLast: true, cell: ({ budget }) => budget },
    ...(isScoped ? [scopeColumn] : []),
    amountColumn('spent', ({ spent }) => spent),
    // Where nothing is held or presumed, a narrow terminal need not say so.
    { ...amountColumn('held', ({ held }) => held), ...(rows.every(({ held }) => held === 0n) && { dropOrder: 0 }) },
    { ...amountColumn('presumed', ({ presumed }) => presumed), ...(rows.every(({ presumed }) => presumed === 0n) && { dropOrder: 1 }) },
    { header: 'limit', cell: ({ metric, limit }) => `${shortAmount(metric, limit)}${unitOf(metric, limit)}` },
    { header: '', dropOrder: 4, bar: { min: 4, max: 20 }, cell: ({ share }) => String(share / 10_000) },
    { header: 'used', align: 'right', dropOrder: 3, cell: ({ share, limit }) => (limit === 0n ? '' : formatShare(share / 10_000)) },
    ...(rows.some(({ resetsAt }) => resetsAt !== null) ? [resetColumn(nowMs)] : []),
    { header: 'level', cell: ({ level }) => level },
  ]
}

const scopeColumn: StatusColumn = { header: 'scope', cutTo: 6, cutLast: true, cell: ({ scope, each }) => formatLabels(scope, each) }

function amountColumn(header: string, of: (status: BudgetStatus) => bigint): StatusColumn {
  return { header, align: 'point', cell: (status) => shortAmount(status.metric, of(status)) }
}

function resetColumn(nowMs: number): StatusColumn {
  return { header: 'resets in', dropOrder: 2, cell: ({ resetsAt }) => (resetsAt === null ? '' : formatDuration(resetsAt - nowMs)) }
}

function shortAmount(metric: Metric, amount: bigint): string {
  return metric === 'cost' ? formatUsd(amount as Nanos) : formatCompact(Number(amount))
}

const units = { tokens: 'token', calls: 'call', concurrency: 'place' } as const

function unitOf(metric: Metric, amount: bigint): string {
  if (metric === 'cost') return ''
  return ` ${amount === 1n ? units[metric] : plural(units[metric])}`
}

/** What stands below a table of counters: why one is over its limit, and what does not count. */
export function statusNotes(rows: readonly BudgetStatus[]): string[] {
  return rows.flatMap((status) => {
    const { budget, scope, each, metric, overLimit, presumed, seeding, unpricedCalls } = status
    const name = formatBudget(budget, scope, each)
    const bound = isBounded(status) ? 'bound' : 'limit'
    return [
      ...(overLimit === null
        ? []
        : [`${name} is ${formatAmount(metric, overLimit.by)} over its ${bound}: ${causeWords[overLimit.cause]}.`]),
      ...(seeding === null
        ? []
        : [`${name} is still counting what was booked before it was made: ${counted(seeding.charges, 'charge')} so far.`]),
      ...(unpricedCalls === 0
        ? []
        : [
            `${name}: ${counted(unpricedCalls, 'call')} without a price ${unpricedCalls === 1 ? 'adds' : 'add'} nothing; \`purser costs\` names the models.`,
          ]),
      ...(presumed === 0n
        ? []
        : [
            `${name}: ${formatAmount(metric, presumed)} presumed spent: nobody knows what those calls came to. \`purser hold list\` shows them, \`purser hold resolve\` says it.`,
          ]),
    ]
  })
}
