import { readdirSync, readFileSync } from 'node:fs'
import { waitForUpdate } from '@pydantic/genai-prices'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createCatalog } from './catalog.ts'
import { priceUsage } from './price-usage.ts'
import type { PriceRequest } from './priced.ts'
import { extendCards } from './sources/extend-cards.ts'
import { fromGenaiPrices } from './sources/genai-prices.ts'
import { validateCards } from './validate-cards.ts'

const folder = new URL('cards/', import.meta.url)
const entries = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => parse(readFileSync(new URL(name, folder), 'utf8')) as unknown[])
const { cards } = fromGenaiPrices(await waitForUpdate(), { checkedAt: '2026-09-23' })
const shipped = extendCards(cards, entries)
const catalog = createCatalog({ owner: [], refreshed: [], shipped: [...shipped.own, ...shipped.generated] })

function cost(provider: string, model: string, usage: PriceRequest['usage'], more: Partial<PriceRequest> = {}): bigint | string {
  const priced = priceUsage(catalog, { provider, model, usage, at: Date.parse('2026-10-01T12:00:00Z'), ...more })
  if (priced.status === 'unpriced') return priced.reason
  return priced.status === 'priced' ? priced.costNanos : `unrated: ${priced.unratedMeters.join(', ')}`
}

/** What a million input tokens of DeepSeek cost at an instant. */
function inputPrice(model: string, at: string): bigint | string {
  return cost('deepseek', model, { inputTokens: million }, { at: Date.parse(at) })
}

const usd = (dollars: number) => BigInt(Math.round(dollars * 1e9))
const million = 1_000_000
const all = { inputTokens: million, cacheReadTokens: million, outputTokens: million }

describe('our own cards', () => {
  test('hold no price that validation doubts', () => {
    expect(validateCards(shipped.own)).toEqual([])
  })

  test('give each a page and a date', () => {
    const local = shipped.own.filter((card) => !card.source.startsWith('https://'))
    expect(new Set(local.map((card) => card.source))).toEqual(new Set(["runs on the owner's machine"]))
  })
})

describe('service tiers of OpenAI, per million input, cached input and output as listed', () => {
  // https://developers.openai.com/api/docs/pricing; a prompt of two million tokens is long context where there is any,
  // so models with a long-context price are asked in thousands.
  const thousand = { inputTokens: 1000, cacheReadTokens: 1000, outputTokens: 1000 }
  test.each([
    ['gpt-5', 'batch', all, usd(0.625 + 0.0625 + 5)],
    ['gpt-5', 'flex', all, usd(0.625 + 0.0625 + 5)],
    ['gpt-5', 'priority', all, usd(2.5 + 0.25 + 20)],
    ['gpt-5-mini', 'priority', all, usd(0.45 + 0.045 + 3.6)],
    ['gpt-5.5', 'fast', thousand, usd(0.0125 + 0.00125 + 0.075)],
    ['gpt-5.6-sol', 'batch', thousand, usd(0.002 + 0.0002 + 0.01)],
    ['gpt-5.6-sol', 'fast', all, usd(16 + 1.6 + 60)],
    ['gpt-4.1', 'priority', all, usd(3.5 + 0.875 + 14)],
    ['gpt-4.1-mini', 'priority', all, usd(0.7 + 0.175 + 2.8)],
    ['gpt-4o', 'priority', all, usd(4.25 + 2.125 + 17)],
    ['gpt-4o-mini', 'priority', all, usd(0.25 + 0.125 + 1)],
    ['gpt-4o-mini', 'fast', all, usd(0.25 + 0.125 + 1)],
    ['o3', 'flex', all, usd(1 + 0.25 + 4)],
    ['o3', 'priority', all, usd(3.5 + 0.875 + 14)],
    ['o4-mini', 'priority', all, usd(2 + 0.5 + 8)],
    // No cached price is listed for these in a batch: cached tokens cost what input costs there.
    ['gpt-4.1', 'batch', all, usd(1 + 1 + 4)],
    ['gpt-4o', 'batch', all, usd(1.25 + 1.25 + 5)],
    ['o3', 'batch', all, usd(1 + 1 + 4)],
    ['o4-mini', 'batch', all, usd(0.55 + 0.55 + 2.2)],
  ])('%s, %s', (model, serviceTier, usage, nanos) => {
    expect(cost('openai', model, usage, { serviceTier })).toBe(nanos)
  })

  test('a tier that is not sold for a model has no price', () => {
    expect(cost('openai', 'gpt-4o', all, { serviceTier: 'flex' })).toBe('no-rate')
    expect(cost('openai', 'gpt-6-luna', all, { serviceTier: 'batch' })).toBe('no-rate')
  })

  test('regional processing costs a tenth more, in a batch too', () => {
    const usage = { inputTokens: 1000 }
    expect(cost('openai', 'gpt-5.4', usage, { region: 'eu' })).toBe(usd(0.00275))
    expect(cost('openai', 'gpt-5.4', usage, { region: 'eu', serviceTier: 'batch' })).toBe(usd(0.001375))
    expect(cost('openai', 'gpt-5', usage, { region: 'eu' })).toBe(usd(0.00125))
  })

  test('a fine-tuned model is priced by its base, a batch as listed', () => {
    const model = 'ft:gpt-4.1-mini-2025-04-14:acme::abc123'
    expect(cost('openai', model, all)).toBe(usd(0.8 + 0.2 + 3.2))
    expect(cost('openai', 'ft:gpt-4o-2024-08-06:acme::abc', all, { serviceTier: 'batch' })).toBe(usd(2.225 + 0.9 + 12.5))
  })
})

