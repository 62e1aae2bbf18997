import { formatUsdExact } from '../money/format.ts'
import type { PriceLine } from '../pricing/priced.ts'
import { plural } from '../text/counted.ts'
import { formatCount } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { meters } from '../usage/meters.ts'
import { terminalWidth } from './terminal.ts'

/** The lines of a cost, one a row: what was billed, at which rate, and what it comes to. */
export function priceLines(lines: readonly PriceLine[]): string[] {
  if (lines.length === 0) return []
  const rows = lines.map((line) => {
    const quantity = Number.isInteger(line.quantity) ? formatCount(line.quantity) : String(line.quantity)
    return [line.meter, `${quantity} × $${line.rateUsd} / ${perUnit(line)}`, formatUsdExact(line.costNanos)]
  })
  const columns = [
    { header: '' },
    { header: '', align: 'right' as const, cutTo: 12, cutLast: true as const },
    { header: '', align: 'right' as const },
  ]
  return renderTable(columns, rows, terminalWidth() - 2)
    .slice(1)
    .map((line) => `  ${line}`)
}

function perUnit({ meter, per }: PriceLine): string {
  const { unit } = meters[meter]
  if (per === 1) return unit
  const amount = per === 1_000_000 ? '1M' : per === 1000 ? '1K' : formatCount(per)
  return `${amount} ${plural(unit)}`
}
