import type { InputPath } from '../budgets/input-place.ts'
import { inputPlace } from '../budgets/input-place.ts'
import { formatAmount } from '../budgets/amount-text.ts'
import { parseHeld } from '../budgets/parse-amount.ts'
import { PurserError } from '../errors.ts'
import type { Cap, LimitReached } from './run.ts'

/** What a run or stage may spend, as its host writes it: dollars, or amounts by metric. */
export type CapInput =
  | string
  | number
  | { readonly cost?: string | number; readonly tokens?: number | bigint; readonly calls?: number | bigint }

const metrics = ['cost', 'tokens', 'calls'] as const

/** @throws PURSER_BAD_ARGUMENT */
export function parseCap(what: string, input: CapInput): Cap {
  const refuse = (path: InputPath, predicate: string): never => {
    throw new PurserError('PURSER_BAD_ARGUMENT', `"${[what, ...path].join('.')}" ${predicate}.`)
  }
  const place = inputPlace(refuse)
  if (typeof input === 'string' || typeof input === 'number') return { cost: parseHeld(input, 'cost', place) }
  if (typeof input !== 'object' || input === null)
    return refuse([], 'must be dollars, like "2.00", or amounts like { cost: "2.00", calls: 50 }')
  const unknown = Object.keys(input).find((key) => !(metrics as readonly string[]).includes(key))
  if (unknown !== undefined) return refuse([unknown], `is no metric of a cap; it has ${metrics.join(', ')}`)
  const cap: Partial<Record<(typeof metrics)[number], bigint>> = {}
  for (const metric of metrics) {
    const amount = input[metric]
    if (amount !== undefined) cap[metric] = parseHeld(amount, metric, place.in(metric))
  }
  if (Object.keys(cap).length === 0) return refuse([], 'names no amount; give { cost: "2.00" }')
  return cap
}

/** The larger of two caps, metric by metric. */
export function largerCap(a: Cap | null, b: Cap | null): Cap | null {
  if (a === null || b === null) return a ?? b
  const larger: Partial<Record<(typeof metrics)[number], bigint>> = {}
  for (const metric of metrics) {
    const [x, y] = [a[metric], b[metric]]
    const most = x === undefined || (y !== undefined && y > x) ? y : x
    if (most !== undefined) larger[metric] = most
  }
  return larger
}

/** Says which budget is reached, with its figures. */
export function limitText(reached: LimitReached): string {
  const { budget, metric, scope, limit, spent, held, presumed, asked, threshold } = reached
  if (reached.isWithheld === true) return 'a budget that you share with others is reached'
  const amount = (value: bigint): string => formatAmount(metric, value)
  const whose = Object.entries(scope).map(([key, value]) => `${key}=${value}`)
  const name = budget === 'run' ? "the run's own cap" : budget === 'stage' ? "the stage's own cap" : `budget "${budget}"`
  const of = whose.length === 0 || budget === 'run' || budget === 'stage' ? '' : ` (${whose.join(', ')})`
  const parts = [`${amount(spent)} spent`]
  if (held > 0n) parts.push(`${amount(held)} held`)
  if (presumed > 0n) parts.push(`${amount(presumed)} presumed`)
  const more = asked === null ? '' : `, and ${amount(asked)} more is asked`
  if (threshold !== undefined) return `${threshold}% of ${name}${of} of ${amount(limit)} is passed: ${parts.join(', ')}`
  return `${name}${of} of ${amount(limit)} is reached: ${parts.join(', ')}${more}`
}