describe('what Anthropic multiplies', () => {
  // https://platform.claude.com/docs/en/about-claude/pricing
  const usage = { inputTokens: 1000, cacheReadTokens: 1000, cacheWrite5mTokens: 1000, cacheWrite1hTokens: 1000, outputTokens: 1000 }
  test('a batch costs half of every token, caches included', () => {
    // (5 + 0.5 + 6.25 + 10 + 25) / 2 per million
    expect(cost('anthropic', 'claude-opus-4-5', usage, { serviceTier: 'batch' })).toBe(usd(0.023375))
  })

  test('fast mode costs twice as much, inference in the US 1.1 times, and both together', () => {
    const opus5 = { inputTokens: 1000, outputTokens: 1000 }
    expect(cost('anthropic', 'claude-opus-5', opus5, { speed: 'fast' })).toBe(usd(0.06))
    expect(cost('anthropic', 'claude-opus-5', opus5, { region: 'us' })).toBe(usd(0.033))
    expect(cost('anthropic', 'claude-opus-5', opus5, { region: 'us', speed: 'fast' })).toBe(usd(0.066))
    expect(cost('anthropic', 'claude-opus-4-6', opus5, { speed: 'fast' })).toBe(usd(0.03 + 0.15))
    expect(cost('anthropic', 'claude-sonnet-4-5', opus5, { region: 'us' })).toBe(usd(0.018))
  })

  test('Sonnet 4 costs more for prompts over 200,000 tokens, caches and a batch in their proportions', () => {
    // https://www.anthropic.com/news/1m-context
    const at = Date.parse('2025-09-01')
    const model = 'claude-sonnet-4-20250514'
    expect(cost('anthropic', model, { inputTokens: 200_000, outputTokens: 1000 }, { at })).toBe(usd(0.6 + 0.015))
    expect(cost('anthropic', model, { inputTokens: 200_001, outputTokens: 1000 }, { at })).toBe(usd(1.200006 + 0.0225))
    const long = { cacheReadTokens: 200_001, cacheWrite5mTokens: 1000, cacheWrite1hTokens: 1000 }
    expect(cost('anthropic', 'claude-sonnet-4-0', long, { at })).toBe(usd(0.1200006 + 0.0075 + 0.012))
    expect(cost('anthropic', model, { inputTokens: 250_000 }, { at, serviceTier: 'batch' })).toBe(usd(0.75))
  })

  test('a search costs a cent, in a batch and in the US as well', () => {
    expect(cost('anthropic', 'claude-opus-5', { searches: 3 }, { region: 'us', serviceTier: 'batch' })).toBe(usd(0.03))
  })

  test('fast mode of a model without it, and a Priority Tier commitment, have no price', () => {
    expect(cost('anthropic', 'claude-haiku-4-5', usage, { speed: 'fast' })).toBe('no-rate')
    expect(cost('anthropic', 'claude-haiku-4-5', usage, { serviceTier: 'priority' })).toBe('no-rate')
  })

  test('Haiku 5.5 costs more for prompts over 100,000 tokens', () => {
    const at = Date.parse('2026-10-10')
    expect(cost('anthropic', 'claude-haiku-5-5', { inputTokens: 100_000, outputTokens: 1000 }, { at })).toBe(usd(0.01 + 0.0005))
    expect(cost('anthropic', 'claude-haiku-5-5', { inputTokens: 100_001, outputTokens: 1000 }, { at })).toBe(usd(0.0500005 + 0.0025))
  })
})

