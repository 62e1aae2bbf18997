import type { CostRow, CostTable } from '../ledger/cost-table.ts'
import { formatUsd } from '../money/format.ts'
import { printable } from '../text/display-width.ts'
import { formatCompact, formatCount, formatShare } from '../text/numbers.ts'
import { type Column, renderTable } from '../text/table.ts'
import { type AskedPeriod, describePeriod } from '../reports/asked-period.ts'
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
  if (table.others !== null)
    cells[totalRow - 1]?.splice(0, groupBy.length, table.otherCount === 1 ? '1 other' : `${formatCount(table.otherCount)} others`, ...rest)
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
  const count = (header: string, order: number, of: (row: CostRow) => number | null, format = formatCompact): ViewColumn => ({
    header,
    align: right,
    ...(order > 5 ? { extra: order } : { dropOrder: order }),
    cell: (row) => formatIf(of(row), format),
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
    ...((total.runs ?? 0) > 0 ? [count('runs', 6, (row) => row.runs, formatCount)] : []),
    ...(table.rows.some((row) => row.quantity !== undefined)
      ? [count('quantity', 1, (row) => row.quantity ?? null)]
      : [
          count('input', 8, (row) => row.inputTokens),
          ...(cached ? [count('cache', 9, (row) => row.cacheReadTokens + row.cacheWriteTokens)] : []),
          count('output', 7, (row) => row.outputTokens),
          count('tokens', 2, (row) => row.totalTokens),
        ]),
  ]
}

/** What nobody can tell is left empty. */
function formatIf(value: number | null, format: (value: number) => string): string {
  return value === null ? '' : format(value)
}

/** What is not known in full is marked: `≥` where calls have no price, `~` where usage was estimated. */
function costText(row: CostRow): string {
  if (isUnpriced(row)) return 'unpriced'
  const marks = `${row.isLowerBound ? '≥ ' : ''}${row.estimatedCalls > 0 ? '~' : ''}`
  return `${marks}${formatUsd(row.costNanos)}`
}

function isUnpriced(row: CostRow): boolean {
  return row.unpricedCalls > 0 && row.unpricedCalls >= row.calls && row.costNanos === 0n
}

function nameOf(value: string | null): string {
  return value === null ? '(none)' : printable(value)
}

function fraction(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Number(part) / Number(whole)
}
