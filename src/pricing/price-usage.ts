import { quantities, type Usage } from '../usage/usage.ts'
import { type Bill, bill, billMarginal } from './bill.ts'
import type { Card } from './card.ts'
import type { Catalog } from './catalog.ts'
import type { CompiledCard, ServedRates } from './compile-card.ts'
import type { RateTable } from './compile-rate.ts'
import { ignoredAttributes } from './ignored-attributes.ts'
import { cardInForce } from './match-name.ts'
import type { Candidate } from './name-ladder.ts'
import type { Match, Priced, PriceRequest } from './priced.ts'
import { servedRates } from './served-rates.ts'
import { promptTokens, tierOf } from './tier.ts'
import { explainNoCardAtDate, explainUnknownLevel, explainUnknownModel, explainUnrated } from './unpriced.ts'

/**
 * Prices one usage by the catalog: exact, rounded once half-even, with lines that sum to the cost.
 * What nobody has a price for comes back as `unpriced` or `partial`, never as zero; the message says what to add.
 * Tier, speed and region of the request are those served.
 * @throws PURSER_BAD_NUMBER, PURSER_UNKNOWN_METER for a usage that `parseUsage` would refuse.
 * @throws PURSER_AMOUNT_OUT_OF_RANGE when the cost does not fit the ledger.
 * @example
 * priceUsage(catalog, { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 }, at: Date.now() })
 * // { status: 'priced', costNanos: 4500000n, … }
 */
export function priceUsage(catalog: Catalog, request: PriceRequest): Priced {
  const candidates = catalog.candidates(request.provider, request.model)
  for (let index = 0; index < candidates.length; index += 1) {
    const candidate = candidates[index]
    const card = candidate === undefined ? undefined : cardInForce(candidate.cards, request.at)
    if (candidate !== undefined && card !== undefined) return priceByCard(candidate, card, request)
  }
  if (candidates.length > 0) return { status: 'unpriced', reason: 'no-card-at-date', message: explainNoCardAtDate(candidates, request) }
  return { status: 'unpriced', reason: 'unknown-model', message: explainUnknownModel(catalog, request) }
}

function priceByCard(candidate: Candidate, card: CompiledCard, request: PriceRequest): Priced {
  const served = servedRates(card, request)
  if (served.unknownLevel !== undefined) {
    return { status: 'unpriced', reason: 'no-rate', message: explainUnknownLevel(card.card, served.unknownLevel, request) }
  }
  const { costNanos, lines, unratedMeters } = billServed(card, served, request.usage)
  if (unratedMeters.length > 0 && lines.length === 0) {
    return { status: 'unpriced', reason: 'no-rate', message: explainUnrated(card.card, unratedMeters, request) }
  }
  const priced: Priced = {
    status: unratedMeters.length === 0 ? 'priced' : 'partial',
    costNanos,
    lines,
    card: card.reference,
    match: matchAt(candidate, card, request.at),
    unratedMeters,
  }
  if (request.usage.attributes === undefined || card.attributes.size === 0) return priced
  const ignored = ignoredAttributes(card.card, request.usage)
  return ignored.length === 0 ? priced : { ...priced, ignoredAttributes: ignored }
}

function matchAt(candidate: Candidate, card: CompiledCard, at: number): Match {
  return at < card.undatedBefore ? candidate.undatedMatch : candidate.match
}

function billServed(card: CompiledCard, served: ServedRates, given: Usage): Bill {
  const { tables, thresholds } = served
  const base = tables[0] as RateTable
  const usage = billedOnce(card.card, base.ratesRequests ? withRequest(given) : given)
  const tier = thresholds.length === 0 ? 0 : tierOf(promptTokens(usage), thresholds, card.tierRule)
  if (tier > 0 && card.tierRule.mode === 'marginal') return billMarginal(tables, thresholds, card.tierRule, usage)
  return bill(tables[tier] ?? base, usage)
}

/** A call is one request, also where its usage does not count requests; a call that used nothing was none. */
function withRequest(usage: Usage): Usage {
  return usage.requests !== undefined || quantities(usage).length === 0 ? usage : { ...usage, requests: 1 }
}

/** A usage without the quantities that another of its quantities bills already. */
function billedOnce({ alternatives }: Card, usage: Usage): Usage {
  if (alternatives === undefined) return usage
  const billed = alternatives.filter(
    ({ meter, billedBy }) => (usage[meter] ?? 0) > 0 && billedBy.some((other) => other !== meter && (usage[other] ?? 0) > 0),
  )
  if (billed.length === 0) return usage
  return { ...usage, ...Object.fromEntries(billed.map(({ meter }) => [meter, 0])) }
}