describe('what Google adds', () => {
  // https://ai.google.dev/gemini-api/docs/pricing
  test('a batch costs half, but cached tokens of older models do not', () => {
    expect(cost('google', 'gemini-2.5-flash', all, { serviceTier: 'batch' })).toBe(usd(0.15 + 0.03 + 1.25))
    expect(cost('google', 'gemini-3.1-flash-lite', all, { serviceTier: 'batch' })).toBe(usd(0.125 + 0.0125 + 0.75))
  })

  test('priority costs 1.8 times as much, with long context too', () => {
    expect(cost('google', 'gemini-3.1-pro-preview', { inputTokens: 1000 }, { serviceTier: 'priority' })).toBe(usd(0.0036))
    expect(cost('google', 'gemini-3.1-pro-preview', { inputTokens: million }, { serviceTier: 'priority' })).toBe(usd(7.2))
  })

  test('a search costs by the grounded prompt before Gemini 3, by the query since', () => {
    expect(cost('google', 'gemini-2.5-pro', { searches: 1 })).toBe(usd(0.035))
    expect(cost('google', 'gemini-3.1-pro-preview', { searches: 2 })).toBe(usd(0.028))
  })

  test('the image model called NanoBanana goes by that name, as model and as provider', () => {
    expect(cost('google', 'nanobanana', { images: 12 })).toBe(usd(0.468))
    expect(cost('nanobanana', 'nanobanana', { images: 12 })).toBe(usd(0.468))
    // An image is 1,290 tokens at $30 per million.
    expect(cost('google', 'gemini-2.5-flash-image', { imageOutputTokens: 1290 })).toBe(usd(0.0387))
    expect(cost('google', 'nano-banana-pro', { images: 1, attributes: { size: '4K' } })).toBe(usd(0.24))
    expect(cost('google', 'imagen-4.0-ultra-generate-001', { images: 2, attributes: { size: '2K' } })).toBe(usd(0.12))
  })

  test('an image that is counted beside its tokens is paid once', () => {
    // 1290 × $30 per million; 1056 × $40 per million
    expect(cost('google', 'gemini-2.5-flash-image', { images: 1, imageOutputTokens: 1290 })).toBe(usd(0.0387))
    expect(cost('nanobanana', 'nanobanana', { images: 1, imageOutputTokens: 1290 })).toBe(usd(0.0387))
    expect(cost('google', 'nano-banana-pro', { images: 1, imageOutputTokens: 1120, attributes: { size: '2K' } })).toBe(usd(0.1344))
    const medium = { attributes: { size: '1024x1024', quality: 'medium' } }
    expect(cost('openai', 'gpt-image-1', { images: 1, imageOutputTokens: 1056, ...medium })).toBe(usd(0.04224))
    expect(cost('openai', 'gpt-image-1', { images: 1, imageOutputTokens: 1056 })).toBe(usd(0.04224))
    expect(cost('openai', 'gpt-image-1-mini', { images: 1, imageOutputTokens: 1000 })).toBe(usd(0.008))
  })

  test('sizes and resolutions count in whatever case, and one that is not sold has no price', () => {
    const size = (value: string) => cost('google', 'gemini-3-pro-image-preview', { images: 1, attributes: { size: value } })
    expect(['1K', '2k', '4k', '4K', '8K'].map(size)).toEqual([usd(0.134), usd(0.134), usd(0.24), usd(0.24), 'no-rate'])
    const veo = (resolution: string) => cost('google', 'veo-3.1', { videoSeconds: 1, attributes: { resolution, audio: 'true' } })
    expect(['720p', '1080p', '4K', '8k'].map(veo)).toEqual([usd(0.4), usd(0.4), usd(0.6), 'no-rate'])
    expect(cost('openai', 'dall-e-3', { images: 1, attributes: { quality: 'HD' } })).toBe(usd(0.08))
    expect(cost('openai', 'dall-e-3', { images: 1, attributes: { quality: 'hdd' } })).toBe('no-rate')
    expect(cost('openai', 'sora-2-pro', { videoSeconds: 1, attributes: { size: '1792X1024' } })).toBe(usd(0.5))
    expect(cost('openai', 'sora-2-pro', { videoSeconds: 1, attributes: { size: '1280x720', resolution: '720p' } })).toBe(usd(0.3))
  })

  test('video by the second and resolution', () => {
    expect(cost('google', 'veo-3.1-generate-preview', { videoSeconds: 8, attributes: { resolution: '1080p', audio: 'true' } })).toBe(
      usd(3.2),
    )
    expect(cost('google', 'veo-3.1-generate-preview', { videoSeconds: 8, attributes: { resolution: '4k' } })).toBe(usd(4.8))
    expect(cost('google', 'veo-3.1-fast-generate-preview', { videoSeconds: 6, attributes: { resolution: '720p' } })).toBe(usd(0.6))
    const silent = ['720p', '1080p', '4k'].map((resolution) => ({ videoSeconds: 6, attributes: { resolution, audio: 'false' } }))
    expect(silent.map((usage) => cost('google', 'veo-3.1-fast', usage))).toEqual([usd(0.48), usd(0.6), usd(1.8)])
  })

  test('Gemma is free on the Gemini API', () => {
    expect(cost('google', 'gemma-3-27b-it', { inputTokens: 1000, imageInputTokens: 258, outputTokens: 1000 })).toBe(0n)
  })
})

