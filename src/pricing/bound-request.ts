import { nanos, type Nanos } from '../money/nanos.ts'
import type { CallRequest, ModelName, Unbounded } from '../usage/requests/call-request.ts'
import type { Catalog } from './catalog.ts'
import { cardInForce } from './match-name.ts'
import type { PriceRequest } from './priced.ts'
import { priceUsage } from './price-usage.ts'
import { type Pot, plainUsage, potsOf, tokensOf } from './request-pots.ts'
import { servedRates } from './served-rates.ts'
import { instantsBetween, type ServedWay, servedWays } from './served-ways.ts'
import { explainUnrated } from './unpriced.ts'
import { worstOfPots } from './worst-of-pots.ts'

/** The way of being served that makes a request dearest. */
export interface DearestWay extends ModelName, ServedWay {}

/**
 * What a call can cost and count at most. `unbounded`: the request leaves open how much. `unpriced`: how much is known,
 * but not what it costs.
 */
export type Bound =
  | {
      readonly kind: 'bounded'
      /** Nanos, rounded up. */
      readonly cost: { readonly worst: Nanos }
      readonly tokens: { readonly worst: number }
      readonly calls: 1
      /** The longest answer of each choice that this bound allows; absent where the call puts out no tokens. */
      readonly maxOutputTokens?: number
      readonly dearest: DearestWay
      /** Revision of the catalog. */
      readonly revision: string
    }
  | { readonly kind: 'unbounded'; readonly reasons: readonly Unbounded[]; readonly calls: 1; readonly revision: string }
  | {
      readonly kind: 'unpriced'
      /** Which price is missing, and what to add. */
      readonly message: string
      readonly tokens: { readonly worst: number }
      readonly calls: 1
      readonly revision: string
    }

/** When a call may be made and priced: from now until its hold expires, in milliseconds since 1970. */
export interface BoundPeriod {
  readonly at: number
  readonly untilMs?: number
}

const largestStored = 2n ** 63n - 1n

/**
 * Bounds a request by the catalog: no usage that the request allows costs more, however the prompt is split over caches,
 * in whichever tier, speed and region it may be served, by whichever of its models, at any instant of the period.
 * Rounded up to the nano. What is larger than a ledger can hold is bounded by the most that it can, since no charge is more.
 * @example
 * boundRequest(catalog, readRequest({ provider: 'openai', api: 'chat', body }), { at: Date.now(), untilMs: Date.now() + 60_000 })
 * // { kind: 'bounded', cost: { worst: 4600000n }, tokens: { worst: 1300 }, … }
 */
export function boundRequest(catalog: Catalog, request: CallRequest, period: BoundPeriod): Bound {
  const { revision } = catalog
  const pots = potsOf(request)
  if (pots === undefined || request.unbounded.length > 0) {
    return { kind: 'unbounded', reasons: [...request.unbounded, ...(pots === undefined ? [noMaxOutput] : [])], calls: 1, revision }
  }
  const requests = [request, ...request.fallbacks.map((fallback) => asFallback(request, fallback))]
  const tokens = { worst: tokensOf(pots) * (request.fallbacksAddUp ? requests.length : 1) }
  let sum = 0n
  let worst: ModelWorst | undefined
  for (const each of requests) {
    const found = worstOfModel(catalog, each, period)
    if ('message' in found) return { kind: 'unpriced', message: found.message, tokens, calls: 1, revision }
    sum += found.worst
    if (worst === undefined || found.worst > worst.worst) worst = found
  }
  const cost = request.fallbacksAddUp ? sum : (worst?.worst ?? 0n)
  const hasOutput = request.outputMeters.length > 0 && request.maxOutputTokens !== undefined
  return {
    kind: 'bounded',
    cost: { worst: nanos(cost > largestStored ? largestStored : cost) },
    tokens,
    calls: 1,
    ...(hasOutput ? { maxOutputTokens: request.maxOutputTokens } : {}),
    dearest: worst?.dearest ?? { provider: request.provider, model: request.model, attributes: {} },
    revision,
  }
}

export const noMaxOutput: Unbounded = {
  reason: 'no-max-output',
  field: 'maxOutputTokens',
  message: 'maxOutputTokens: the request sets no longest answer, and none is known for the model; set one.',
}

/** The same request to another model. How another provider serves it does not stand in this one, so any way is taken. */
export function asFallback(request: CallRequest, { provider, model }: ModelName): CallRequest {
  if (provider === request.provider) return { ...request, model }
  return {
    ...request,
    provider,
    model,
    serviceTiers: [...new Set(['', ...request.serviceTiers, 'flex', 'priority', 'fast'])],
    regions: [...new Set(['', ...request.regions, 'us', 'eu'])],
    cacheWrites: ['cacheWrite5mTokens', 'cacheWrite1hTokens'],
  }
}

interface ModelWorst {
  readonly worst: bigint
  readonly dearest: DearestWay
}

function worstOfModel(
  catalog: Catalog,
  request: CallRequest,
  { at, untilMs = at }: BoundPeriod,
): ModelWorst | { readonly message: string } {
  const { provider, model } = request
  const pots = potsOf(request) ?? []
  const missing = missingPrice(catalog, request, pots, at)
  if (missing !== undefined) return { message: missing }
  const candidates = catalog.candidates(provider, model)
  let worst = -1n
  let dearest: DearestWay = { provider, model, attributes: {} }
  for (const instant of instantsBetween(
    candidates.flatMap(({ cards }) => cards),
    at,
    untilMs,
  )) {
    const card = candidates.map(({ cards }) => cardInForce(cards, instant)).find((found) => found !== undefined)
    if (card === undefined) continue
    for (const { attributes, ...levels } of servedWays(request, card)) {
      const rates = servedRates(card, { provider, model, usage: { attributes }, at: instant, ...levels })
      const cost = worstOfPots(card, rates, pots)
      if (cost <= worst) continue
      worst = cost
      dearest = { provider, model, ...levels, attributes }
    }
  }
  return { worst: worst < 0n ? 0n : worst, dearest }
}

/** Why a plain call in the way that was asked for would not be priced in full. */
function missingPrice(catalog: Catalog, request: CallRequest, pots: readonly Pot[], at: number): string | undefined {
  const { provider, model, serviceTiers, speeds, regions, attributes } = request
  const told = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== '*'))
  const [serviceTier = '', speed = '', region = ''] = [serviceTiers[0], speeds[0], regions[0]]
  const usage = { ...plainUsage(request, pots), ...(Object.keys(told).length > 0 ? { attributes: told } : {}) }
  const asked: PriceRequest = { provider, model, usage, at, serviceTier, speed, region }
  const priced = priceUsage(catalog, asked)
  if (priced.status === 'unpriced') return priced.message
  const card = catalog.find(provider, model, at)?.card
  return priced.status === 'priced' || card === undefined ? undefined : explainUnrated(card, priced.unratedMeters, asked)
}
