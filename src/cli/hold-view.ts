import { formatAmount, formatLabels } from '../budgets/amount-text.ts'
import type { HoldView, Presumption } from '../budgets/hold-view.ts'
import type { Amounts } from '../budgets/hold.ts'
import { formatDuration } from '../text/duration.ts'
import { renderTable } from '../text/table.ts'
import { paint, terminalWidth } from './terminal.ts'

const presumptionWords: Readonly<Record<Presumption, string>> = {
  'ran-out': 'ran out',
  cut: 'cut',
  unpriced: 'no price',
  unmeasured: 'no usage',
}

/** A table of holds; those that are presumed spent stand out, with the reason. */
export function holdLines(holds: readonly HoldView[], nowMs: number): string[] {
  const columns = [
    { header: 'hold', cutTo: 10, cutLast: true as const },
    { header: 'state' },
    // Times go before ids and labels are cut.
    { header: 'labels', cutTo: terminalWidth() < 72 ? 12 : 24 },
    { header: 'left', cutTo: 10 },
    { header: 'spent', dropOrder: 1 },
    { header: 'age', dropOrder: 4 },
    { header: 'ends', dropOrder: 2 },
    { header: 'of', cutTo: 10, dropOrder: 3 },
  ]
  const hasParents = holds.some(({ parent }) => parent !== null)
  const shown = hasParents ? columns : columns.slice(0, -1)
  const rows = holds.map(({ id, state, labels, left, spent, reservedAt, expiresAt, parent, presumedBecause }) => [
    id,
    state,
    formatLabels(labels) || '(none)',
    moneyText(left),
    moneyText(spent),
    formatDuration(nowMs - reservedAt),
    state === 'open' ? `in ${formatDuration(expiresAt - nowMs)}` : presumedBecause.map((why) => presumptionWords[why]).join(', '),
    ...(hasParents ? [parent ?? ''] : []),
  ])
  return renderTable(shown, rows, terminalWidth(), (text, row, column) => {
    if (row === 'header') return paint('dim', text)
    return column === 1 && holds[row]?.state === 'presumed' ? paint('yellow', text) : text
  })
}

/** What a hold comes to in few words: its money, or where it has none its tokens. */
export function moneyText({ cost, tokens }: Amounts): string {
  const parts = [
    ...(cost === undefined ? [] : [formatAmount('cost', cost)]),
    ...(tokens === undefined || (tokens === 0n && cost !== undefined) ? [] : [formatAmount('tokens', tokens)]),
  ]
  return parts.join(', ')
}