describe('images, speech, transcription and video', () => {
  test('images of OpenAI by size and quality', () => {
    expect(cost('openai', 'dall-e-3', { images: 2, attributes: { size: '1792x1024', quality: 'hd' } })).toBe(usd(0.24))
    expect(cost('openai', 'dall-e-3', { images: 1, attributes: { size: '1024x1024', quality: 'standard' } })).toBe(usd(0.04))
    expect(cost('openai', 'dall-e-2', { images: 10, attributes: { size: '256x256' } })).toBe(usd(0.16))
    expect(cost('openai', 'gpt-image-1', { images: 1, attributes: { size: '1024x1536', quality: 'medium' } })).toBe(usd(0.063))
    expect(cost('openai', 'gpt-image-1', { images: 1 })).toBe('no-rate')
  })

  test('speech by the character, transcription by the second', () => {
    expect(cost('openai', 'tts-1', { characters: 1000 })).toBe(usd(0.015))
    expect(cost('openai', 'tts-1-hd-1106', { characters: 1000 })).toBe(usd(0.03))
    expect(cost('openai', 'whisper-1', { audioSeconds: 90 })).toBe(usd(0.009))
    expect(cost('elevenlabs', 'eleven_multilingual_v2', { characters: 1200 })).toBe(usd(0.096))
    expect(cost('elevenlabs', 'eleven_flash_v2_5', { characters: 1200 })).toBe(usd(0.048))
    expect(cost('elevenlabs', 'scribe_v2', { audioSeconds: 3600 })).toBe(usd(0.22))
  })

  test('Groq bills ten seconds of audio at least', () => {
    expect(cost('groq', 'whisper-large-v3', { audioSeconds: 3 })).toBe(308_333n) // 10 / 3600 × 0.111
    expect(cost('groq', 'whisper-large-v3-turbo', { audioSeconds: 1800 })).toBe(usd(0.02))
  })

  test('the launch offer of Eleven v4 ends on 2026-10-12', () => {
    expect(cost('elevenlabs', 'eleven_v4', { characters: 1000 }, { at: Date.parse('2026-10-11T23:59:59Z') })).toBe(usd(0.022))
    expect(cost('elevenlabs', 'eleven_v4', { characters: 1000 }, { at: Date.parse('2026-10-12') })).toBe(usd(0.08))
  })

  test('video of Sora by size, and half in a batch', () => {
    expect(cost('openai', 'sora-2', { videoSeconds: 8, attributes: { size: '1280x720', resolution: '720p' } })).toBe(usd(0.8))
    expect(cost('openai', 'sora-2-pro', { videoSeconds: 4, attributes: { size: '1024x1792', resolution: '1024p' } })).toBe(usd(2))
    expect(cost('openai', 'sora-2-pro', { videoSeconds: 4, attributes: { size: '1920x1080' } }, { serviceTier: 'batch' })).toBe(usd(1.4))
  })
})

