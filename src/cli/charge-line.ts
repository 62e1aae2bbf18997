import type { Charge } from '../ledger/charge.ts'
import { formatUsdExact } from '../money/format.ts'
import { printable } from '../text/display-width.ts'

/** A charge in one line: `openai.gpt-4o = $0.0045`. */
export function chargeLine({ provider, model, costNanos, status }: Charge): string {
  const cost = costNanos === null ? 'unpriced' : formatUsdExact(costNanos)
  const how = status === 'stated' || status === 'reported' ? ` (${status})` : ''
  return `${printable(`${provider}.${model}`)} = ${cost}${how}`
}
