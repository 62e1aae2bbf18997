import type { CostRow, CostTable } from '../ledger/cost-table.ts'
import { formatUsd } from '../money/format.ts'
import { timeUnits } from '../ledger/cost-query.ts'
import { skuFields } from '../ledger/sku.ts'
import { closest } from '../text/closest.ts'
import { printable } from '../text/display-width.ts'
import { formatCompact, formatCount, formatShare } from '../text/numbers.ts'
import { type Column, renderTable } from '../text/table.ts'
import { type AskedPeriod, describePeriod } from './asked-period.ts'
import { paint, terminalWidth } from './terminal.ts'

interface ViewColumn extends Column {
  readonly cell: (row: CostRow) => string
}

/** What an answer's columns and bars are measured by. */
interface Scale {
  readonly hasPlan: boolean
  /** Of what the bars and shares are: the cost, or, where nothing was spent, what the plan covers. */
  readonly of: (row: CostRow) => bigint
  readonly whole: bigint
  readonly largest: bigint
}

/** An answer to a question about costs as lines for a terminal, within its width. */
export function costLines(period: AskedPeriod, groupBy: readonly string[], table: CostTable): string[] {
  const title = `Costs, ${describePeriod(period)} (${period.timezone})`
  if (table.rows.length === 0) return [paint('bold', title), '', 'No calls.']
  const scale = scaleOf(table)
  const columns = columnsOf(groupBy, table, scale)
  const rows = [...table.rows, ...(table.others === null ? [] : [table.others]), table.total]
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const totalRow = rows.length - 1
  const rest = groupBy.slice(1).map(() => '')
  if (table.others !== null) cells[totalRow - 1]?.splice(0, groupBy.length, `${formatCount(table.otherCount)} others`, ...rest)
  cells[totalRow]?.splice(0, groupBy.length, 'Total', ...rest)
  const lines = renderTable(columns, cells, terminalWidth(), (text, row, index) => {
    if (row === 'header') return paint('dim', text)
    if (row === totalRow) return paint('bold', text)
    return columns[index]?.bar === undefined ? text : paint('cyan', text)
  })
  const [header = '', ...body] = lines
  return [paint('bold', title), '', header, ...body.slice(0, -1), '', ...body.slice(-1)]
}

function scaleOf({ rows, total }: CostTable): Scale {
  const of =
    total.costNanos === 0n && total.planNanos > 0n ? (row: CostRow) => row.planNanos as bigint : (row: CostRow) => row.costNanos as bigint
  const largest = rows.reduce((most, row) => (of(row) > most ? of(row) : most), 0n)
  return { hasPlan: total.planCalls > 0, of, whole: of(total), largest }
}

function columnsOf(groupBy: readonly string[], table: CostTable, scale: Scale): ViewColumn[] {
  const { total } = table
  const right = 'right' as const
  const count = (header: string, order: number, of: (row: CostRow) => number, format = formatCompact): ViewColumn => ({
    header,
    align: right,
    ...(order > 5 ? { extra: order } : { dropOrder: order }),
    cell: (row) => format(of(row)),
  })
  const cached = total.cacheReadTokens + total.cacheWriteTokens > 0
  return [
    ...groupBy.map((name, index) => ({ header: name, cutTo: 8, cell: (row: CostRow) => nameOf(row.key[index] ?? null) })),
    { header: 'cost', align: 'point', cell: costText },
    ...(scale.hasPlan
      ? [{ header: 'plan', align: 'point' as const, cell: (row: CostRow) => (row.planCalls === 0 ? '' : formatUsd(row.planNanos)) }]
      : []),
    {
      header: '',
      dropOrder: 5,
      bar: { min: 4, max: 24 },
      cell: (row) => (row === total || row === table.others ? '0' : String(fraction(scale.of(row), scale.largest))),
    },
    {
      header: 'share',
      align: right,
      dropOrder: 4,
      cell: (row) => (scale.whole <= 0n || isUnpriced(row) ? '' : formatShare(fraction(scale.of(row), scale.whole))),
    },
    count('calls', 3, (row) => row.calls, formatCount),
    ...(total.runs > 0 ? [count('runs', 6, (row) => row.runs, formatCount)] : []),
    ...(table.rows.some((row) => row.quantity !== undefined)
      ? [
          count(
            'quantity',
            1,
            (row) => row.quantity ?? Number.NaN,
            (value) => (Number.isNaN(value) ? '' : formatCompact(value)),
          ),
        ]
      : [
          count('input', 8, (row) => row.inputTokens),
          ...(cached ? [count('cache', 9, (row) => row.cacheReadTokens + row.cacheWriteTokens)] : []),
          count('output', 7, (row) => row.outputTokens),
          count('tokens', 2, (row) => row.totalTokens),
        ]),
  ]
}

/** What is not known in full is marked: `≥` where calls have no price, `~` where usage was estimated. */
function costText(row: CostRow): string {
  if (isUnpriced(row)) return 'unpriced'
  const marks = `${row.unpricedCalls + row.partialCalls > 0 ? '≥ ' : ''}${row.estimatedCalls > 0 ? '~' : ''}`
  return `${marks}${formatUsd(row.costNanos)}`
}

function isUnpriced(row: CostRow): boolean {
  return row.calls > 0 && row.unpricedCalls === row.calls
}

function nameOf(value: string | null): string {
  return value === null ? '(none)' : printable(value)
}

function fraction(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Number(part) / Number(whole)
}

/** What the table leaves out or marks, and what to do about it. */
export function costNotes(total: CostRow, unpricedModels: readonly string[]): string[] {
  const notes: string[] = []
  if (total.planCalls > 0) {
    notes.push(`plan: list prices of ${calls(total.planCalls)} that a subscription covers; no part of the cost.`)
  }
  if (total.unpricedCalls > 0) {
    const which = unpricedModels.length === 0 ? '' : `: ${unpricedModels.map(printable).join(', ')}`
    notes.push(`≥: ${calls(total.unpricedCalls)} without a price${which}. Give one in purser.yaml, then \`purser reprice --apply\`.`)
  }
  if (total.partialCalls > 0)
    notes.push(`≥: of ${calls(total.partialCalls)} a part has no price; \`purser reprice --apply\` after you gave one.`)
  if (total.estimatedCalls > 0)
    notes.push(`~: ${formatUsd(total.estimatedNanos)} in ${calls(total.estimatedCalls)} rests on estimated usage.`)
  return notes
}

function calls(count: number): string {
  return count === 1 ? '1 call' : `${formatCount(count)} calls`
}

const ownFields: readonly string[] = [...skuFields, ...timeUnits, 'meter', 'service']

/** A label that no call carries may be a mistyped field. */
export function unusedLabelNotes(groupBy: readonly string[], { rows }: CostTable): string[] {
  if (rows.length === 0) return []
  const unused = groupBy.filter((name, index) => !ownFields.includes(name) && rows.every((row) => row.key[index] === null))
  return unused.map((name) => {
    const nearest = closest(name, ownFields)
    return `${name}: no call carries this label${nearest === undefined ? '.' : `; did you mean ${nearest}?`}`
  })
}