test('ElevenLabs lowered its prices in September 2026', () => {
  const before = { at: Date.parse('2026-09-28T23:59:59Z') }
  const since = { at: Date.parse('2026-09-29') }
  const usage = { characters: 1000 }
  for (const model of ['eleven_multilingual_v2', 'eleven_v3']) {
    expect([cost('elevenlabs', model, usage, before), cost('elevenlabs', model, usage, since)]).toEqual([usd(0.1), usd(0.08)])
  }
  for (const model of ['eleven_flash_v2_5', 'eleven_turbo_v2']) {
    expect([cost('elevenlabs', model, usage, before), cost('elevenlabs', model, usage, since)]).toEqual([usd(0.05), usd(0.04)])
  }
})

describe('the fee of Perplexity for a request', () => {
  // https://docs.perplexity.ai/getting-started/pricing, in dollars for a thousand requests
  test.each([
    ['sonar', 5, 8, 12],
    ['sonar-reasoning', 5, 8, 12],
    ['sonar-pro', 6, 10, 14],
    ['sonar-reasoning-pro', 6, 10, 14],
  ])('%s: low where nothing is said, medium, high', (model, low, medium, high) => {
    const fee = (attributes?: Record<string, string>) =>
      cost('perplexity', model, { requests: 1000, ...(attributes === undefined ? {} : { attributes }) })
    expect([fee(), fee({ searchContext: 'low' })]).toEqual([usd(low), usd(low)])
    expect(fee({ searchContext: 'medium' })).toBe(usd(medium))
    expect(fee({ searchContext: 'high' })).toBe(usd(high))
    expect(fee({ searchContext: 'huge' })).toBe('no-rate')
  })

  test('deep research has none, and bills its queries', () => {
    expect(cost('perplexity', 'sonar-deep-research', { inputTokens: 1000, searches: 18 })).toBe(usd(0.002 + 0.09))
  })
})

test('mistral-large-latest is Large 3 since it is out, and was Large 2 before', () => {
  const usage = { inputTokens: 1000, outputTokens: 1000 }
  expect(cost('mistral', 'mistral-large-latest', usage)).toBe(usd(0.002))
  expect(cost('mistral', 'mistral-large-latest', usage, { at: Date.parse('2025-12-01') })).toBe(usd(0.008))
  expect(cost('mistral', 'mistral-large-2411', usage)).toBe(usd(0.008))
})

describe('the hours of DeepSeek', () => {
  // https://api-docs.deepseek.com/quick_start/pricing
  test('until September 2025 a discount at night, over midnight UTC', () => {
    expect(inputPrice('deepseek-chat', '2025-06-01T12:00:00Z')).toBe(usd(0.27))
    expect(inputPrice('deepseek-chat', '2025-06-01T16:30:00Z')).toBe(usd(0.135))
    expect(inputPrice('deepseek-reasoner', '2025-06-01T00:29:59Z')).toBe(usd(0.135))
    expect(inputPrice('deepseek-chat', '2025-06-01T00:30:00Z')).toBe(usd(0.27))
  })

  test('then flat prices', () => {
    expect(inputPrice('deepseek-chat', '2025-09-10T20:00:00Z')).toBe(usd(0.56))
    expect(inputPrice('deepseek-chat', '2026-01-01T20:00:00Z')).toBe(usd(0.28))
    expect(inputPrice('deepseek-v4-flash', '2026-08-16T15:59:59Z')).toBe(usd(0.14))
  })

  test('from 2026-08-17 in Beijing peak hours every day, from 2026-08-23 on weekdays only', () => {
    expect(inputPrice('deepseek-v4-flash', '2026-08-17T01:00:00Z')).toBe(usd(0.44))
    expect(inputPrice('deepseek-v4-flash', '2026-08-17T04:00:00Z')).toBe(usd(0.22))
    expect(inputPrice('deepseek-v4-pro', '2026-08-22T06:00:00Z')).toBe(usd(1.32)) // a Saturday
    expect(inputPrice('deepseek-v4-pro', '2026-08-23T06:00:00Z')).toBe(usd(0.66)) // a Sunday
    expect(inputPrice('deepseek-v4-pro', '2026-08-24T09:59:59Z')).toBe(usd(1.32)) // a Monday
  })

  test('since 2026-09-10 V4.1 Flash serves the older names at its price', () => {
    expect(inputPrice('deepseek-v4-flash', '2026-09-10T03:59:59Z')).toBe(usd(0.44))
    expect(inputPrice('deepseek-v4-flash', '2026-09-10T04:00:00Z')).toBe(usd(0.15))
    expect(inputPrice('deepseek-flash', '2026-09-11T06:00:00Z')).toBe(usd(0.3))
  })
})

