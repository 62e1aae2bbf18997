import { PurserError } from '../errors.ts'
import { type Meter, meterNames, tokenMeters } from '../usage/meters.ts'
import type { Rate } from './card.ts'
import { decimalText } from './sources/decimal-text.ts'

interface RateKey {
  readonly meters: readonly Meter[]
  readonly per: number
}

/** Short names of token prices, each with the endings `_per_million` and `_per_1k`. */
const tokenPrices: Readonly<Record<string, Meter>> = {
  input: 'inputTokens',
  output: 'outputTokens',
  cache_read: 'cacheReadTokens',
  cache_write: 'cacheWrite5mTokens',
  cache_write_1h: 'cacheWrite1hTokens',
  reasoning: 'reasoningTokens',
  audio_input: 'audioInputTokens',
  audio_output: 'audioOutputTokens',
  image_input: 'imageInputTokens',
  image_output: 'imageOutputTokens',
}

/** Every short name of a price that an owner may write, and what it means. One combined rate prices every token alike. */
export const rateKeys: Readonly<Record<string, RateKey>> = {
  ...Object.fromEntries(
    Object.entries(tokenPrices).flatMap(([name, meter]) => [
      [`${name}_per_million`, { meters: [meter], per: 1_000_000 }],
      [`${name}_per_1k`, { meters: [meter], per: 1000 }],
    ]),
  ),
  per_million_tokens: { meters: tokenMeters, per: 1_000_000 },
  per_1k_tokens: { meters: tokenMeters, per: 1000 },
  per_million_characters: { meters: ['characters'], per: 1_000_000 },
  per_1k_characters: { meters: ['characters'], per: 1000 },
  per_image: { meters: ['images'], per: 1 },
  per_audio_second: { meters: ['audioSeconds'], per: 1 },
  per_audio_minute: { meters: ['audioSeconds'], per: 60 },
  per_audio_hour: { meters: ['audioSeconds'], per: 3600 },
  per_video_second: { meters: ['videoSeconds'], per: 1 },
  per_page: { meters: ['pages'], per: 1 },
  per_1k_pages: { meters: ['pages'], per: 1000 },
  per_search: { meters: ['searches'], per: 1 },
  per_1k_searches: { meters: ['searches'], per: 1000 },
  per_request: { meters: ['requests'], per: 1 },
  per_1k_requests: { meters: ['requests'], per: 1000 },
  per_file_search: { meters: ['fileSearches'], per: 1 },
  per_1k_file_searches: { meters: ['fileSearches'], per: 1000 },
  per_container_session: { meters: ['containerSessions'], per: 1 },
  per_container_hour: { meters: ['containerHours'], per: 1 },
  per_map_grounding: { meters: ['mapGroundings'], per: 1 },
  per_1k_map_groundings: { meters: ['mapGroundings'], per: 1000 },
  per_code_execution: { meters: ['codeExecutions'], per: 1 },
  per_1k_code_executions: { meters: ['codeExecutions'], per: 1000 },
  per_1k_posts: { meters: ['postsFetched'], per: 1000 },
  per_1k_profiles: { meters: ['profilesFetched'], per: 1000 },
}

/** Every meter at zero. */
export const freeRates: readonly Rate[] = meterNames
  .filter((meter) => meter !== 'reasoningTokens')
  .map((meter) => ({ meter, usd: '0', per: 1 }))

/**
 * The rates that the short names of an entry stand for.
 * @throws PURSER_BAD_CONFIG when an amount is no decimal of 0 or more, or two names price one meter.
 */
export function toRates(entry: Readonly<Record<string, unknown>>, path: string): Rate[] {
  const rates: Rate[] = []
  for (const [name, value] of Object.entries(entry)) {
    const key = rateKeys[name]
    if (key === undefined) continue
    const usd = toAmount(value, `${path}.${name}`)
    for (const meter of key.meters) {
      if (rates.some((rate) => rate.meter === meter)) {
        throw new PurserError('PURSER_BAD_CONFIG', `${path}.${name} prices ${meter} a second time; give one price for it.`)
      }
      rates.push({ meter, usd, per: key.per })
    }
  }
  return rates
}

/** Dollars as written: a YAML number is taken as the shortest decimal that names it. */
function toAmount(value: unknown, path: string): string {
  if (typeof value === 'number' || typeof value === 'string') {
    try {
      const usd = decimalText(value)
      if (!usd.startsWith('-')) return usd
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
    }
  }
  throw new PurserError(
    'PURSER_BAD_CONFIG',
    `${path} is ${JSON.stringify(value) ?? String(value)}; write dollars as a decimal of 0 or more, like 0.25.`,
  )
}
