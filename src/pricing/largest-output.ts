import type { Nanos } from '../money/nanos.ts'
import type { CallRequest } from '../usage/requests/call-request.ts'
import { type BoundPeriod, boundRequest } from './bound-request.ts'
import type { Catalog } from './catalog.ts'

/** What is left for a call; a limit that is absent is none. */
export interface OutputLimits {
  readonly cost?: Nanos
  readonly tokens?: number
}

/** No vendor's answer is longer; what a request without a limit is cut to where even this fits. */
const longestAnswer = 1_000_000

/**
 * The largest `maxOutputTokens` with which a request fits the limits, at most what it asks for itself: what a caller may
 * clamp its request to. Undefined where not even the least that the provider takes fits, where something else keeps the
 * request from being bounded or priced, and where it puts out no tokens. A bound only grows with the answer, so it is found
 * by halving.
 */
export function largestOutput(catalog: Catalog, request: CallRequest, period: BoundPeriod, limits: OutputLimits): number | undefined {
  if (request.outputMeters.length === 0) return undefined
  const fits = (maxOutputTokens: number): boolean => {
    const bound = boundRequest(catalog, { ...request, maxOutputTokens }, period)
    if (bound.kind !== 'bounded') return false
    return (
      (limits.cost === undefined || bound.cost.worst <= limits.cost) && (limits.tokens === undefined || bound.tokens.worst <= limits.tokens)
    )
  }
  const most = request.maxOutputTokens ?? longestAnswer
  let low = request.leastOutputTokens
  if (most < low || !fits(low)) return undefined
  if (fits(most)) return most
  let high = most
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2)
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}