describe('models on the own machine', () => {
  test.each(['ollama', 'vllm', 'mlx', 'llama.cpp', 'lmstudio', 'local'])('of %s are free, whatever they are and count', (provider) => {
    expect(cost(provider, 'some/Model-7B:q4', { inputTokens: 10, outputTokens: 10, audioSeconds: 60, images: 1 })).toBe(0n)
  })

  test('local IndicTrans2 and Whisper are free, the hosted ones are not priced', () => {
    expect(cost('local', 'indictrans2-local', { characters: 500 })).toBe(0n)
    expect(cost('local', 'mlx-whisper', { audioSeconds: 60 })).toBe(0n)
    expect(cost('indictrans2', 'indictrans2', { characters: 500 })).toBe('unknown-model')
    expect(cost('whisperx', 'large-v3', { audioSeconds: 60 })).toBe('unknown-model')
  })
})

describe("tools that run on the vendor's side", () => {
  // https://developers.openai.com/api/docs/pricing: $2.50 for 1,000 file searches; a container by memory for 20 minutes
  test.each([
    ['a thousand file searches', { fileSearches: 1000 }, usd(2.5)],
    ['a session of a container', { containerSessions: 1 }, usd(0.03)],
    ['the default memory, named', { containerSessions: 1, attributes: { memory: '1g' } }, usd(0.03)],
    ['more memory', { containerSessions: 2, attributes: { memory: '4g' } }, usd(0.24)],
    ['still more', { containerSessions: 1, attributes: { memory: '16G' } }, usd(0.48)],
    ['the most', { containerSessions: 1, attributes: { memory: '64g' } }, usd(1.92)],
    ['two minutes, billed as five', { containerSessions: 0.1 }, usd(0.0075)],
    // 8 minutes of 20 are 0.4; six and a half are billed as seven, 0.35 of $0.03
    ['eight minutes', { containerSessions: 0.4 }, usd(0.012)],
    ['six and a half minutes', { containerSessions: 0.325 }, usd(0.0105)],
    ['a memory that is not sold', { containerSessions: 1, attributes: { memory: '2g' } }, 'no-rate'],
  ])('OpenAI: %s', (_name, usage, expected) => {
    for (const model of ['gpt-4o', 'gpt-5.4', 'gpt-6.1-sol', 'o3']) expect(cost('openai', model, usage)).toEqual(expected)
  })

  test('OpenAI: tokens cost the same beside them', () => {
    const usage = { inputTokens: million, containerSessions: 1, fileSearches: 1, attributes: { memory: '4g' } }
    expect(cost('openai', 'gpt-4o', usage)).toEqual(usd(2.5 + 0.12 + 0.0025))
    expect(cost('openai', 'gpt-4o', usage, { serviceTier: 'batch' })).toEqual(usd(1.25 + 0.12 + 0.0025))
  })

  // https://platform.claude.com/docs/en/about-claude/pricing: $0.05 an hour, five minutes at the least
  test.each([
    [2, usd(0.1)],
    [0.5, usd(0.025)],
    [0.01, 4_166_650n],
  ])('Anthropic: %f hours of code execution', (containerHours, expected) => {
    for (const model of ['claude-sonnet-4-5', 'claude-opus-5', 'claude-haiku-5-5']) {
      expect(cost('anthropic', model, { containerHours }, { at: Date.parse('2026-10-10') })).toEqual(expected)
    }
  })

  // https://ai.google.dev/gemini-api/docs/pricing
  test.each([
    ['gemini-2.5-pro', usd(25)],
    ['gemini-2.5-flash-lite', usd(25)],
    ['gemini-3.1-pro-preview', usd(14)],
    ['gemini-3.6-flash', usd(14)],
    ['gemini-3.8-flash', 'no-rate'],
  ])('Google Maps for a thousand prompts or queries of %s', (model, expected) => {
    expect(cost('google', model, { mapGroundings: 1000 })).toEqual(expected)
  })

  // https://docs.x.ai/developers/pricing
  test.each([
    [{ searches: 1000 }, usd(5)],
    [{ postsFetched: 1000 }, usd(5)],
    [{ profilesFetched: 1000 }, usd(10)],
    [{ codeExecutions: 1000 }, usd(5)],
    [{ fileSearches: 1000 }, usd(2.5)],
  ])('xAI: %o', (usage, expected) => {
    for (const model of ['grok-4.6', 'grok-4-0709', 'grok-4-1-fast-reasoning']) expect(cost('x-ai', model, usage)).toEqual(expected)
  })
})

