import { PurserError } from '../errors.ts'
import type { Metric } from '../budgets/budget.ts'
import type { Amounts, Asked } from '../budgets/hold.ts'
import { inputPlace } from '../budgets/input-place.ts'
import { parseHeld } from '../budgets/parse-amount.ts'
import { type Basis, bases } from '../ledger/charge.ts'
import { parseLabels } from '../ledger/labels.ts'
import type { RequestSource } from '../usage/requests/call-request.ts'
import { canonicalProvider } from '../pricing/provider-names.ts'

type AmountInput = string | number | bigint

/** Amounts by metric: dollars for `cost` (exact as text), counts for the others. */
export interface AmountsInput extends Readonly<Partial<Record<Exclude<Metric, 'calls'>, AmountInput>>> {
  /** One unless said otherwise; null where nobody can say, so that a hard budget of calls refuses. */
  readonly calls?: AmountInput | null
}

/** What a hold asks. */
export interface HoldRequest {
  /** Yours, for a second try to get the same grant while the hold is open; made up where it is left out. */
  readonly id?: string
  readonly labels?: Readonly<Record<string, string>>
  /** The worst case, by metric. A hold is for one call and takes one place unless said otherwise. */
  readonly amount?: AmountsInput
  /** What is expected of it, for adaptive budgets; learned from earlier holds where it is left out. */
  readonly expected?: AmountsInput
  /** The request itself, by which worst cases are bounded that are not given: its API and body, as it will be sent. */
  readonly request?: RequestSource
  /** With a request: shortens its longest answer until it fits; the grant says to how many tokens. */
  readonly shrink?: boolean
  readonly provider?: string
  readonly model?: string
  /** `plan` for a call that a subscription covers. */
  readonly basis?: Basis
  /** Milliseconds until the hold is presumed spent; ten minutes unless said otherwise. */
  readonly ttlMs?: number
  /** Milliseconds to go on trying while other holds stand in the way. */
  readonly waitMs?: number
}

export const defaultTtlMs = 10 * 60 * 1000
const maxTtlMs = 400 * 24 * 60 * 60 * 1000
const metrics: readonly Metric[] = ['cost', 'tokens', 'calls', 'concurrency']

/** What a request knows of its worst case beside amounts that are given: see pricing/bound-request.ts. */
export type Bounded = Pick<Asked, 'worst' | 'refusal' | 'catalog' | 'request' | 'maxOutputTokens'>

/**
 * Checks what a hold asks. Amounts that are given stand for those that the request is bounded by.
 * @throws PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function toAsked(request: HoldRequest, bounded: Bounded, defaults: Amounts): Asked {
  const { labels = {}, basis = 'metered', ttlMs = defaultTtlMs, provider, model } = request
  checkTtl(ttlMs)
  if (!bases.includes(basis)) throw new PurserError('PURSER_BAD_ARGUMENT', `"${basis}" is no basis. Use ${bases.join(', ')}.`)
  if (request.amount?.calls !== undefined && toAmounts('amount', { calls: request.amount.calls }).calls === 0n) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'A hold is for one call at least; "amount.calls" is 0.')
  }
  const worst = worstOf(request.amount, { ...defaults, ...bounded.worst })
  return {
    labels: parseLabels(labels),
    worst,
    ...((request.amount?.calls ?? null) !== null && { saysCalls: true }),
    expected: toAmounts('expected', request.expected),
    ttlMs,
    basis,
    provider: provider === undefined ? null : canonicalProvider(provider),
    model: model ?? null,
    refusal: worst.cost === undefined ? bounded.refusal : null,
    catalog: bounded.catalog,
    request: bounded.request,
    maxOutputTokens: bounded.maxOutputTokens,
  }
}

/** Amounts that are given stand for others; what is given as null is left open. */
function worstOf(given: AmountsInput | undefined, others: Amounts): Amounts {
  const { calls, ...rest } = others
  return { ...rest, ...(calls !== undefined && given?.calls !== null && { calls }), ...toAmounts('amount', given) }
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkTtl(ttlMs: number): void {
  if (Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= maxTtlMs) return
  throw new PurserError('PURSER_BAD_ARGUMENT', `A hold lives from 1 millisecond to 400 days; ${ttlMs} ms is asked.`)
}

/** @throws PURSER_BAD_ARGUMENT */
export function toAmounts(what: string, input: AmountsInput = {}): Amounts {
  const refuse = (path: readonly (string | number)[], predicate: string): never => {
    throw new PurserError('PURSER_BAD_ARGUMENT', `"${[what, ...path].join('.')}" ${predicate}.`)
  }
  const place = inputPlace(refuse)
  const unknown = Object.keys(input).find((key) => !(metrics as readonly string[]).includes(key))
  if (unknown !== undefined) throw new PurserError('PURSER_BAD_ARGUMENT', `"${unknown}" is no metric. Use ${metrics.join(', ')}.`)
  const amounts: Partial<Record<Metric, bigint>> = {}
  for (const metric of metrics) {
    const amount = input[metric]
    if (amount === undefined || (metric === 'calls' && amount === null)) continue
    amounts[metric] = parseHeld(amount, metric, place.in(metric))
  }
  return amounts
}
