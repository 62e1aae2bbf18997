import type { Amounts } from '../../budgets/hold.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { Labels } from '../../ledger/charge.ts'
import { PurserError } from '../../errors.ts'
import type { Filter } from '../../ledger/cost-query.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { Cap } from '../../runs/run.ts'
import { answerCosts } from '../../reports/answer-costs.ts'
import type { Store } from '../../stores/store.ts'
import { parseCap } from '../../runs/cap.ts'
import type { EstimateInput } from './run-options.ts'

/** What the calls of a run came to until now; those with some labels where these are given. */
export async function spentOf(store: Store, run: string, labels: Labels = {}): Promise<Required<Cap>> {
  const where = Object.entries({ ...labels, run }).map(([field, value]) => equals(field, value))
  const everything = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: store.timezone, weekStart: 1, where }
  const { total } = await answerCosts(store, everything)
  return { cost: total.costNanos, tokens: BigInt(total.totalTokens), calls: BigInt(total.calls) }
}

function equals(field: string, value: string): Filter {
  return { field, op: 'equals', values: [value] }
}

/** What calls may still come to of which nobody knows yet, by metric: what is presumed, and what is held. */
export function presumedOf(holds: readonly HoldView[]): Required<Cap> {
  const sum = (metric: keyof Cap): bigint => holds.reduce((all, hold) => all + (openOf(hold)[metric] ?? 0n), 0n)
  return { cost: sum('cost'), tokens: sum('tokens'), calls: sum('calls') }
}

/** Amounts together. */
export function added(a: Required<Cap>, b: Required<Cap>): Required<Cap> {
  return { cost: a.cost + b.cost, tokens: a.tokens + b.tokens, calls: a.calls + b.calls }
}

function openOf({ state, presumed, left }: HoldView): HoldView['left'] {
  return state === 'open' ? left : presumed
}

/** What is left of amounts that are given; none of those that are not. */
export function less(amounts: Cap, ...used: readonly Amounts[]): Cap {
  const left: Partial<Record<keyof Cap, bigint>> = {}
  for (const [metric, amount] of Object.entries(amounts) as [keyof Cap, bigint][]) {
    const rest = used.reduce((all, each) => all - (each[metric] ?? 0n), amount)
    left[metric] = rest > 0n ? rest : 0n
  }
  return left
}

/** Amounts of an estimate that budgets can be asked for. */
export function amountsOf(estimate: CostEstimate | null): Cap {
  if (estimate === null) return {}
  const { costNanos, tokens, calls } = estimate
  return { cost: costNanos, ...(tokens !== null && { tokens: BigInt(tokens) }), ...(calls !== null && { calls: BigInt(calls) }) }
}

/** @throws PURSER_BAD_ARGUMENT */
export function parseEstimate(what: string, input: EstimateInput, nowMs: number): CostEstimate {
  if (typeof input === 'object') return checkEstimate(what, input)
  const { cost = 0n } = parseCap(what, input)
  return {
    source: 'given',
    costNanos: cost as CostEstimate['costNanos'],
    bufferPercent: 0,
    calls: null,
    tokens: null,
    parts: [],
    unpriced: [],
    quantiles: null,
    profile: null,
    catalog: null,
    madeAt: nowMs,
  }
}

/** What `purser.estimate` gave; one that was written down as JSON has lost its big integers, and is no estimate any more. */
function checkEstimate(what: string, input: CostEstimate): CostEstimate {
  const isWhole = input !== null && typeof input.costNanos === 'bigint' && Array.isArray(input.parts) && Array.isArray(input.unpriced)
  if (isWhole) return input
  throw new PurserError('PURSER_BAD_ARGUMENT', `"${what}" is no estimate; give dollars, like "4.00", or what \`purser.estimate\` gave.`)
}
