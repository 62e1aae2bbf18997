import type { z } from 'zod'
import { formatAmount } from '../budgets/amount-text.ts'
import type { Metric } from '../budgets/budget.ts'
import type { HoldView } from '../budgets/budget-status.ts'
import type { Amounts } from '../budgets/hold.ts'
import { formatDuration } from '../text/duration.ts'
import { renderTable } from '../text/table.ts'
import { labelsText } from './budget-news.ts'
import type { holdShape } from './gate-shapes.ts'
import { paint, terminalWidth } from './terminal.ts'

/** A hold as JSON. */
export function holdJson(hold: HoldView): z.infer<typeof holdShape> {
  const { id, state, labels, provider, model, parent, reservedAt, expiresAt, asked, left, spent } = hold
  return {
    id,
    state,
    labels,
    provider,
    model,
    parent,
    reservedAt: iso(reservedAt),
    expiresAt: iso(expiresAt),
    asked: amountsJson(asked),
    left: amountsJson(left),
    spent: amountsJson(spent),
  }
}

/** Amounts by metric as text. */
export function amountsJson(amounts: Amounts): Partial<Record<Metric, string>> {
  return Object.fromEntries(Object.entries(amounts).map(([metric, amount]) => [metric, String(amount)]))
}

/** A table of holds; those that are presumed spent stand out. */
export function holdLines(holds: readonly HoldView[], nowMs: number): string[] {
  const columns = [
    { header: 'hold', cutTo: 10, cutLast: true as const },
    { header: 'state' },
    { header: 'labels', cutTo: 12 },
    { header: 'left', cutTo: 10 },
    { header: 'spent', dropOrder: 2 },
    { header: 'age', dropOrder: 3 },
    { header: 'expires in', dropOrder: 1 },
    { header: 'of', cutTo: 10, dropOrder: 4 },
  ]
  const hasParents = holds.some(({ parent }) => parent !== null)
  const shown = hasParents ? columns : columns.slice(0, -1)
  const rows = holds.map(({ id, state, labels, left, spent, reservedAt, expiresAt, parent }) => [
    id,
    state,
    labelsText(labels) || '(none)',
    moneyText(left),
    moneyText(spent),
    formatDuration(nowMs - reservedAt),
    state === 'open' ? formatDuration(expiresAt - nowMs) : '',
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

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
