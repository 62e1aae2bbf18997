import { formatLabels } from '../budgets/amount-text.ts'
import type { Charge } from '../ledger/charge.ts'
import { formatUsdExact } from '../money/format.ts'
import { printable } from '../text/display-width.ts'

/** A charge in one line: `openai.gpt-4o = $0.0045`; of a part of a call also which, and for whom. */
export function chargeLine({ provider, model, costNanos, status, part, labels }: Charge): string {
  const cost = costNanos === null ? 'unpriced' : formatUsdExact(costNanos)
  const how = status === 'stated' || status === 'reported' ? ` (${status})` : ''
  const which = part === null ? '' : `  part ${part.index} of ${part.weights.length}: ${printable(formatLabels(labels))}`
  return `${printable(`${provider}.${model}`)} = ${cost}${how}${which}`
}
