import { describe, expect, test } from 'vitest'
import type { Usage } from '../../usage/usage.ts'
import { createCatalog } from '../catalog.ts'
import { priceUsage } from '../price-usage.ts'
import { fromLiteLlm } from './litellm.ts'

const million = 1_000_000

function read(list: Record<string, object>) {
  return fromLiteLlm(list, { checkedAt: '2026-08-01' })
}

function ratesOf(name: string, entry: object) {
  return read({ [name]: { litellm_provider: 'openai', mode: 'chat', ...entry } }).cards[0]?.rates
}

function firstRate(entry: object) {
  return ratesOf('m1', entry)?.[0]
}

function searchRates(low: number, medium: number, high: number) {
  const sizes = { search_context_size_low: low, search_context_size_medium: medium, search_context_size_high: high }
  return ratesOf('m1', { search_context_cost_per_query: sizes })
}

describe('the price list of LiteLLM', () => {
  test('an amount per token becomes one per million, digit by digit', () => {
    expect(
      ratesOf('m1', { input_cost_per_token: 2.5e-6, output_cost_per_token: 0.00001, cache_read_input_token_cost: 2.9999900000000002e-6 }),
    ).toEqual([
      { meter: 'inputTokens', usd: '2.5', per: million },
      { meter: 'outputTokens', usd: '10', per: million },
      { meter: 'cacheReadTokens', usd: '2.9999900000000002', per: million },
    ])
  })

  test('cache writes of five minutes and of an hour, batches, flex, priority and long context each have their place', () => {
    expect(
      ratesOf('m1', {
        cache_creation_input_token_cost: 3.75e-6,
        cache_creation_input_token_cost_above_1hr: 6e-6,
        cache_creation_input_token_cost_above_1hr_above_200k_tokens: 12e-6,
        input_cost_per_token_batches: 1e-6,
        input_cost_per_token_flex: 1.5e-6,
        output_cost_per_token_above_272k_tokens_priority: 45e-6,
      }),
    ).toEqual([
      { meter: 'cacheWrite5mTokens', usd: '3.75', per: million },
      { meter: 'cacheWrite1hTokens', usd: '6', per: million },
      { meter: 'cacheWrite1hTokens', usd: '12', per: million, from: 200_000 },
      { meter: 'inputTokens', usd: '1', per: million, when: { serviceTier: 'batch' } },
      { meter: 'inputTokens', usd: '1.5', per: million, when: { serviceTier: 'flex' } },
      { meter: 'outputTokens', usd: '45', per: million, from: 272_000, when: { serviceTier: 'priority' } },
    ])
  })

  test('entries by size and quality of one image model are one card', () => {
    const { cards } = read({
      'gpt-image-1': { litellm_provider: 'openai', mode: 'image_generation', output_cost_per_image_token: 40e-6 },
      'low/1024-x-1024/gpt-image-1': { litellm_provider: 'openai', mode: 'image_generation', input_cost_per_image: 0.011 },
      'high/1024-x-1536/gpt-image-1': { litellm_provider: 'openai', mode: 'image_generation', input_cost_per_image: 0.25 },
    })
    expect(cards).toHaveLength(1)
    expect(cards[0]?.rates).toEqual([
      { meter: 'imageOutputTokens', usd: '40', per: million },
      { meter: 'images', usd: '0.011', per: 1, when: { attributes: { size: '1024x1024', quality: 'low' } } },
      { meter: 'images', usd: '0.25', per: 1, when: { attributes: { size: '1024x1536', quality: 'high' } } },
    ])
  })

  test('characters, seconds, pages and queries, in the modes where they mean that', () => {
    expect(firstRate({ mode: 'audio_speech', input_cost_per_character: 0.000015 })).toEqual({
      meter: 'characters',
      usd: '0.000015',
      per: 1,
    })
    expect(firstRate({ mode: 'audio_transcription', input_cost_per_second: 0.0001 })).toEqual({
      meter: 'audioSeconds',
      usd: '0.0001',
      per: 1,
    })
    expect(firstRate({ mode: 'video_generation', output_cost_per_video_per_second: 0.3 })).toEqual({
      meter: 'videoSeconds',
      usd: '0.3',
      per: 1,
    })
    expect(firstRate({ mode: 'ocr', ocr_cost_per_page: 0.003 })).toEqual({ meter: 'pages', usd: '0.003', per: 1 })
    expect(firstRate({ mode: 'rerank', input_cost_per_query: 0.002 })).toEqual({ meter: 'requests', usd: '0.002', per: 1 })
    const session = { meter: 'containerSessions', usd: '0.03', per: 1 }
    expect(firstRate({ mode: 'chat', code_interpreter_cost_per_session: 0.03 })).toEqual(session)
    const fileSearches = { meter: 'fileSearches', usd: '2.5', per: 1000 }
    expect(firstRate({ mode: 'chat', file_search_cost_per_1k_calls: 2.5 })).toEqual(fileSearches)
  })

  test('web search by one price, or by how much is searched', () => {
    expect(searchRates(0.01, 0.01, 0.01)).toEqual([{ meter: 'searches', usd: '10', per: 1000 }])
    expect(searchRates(0.03, 0.035, 0.05)).toEqual([
      { meter: 'searches', usd: '35', per: 1000 },
      { meter: 'searches', usd: '30', per: 1000, when: { attributes: { searchContext: 'low' } } },
      { meter: 'searches', usd: '50', per: 1000, when: { attributes: { searchContext: 'high' } } },
    ])
  })

  test('what the list has no key for costs what the plain key says, and nothing else does', () => {
    const list = {
      searcher: {
        litellm_provider: 'acme',
        search_context_cost_per_query: { search_context_size_low: 0.03, search_context_size_medium: 0.035, search_context_size_high: 0.05 },
      },
      video: { litellm_provider: 'acme', mode: 'video_generation', output_cost_per_second: 0.4, output_cost_per_second_1080p: 0.5 },
    }
    const catalog = createCatalog({ owner: [], refreshed: [], shipped: read(list).cards })
    const cost = (model: string, usage: Usage) => {
      const priced = priceUsage(catalog, { provider: 'acme', model, usage, at: Date.parse('2026-09-01') })
      return priced.status === 'priced' ? priced.costNanos : priced.status
    }
    const searches = ['low', 'medium', 'high'].map((searchContext) => cost('searcher', { searches: 1, attributes: { searchContext } }))
    expect(searches).toEqual([30_000_000n, 35_000_000n, 50_000_000n])
    const videos = ['720p', '1080p', '4k'].map((resolution) => cost('video', { videoSeconds: 1, attributes: { resolution } }))
    expect(videos).toEqual([400_000_000n, 500_000_000n, 'unpriced'])
  })

  test('an image that has a price by itself and by its tokens is billed by its tokens', () => {
    const painter = { litellm_provider: 'acme', mode: 'image_generation', output_cost_per_image: 0.04, output_cost_per_image_token: 4e-5 }
    const { cards } = read({ painter })
    expect(cards[0]?.alternatives).toEqual([{ meter: 'images', billedBy: ['imageOutputTokens'] }])
  })

  test('bands of prompt length become long-context tiers', () => {
    const bands = [
      { range: [0, 256_000], input_cost_per_token: 5e-8 },
      { range: [256_000, 1_000_000], input_cost_per_token: 2.5e-7 },
    ]
    expect(ratesOf('qwen', { tiered_pricing: bands })).toEqual([
      { meter: 'inputTokens', usd: '0.05', per: million },
      { meter: 'inputTokens', usd: '0.25', per: million, from: 256_000 },
    ])
  })

  test('data residency and fast mode become factors', () => {
    const { cards } = read({
      'claude-x': {
        litellm_provider: 'anthropic',
        mode: 'chat',
        input_cost_per_token: 5e-6,
        provider_specific_entry: { us: 1.1, fast: 2 },
      },
    })
    expect(cards[0]?.modifiers).toEqual([
      { when: { region: 'us' }, factor: '1.1' },
      { when: { speed: 'fast' }, factor: '2' },
    ])
  })

  test.each([
    ['bedrock/us-west-2/anthropic.claude', 'bedrock', 'aws', 'us-west-2/anthropic.claude'],
    ['vertex_ai/claude-opus-4', 'vertex_ai-anthropic_models', 'google', 'claude-opus-4'],
    ['gemini/gemini-2.5-pro', 'gemini', 'google', 'gemini-2.5-pro'],
    ['xai/grok-4', 'xai', 'x-ai', 'grok-4'],
    ['openrouter/anthropic/claude-3', 'openrouter', 'openrouter', 'anthropic/claude-3'],
    ['wandb/openai/gpt-oss-120b', 'wandb', 'wandb', 'openai/gpt-oss-120b'],
    ['gpt-4o', 'openai', 'openai', 'gpt-4o'],
  ])('%s of %s is %s, %s', (name, listed, provider, model) => {
    expect(read({ [name]: { litellm_provider: listed, mode: 'chat', input_cost_per_token: 1e-6 } }).cards[0]).toMatchObject({
      provider,
      model,
    })
  })

  test('what no meter counts, and a second price for one thing, is named', () => {
    const { skipped } = read({
      m1: { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 1e-6, citation_cost_per_token: 2e-6 },
      'openai/m1': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 3e-6 },
      m2: { litellm_provider: 'openai', mode: 'chat' },
    })
    expect(skipped).toEqual([
      { provider: 'openai', model: 'm1', key: 'citation_cost_per_token', reason: 'no meter counts this unit' },
      { provider: 'openai', model: 'm1', key: 'inputTokens', reason: 'another entry of the same model gives 1, this one 3' },
      { provider: 'openai', model: 'm2', key: 'prices', reason: 'gives no price that a meter counts' },
    ])
  })

  test('a model at $0 keeps its zeros, for validation to find', () => {
    expect(ratesOf('m1', { input_cost_per_token: 0, output_cost_per_token: 0 })?.map((rate) => rate.usd)).toEqual(['0', '0'])
  })

  test('anything else is refused', () => {
    expect(() => read({})).toThrow(expect.objectContaining({ code: 'PURSER_CATALOG_REJECTED' }))
    expect(() => fromLiteLlm([1], { checkedAt: '2026-08-01' })).toThrow('not the price list of LiteLLM')
  })
})
