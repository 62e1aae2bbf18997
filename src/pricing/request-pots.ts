import { type CallRequest, outputTokensAtMost, promptTokensAtMost } from '../usage/requests/call-request.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import type { Usage } from '../usage/usage.ts'

/**
 * A quantity that may be counted by any of several meters, in any split: a prompt is uncached, read from a cache or
 * written to one; an answer is text, reasoning or sound.
 */
export interface Pot {
  readonly quantity: number
  /** The first is what it is where nothing special happens; a card must rate it. */
  readonly meters: readonly Meter[]
}

/** What a request may consume at most, as pots; undefined where nothing bounds its output. */
export function potsOf(request: CallRequest): Pot[] | undefined {
  const { cacheWrites, outputMeters, possibleOutputMeters, quantities } = request
  const output = outputTokensAtMost(request)
  if (output === undefined) return undefined
  const prompt: readonly Meter[] = ['inputTokens', 'cacheReadTokens', ...cacheWrites]
  const pots: Pot[] = [
    { quantity: promptTokensAtMost(request), meters: prompt },
    { quantity: output, meters: [...new Set<Meter>([...outputMeters, ...possibleOutputMeters, 'reasoningTokens'])] },
  ]
  for (const meter of meterNames) {
    const quantity = quantities[meter]
    if (quantity !== undefined) pots.push({ quantity, meters: alsoCountedAs(meter, prompt) })
  }
  return pots.filter(({ quantity }) => quantity > 0)
}

/** Providers that do not tell media apart count them as text, and cached ones as cached. */
function alsoCountedAs(meter: Meter, prompt: readonly Meter[]): readonly Meter[] {
  if (meters[meter].unit !== 'token' || prompt.includes(meter)) return meters[meter].prompt ? [...new Set([meter, ...prompt])] : [meter]
  if (meters[meter].prompt) {
    const cached: Meter | undefined =
      meter === 'audioInputTokens' ? 'audioCacheReadTokens' : meter === 'imageInputTokens' ? 'imageCacheReadTokens' : undefined
    return [meter, ...(cached === undefined ? [] : [cached]), ...prompt]
  }
  return [...new Set<Meter>([meter, 'outputTokens', 'reasoningTokens'])]
}

/** One unit of each pot as what it is where nothing special happens, and of every medium that was asked for: what must have a rate. */
export function plainUsage(request: CallRequest, pots: readonly Pot[]): Usage {
  const usage: { -readonly [M in Meter]?: number } = {}
  for (const { meters: counted } of pots) {
    const [first = 'inputTokens', ...others] = counted
    usage[first] = 1
    if (request.outputMeters.includes(first)) for (const meter of others) if (request.outputMeters.includes(meter)) usage[meter] = 1
  }
  return usage
}

/** Every token that may be counted, as budgets of tokens count them. */
export function tokensOf(pots: readonly Pot[]): number {
  return pots.reduce((sum, { quantity, meters: counted }) => (meters[counted[0] ?? 'requests'].unit === 'token' ? sum + quantity : sum), 0)
}