describe('Gemini 2.5 in flex and priority, per million input, cached input and output as listed', () => {
  // https://ai.google.dev/gemini-api/docs/pricing; a prompt of two million tokens is long context on Pro
  test.each([
    ['gemini-2.5-flash', 'flex', usd(0.15 + 0.03 + 1.25)],
    ['gemini-2.5-flash', 'priority', usd(0.54 + 0.054 + 4.5)],
    ['gemini-2.5-flash-lite', 'flex', usd(0.05 + 0.01 + 0.2)],
    ['gemini-2.5-flash-lite', 'priority', usd(0.18 + 0.018 + 0.72)],
    ['gemini-2.5-pro', 'flex', usd(1.25 + 0.25 + 7.5)],
    ['gemini-2.5-pro', 'priority', usd(4.5 + 0.45 + 27)],
  ])('%s %s', (model, serviceTier, expected) => {
    expect(cost('google', model, all, { serviceTier })).toEqual(expected)
  })

  test('keeping a cache costs 1.8 times as much in priority', () => {
    const usage = { cacheStorageTokenHours: million }
    expect(cost('google', 'gemini-2.5-pro', usage, { serviceTier: 'priority' })).toEqual(usd(8.1))
    expect(cost('google', 'gemini-2.5-flash', usage, { serviceTier: 'priority' })).toEqual(usd(1.8))
    expect(cost('google', 'gemini-2.5-pro', usage, { serviceTier: 'flex' })).toEqual(usd(4.5))
  })
})

describe("OpenAI's models on Azure, Global Standard", () => {
  const thousand = { inputTokens: 1000, cacheReadTokens: 1000, outputTokens: 1000 }
  test.each([
    ['gpt-4o-2024-11-20', usd(0.0025 + 0.00125 + 0.01)],
    ['gpt-4o-mini', usd(0.00015 + 0.000075 + 0.0006)],
    ['gpt-4.1-2025-04-14', usd(0.002 + 0.0005 + 0.008)],
    ['gpt-5-2025-08-07', usd(0.00125 + 0.000125 + 0.01)],
    ['gpt-5.6-sol', usd(0.004 + 0.0004 + 0.02)],
  ])('%s, per thousand input, cached input and output', (model, expected) => {
    expect(cost('azure', model, thousand)).toEqual(expected)
  })

  test('a long prompt pays more, and a data zone a tenth more', () => {
    // 300,000 × $5/M + 1,000 × $22.5/M
    expect(cost('azure', 'gpt-5.4', { inputTokens: 300_000, outputTokens: 1000 })).toEqual(usd(1.5225))
    expect(cost('azure', 'gpt-4o', { inputTokens: million }, { region: 'eu' })).toEqual(usd(2.75))
  })

  test('the first snapshot has its own price, and what Azure asked before a known day has none', () => {
    expect(cost('azure', 'gpt-4o-2024-05-13', { inputTokens: million, outputTokens: million })).toEqual(usd(20))
    expect(cost('azure', 'gpt-5.6-sol', thousand, { at: Date.parse('2026-08-01') })).toBe('no-card-at-date')
    expect(cost('azure', 'gpt-4o', thousand, { serviceTier: 'priority' })).toBe('no-rate')
  })
})
