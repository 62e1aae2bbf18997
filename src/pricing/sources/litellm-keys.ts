import type { Meter } from '../../usage/meters.ts'
import type { Conditions } from '../card.ts'

/** What one key of a LiteLLM entry prices. */
export interface LiteLlmPrice {
  readonly meter: Meter
  readonly per: number
  /** Power of ten from the listed amount to the amount for `per` units. */
  readonly scale: number
  readonly from?: number
  readonly when?: Conditions
}

const tokenKeys: Readonly<Record<string, Meter>> = {
  input_cost_per_token: 'inputTokens',
  output_cost_per_token: 'outputTokens',
  cache_read_input_token_cost: 'cacheReadTokens',
  input_cost_per_token_cache_hit: 'cacheReadTokens',
  cache_creation_input_token_cost: 'cacheWrite5mTokens',
  cache_creation_input_token_cost_above_1hr: 'cacheWrite1hTokens',
  output_cost_per_reasoning_token: 'reasoningTokens',
  input_cost_per_audio_token: 'audioInputTokens',
  cache_read_input_audio_token_cost: 'audioCacheReadTokens',
  output_cost_per_audio_token: 'audioOutputTokens',
  input_cost_per_image_token: 'imageInputTokens',
  output_cost_per_image_token: 'imageOutputTokens',
  output_cost_per_video_token: 'videoOutputTokens',
}

interface UnitKey {
  readonly meter: Meter
  readonly modes: readonly string[]
  /** 1 unless said otherwise. */
  readonly per?: number
  readonly when?: Conditions
}

/** Units other than tokens, by the mode in which they mean what the meter counts. */
const unitKeys: Readonly<Record<string, UnitKey>> = {
  input_cost_per_character: { meter: 'characters', modes: ['audio_speech'] },
  input_cost_per_second: { meter: 'audioSeconds', modes: ['audio_transcription'] },
  output_cost_per_second: { meter: 'videoSeconds', modes: ['video_generation'] },
  output_cost_per_video_per_second: { meter: 'videoSeconds', modes: ['video_generation'] },
  output_cost_per_second_1080p: { meter: 'videoSeconds', modes: ['video_generation'], when: { attributes: { resolution: '1080p' } } },
  input_cost_per_image: { meter: 'images', modes: ['image_generation', 'image_edit'] },
  output_cost_per_image: { meter: 'images', modes: ['image_generation', 'image_edit'] },
  ocr_cost_per_page: { meter: 'pages', modes: ['ocr'] },
  input_cost_per_query: { meter: 'requests', modes: ['rerank', 'search', 'vector_store'] },
  input_cost_per_request: { meter: 'requests', modes: ['chat', 'completion'] },
  code_interpreter_cost_per_session: { meter: 'containerSessions', modes: ['chat', 'responses'] },
  file_search_cost_per_1k_calls: { meter: 'fileSearches', modes: ['chat', 'responses'], per: 1000 },
}

const serviceTiers: Readonly<Record<string, string>> = { batches: 'batch', flex: 'flex', priority: 'priority' }
const suffixes = /^(?<base>.+?)(?:_above_(?<thousands>\d+)k_tokens)?(?:_(?<service>batches|flex|priority))?$/

/** What a price key means in an entry of a mode; undefined where no meter counts it. */
export function readPriceKey(key: string, mode: string): LiteLlmPrice | undefined {
  const unit = unitKeys[key]
  if (unit !== undefined) {
    if (!unit.modes.includes(mode)) return undefined
    return { meter: unit.meter, per: unit.per ?? 1, scale: 0, ...(unit.when === undefined ? {} : { when: unit.when }) }
  }
  const { base = '', thousands, service } = suffixes.exec(key)?.groups ?? {}
  const meter = tokenKeys[base]
  if (meter === undefined) return undefined
  const serviceTier = service === undefined ? undefined : serviceTiers[service]
  return {
    meter,
    per: 1_000_000,
    scale: 6,
    ...(thousands === undefined ? {} : { from: Number(thousands) * 1000 }),
    ...(serviceTier === undefined ? {} : { when: { serviceTier } }),
  }
}

/** Keys that speak of money, understood or not. */
export function isPriceKey(key: string): boolean {
  return /cost|price|pricing|multiplier/.test(key) && !key.startsWith('supports_')
}
