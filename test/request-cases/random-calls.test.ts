import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundRequest } from '../../src/pricing/bound-request.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { RequestSource } from '../../src/usage/requests/call-request.ts'
import { readRequest } from '../../src/usage/requests/read-request.ts'
import { readUsage } from '../../src/usage/read-usage.ts'

// Calls from the request's body to the response's, as vendors document them; the readers of both sides see nothing else.
// A prompt has at most a token for each byte, and three for each message; an answer at most what the request allows.

const catalog = loadShippedCatalog()
const at = Date.parse('2026-11-01')
const bytes = (text: string) => new TextEncoder().encode(text).length

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc
    .tuple(fc.constantFrom('word ', '世界', 'é', '{"a": 1}\n'), fc.integer({ min: 0, max: 60_000 }))
    .map(([unit, times]) => unit.repeat(times)),
)
const texts = fc.array(text, { minLength: 1, maxLength: 4 })
const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }))
const shares = fc.record({ prompt: share, cached: share, written: share, long: share, answer: share, thought: share, media: share })
const part = (whole: number, of: number) => Math.floor(whole * of)
const promptOf = (all: readonly string[], of: number) =>
  part(
    all.reduce((sum, each) => sum + bytes(each) + 3, 3),
    of,
  )

interface Call {
  readonly source: RequestSource
  readonly response: unknown
  readonly model: string
  readonly region?: string
  /** What the API adds to the response for pricing where the response is only sound. */
  readonly attributes?: Record<string, string>
}

/** Bounds the request, prices the response, and compares; gives whether there was something to compare. */
function check({ source, response, model, region, attributes }: Call): boolean {
  const bound = boundRequest(catalog, readRequest(source), { at })
  const { model: served, usage, ...reading } = readUsage({ provider: source.provider, api: source.api, body: response })
  const told = attributes === undefined ? usage : { ...usage, attributes }
  const priced = priceUsage(catalog, {
    provider: source.provider,
    model: served ?? model,
    at,
    ...(region === undefined ? {} : { region }),
    usage: told,
    ...reading,
  })
  if (bound.kind !== 'bounded' || priced.status === 'unpriced') return false
  if (priced.costNanos > bound.cost.worst) {
    expect.fail(`${model} costs ${priced.costNanos} nanos, bounded by ${bound.cost.worst}: ${JSON.stringify(told)}`)
  }
  return true
}

function expectSound(calls: fc.Arbitrary<Call>): void {
  let compared = 0
  fc.assert(
    fc.property(calls, (call) => {
      compared += check(call) ? 1 : 0
    }),
    { numRuns: 400 },
  )
  expect(compared).toBeGreaterThan(300)
}

const openAiModels = fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-5', 'gpt-5.4', 'gpt-5.6-sol', 'o4-mini', 'gpt-3.5-turbo')
const tiers = fc.constantFrom(
  [undefined, 'default'],
  [undefined, 'priority'],
  ['auto', 'flex'],
  ['default', 'default'],
  ['flex', 'flex'],
  ['priority', 'default'],
  ['priority', 'priority'],
)

function openAiUsage(
  prompt: number,
  answer: number,
  of: { cached: number; written: number; thought: number },
  names: readonly [string, string],
) {
  const cached = part(prompt, of.cached)
  return {
    [names[0]]: prompt,
    [names[1]]: answer,
    total_tokens: prompt + answer,
    [`${names[0]}_details`]: { cached_tokens: cached, cache_write_tokens: part(prompt - cached, of.written) },
    [`${names[1]}_details`]: { reasoning_tokens: part(answer, of.thought) },
  }
}

describe('no random call costs more than the bound of its request', () => {
  test('OpenAI chat completions', () => {
    const max = fc.integer({ min: 1, max: 20_000 })
    expectSound(
      fc
        .tuple(openAiModels, texts, tiers, shares, max, fc.integer({ min: 1, max: 3 }))
        .map(([model, all, [asked, served], of, limit, n]) => ({
          model,
          source: {
            provider: 'openai',
            api: 'chat',
            body: {
              model,
              messages: all.map((content) => ({ role: 'user', content })),
              max_completion_tokens: limit,
              n,
              ...(asked === undefined ? {} : { service_tier: asked }),
            },
          },
          response: {
            model,
            service_tier: served,
            usage: openAiUsage(promptOf(all, of.prompt), part(limit * n, of.answer), of, ['prompt_tokens', 'completion_tokens']),
          },
        })),
    )
  })

  test('OpenAI responses, in any region', () => {
    const max = fc.integer({ min: 16, max: 130_000 })
    expectSound(
      fc
        .tuple(openAiModels, texts, tiers, shares, max, fc.constantFrom('', 'us', 'eu'))
        .map(([model, all, [asked, served], of, limit, region]) => ({
          model,
          region,
          source: {
            provider: 'openai',
            api: 'responses',
            regions: [region],
            body: {
              model,
              instructions: all[0] ?? '',
              input: all.slice(1).map((each) => ({ role: 'user', content: [{ type: 'input_text', text: each }] })),
              max_output_tokens: limit,
              ...(asked === undefined ? {} : { service_tier: asked }),
            },
          },
          response: {
            model,
            service_tier: served,
            usage: openAiUsage(promptOf(all, of.prompt), part(limit, of.answer), of, ['input_tokens', 'output_tokens']),
          },
        })),
    )
  })

  test('Anthropic messages, with marks for the cache and without', () => {
    const models = fc.constantFrom('claude-sonnet-4-5', 'claude-opus-5', 'claude-haiku-5-5', 'claude-sonnet-5-5', 'claude-3-haiku')
    const mark = fc.constantFrom(undefined, '5m', '1h')
    const way = fc.record({ geo: fc.constantFrom(undefined, 'us', 'global'), fast: fc.boolean() })
    expectSound(
      fc.tuple(models, texts, mark, shares, fc.integer({ min: 1, max: 64_000 }), way).map(([model, all, ttl, of, limit, { geo, fast }]) => {
        const prompt = promptOf(all, of.prompt)
        const read = part(prompt, of.cached)
        const written = ttl === undefined ? 0 : part(prompt - read, of.written)
        const isFast = fast && model === 'claude-opus-5'
        return {
          model,
          source: {
            provider: 'anthropic',
            api: 'messages',
            body: {
              model,
              max_tokens: limit,
              messages: all.map((each) => ({
                role: 'user',
                content: [{ type: 'text', text: each, ...(ttl === undefined ? {} : { cache_control: { type: 'ephemeral', ttl } }) }],
              })),
              ...(geo === undefined ? {} : { inference_geo: geo }),
              ...(isFast ? { speed: 'fast' } : {}),
            },
          },
          response: {
            model,
            usage: {
              input_tokens: prompt - read - written,
              cache_read_input_tokens: read,
              cache_creation_input_tokens: written,
              cache_creation: ttl === '1h' ? { ephemeral_1h_input_tokens: written } : { ephemeral_5m_input_tokens: written },
              output_tokens: part(limit, of.answer),
              inference_geo: geo ?? (of.media > 0.5 ? 'us' : 'global'),
              ...(isFast ? { speed: 'fast' } : {}),
            },
          },
        }
      }),
    )
  })

  test('Gemini, whose thoughts and images share the longest output', () => {
    const models = fc.constantFrom(
      'gemini-2.5-pro',
      'gemini-2.5-flash',
      'gemini-3-flash-preview',
      'gemini-3.1-pro-preview',
      'gemini-2.5-flash-image',
    )
    const asked = fc.constantFrom([undefined, undefined], ['priority', 'priority'], ['priority', 'standard'], ['flex', 'flex'])
    expectSound(
      fc.tuple(models, texts, asked, shares, fc.integer({ min: 1, max: 65_536 })).map(([model, all, [tier, served], of, limit]) => {
        const prompt = promptOf(all, of.prompt)
        const thoughts = part(limit, of.thought * of.answer)
        const answer = part(limit - thoughts, of.answer)
        const image = model.endsWith('image') ? part(answer, of.media) : 0
        return {
          model,
          source: {
            provider: 'google',
            api: 'generateContent',
            model,
            body: {
              contents: all.map((each) => ({ role: 'user', parts: [{ text: each }] })),
              generationConfig: { maxOutputTokens: limit },
              ...(tier === undefined ? {} : { serviceTier: tier }),
            },
          },
          response: {
            modelVersion: model,
            usageMetadata: {
              promptTokenCount: prompt,
              cachedContentTokenCount: part(prompt, of.cached),
              candidatesTokenCount: answer,
              candidatesTokensDetails: [
                { modality: 'TEXT', tokenCount: answer - image },
                { modality: 'IMAGE', tokenCount: image },
              ],
              thoughtsTokenCount: thoughts,
              totalTokenCount: prompt + answer + thoughts,
              ...(served === undefined ? {} : { serviceTier: served }),
            },
          },
        }
      }),
    )
  })

  test('Bedrock converse', () => {
    const models = fc.constantFrom(
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'global.anthropic.claude-opus-5',
      'us.amazon.nova-lite-v1:0',
    )
    expectSound(
      fc.tuple(models, texts, fc.boolean(), shares, fc.integer({ min: 1, max: 64_000 })).map(([model, all, marked, of, limit]) => {
        const prompt = promptOf(all, of.prompt)
        const read = part(prompt, of.cached)
        const written = marked ? part(prompt - read, of.written) : 0
        return {
          model,
          source: {
            provider: 'bedrock',
            api: 'converse',
            body: {
              modelId: model,
              messages: all.map((each) => ({
                role: 'user',
                content: [{ text: each }, ...(marked ? [{ cachePoint: { type: 'default' } }] : [])],
              })),
              inferenceConfig: { maxTokens: limit },
            },
          },
          response: {
            modelId: model,
            usage: {
              inputTokens: prompt - read - written,
              outputTokens: part(limit, of.answer),
              cacheReadInputTokens: read,
              cacheWriteInputTokens: written,
            },
          },
        }
      }),
    )
  })

  test('speech, by characters or by the credits of its headers', () => {
    const models = fc.constantFrom('eleven_multilingual_v2', 'eleven_flash_v2_5', 'eleven_turbo_v2_5', 'eleven_v3')
    expectSound(
      fc.tuple(models, fc.string({ unit: 'grapheme', minLength: 1 }), fc.boolean()).map(([model, spoken, credits]) => {
        const characters = [...spoken].length
        const cost = /flash|turbo/.test(model) ? Math.ceil(characters / 2) : characters
        return {
          model,
          source: { provider: 'elevenlabs', api: 'text-to-speech', body: { text: spoken, model_id: model } },
          response: credits ? { model_id: model, headers: { 'character-cost': String(cost) } } : { model_id: model, characters },
        }
      }),
    )
  })

  test('images, in the size and quality that was asked for or that the provider chose', () => {
    const model = fc.constantFrom('dall-e-3', 'dall-e-2', 'gpt-image-1')
    const size = fc.constantFrom(undefined, '1024x1024', '1792x1024', '1024x1536')
    const quality = fc.constantFrom(undefined, 'standard', 'hd', 'low', 'high')
    expectSound(
      fc
        .tuple(model, text, size, quality, fc.integer({ min: 1, max: 4 }), shares)
        .map(([name, prompt, width, asked, n, of]) => {
          const isToken = name === 'gpt-image-1'
          const chosen = { size: width ?? '1024x1024', quality: asked ?? (isToken ? 'high' : 'hd') }
          const drawn = part(n * 6240, of.answer)
          const read = promptOf([prompt], of.prompt)
          return {
            model: name,
            attributes: name === 'dall-e-2' ? { size: chosen.size } : chosen,
            source: {
              provider: 'openai',
              api: 'images',
              body: {
                model: name,
                prompt,
                n,
                ...(width === undefined ? {} : { size: width }),
                ...(asked === undefined ? {} : { quality: asked }),
              },
            },
            response: {
              model: name,
              data: Array.from({ length: n }, () => ({})),
              ...(isToken ? { usage: { input_tokens: read, output_tokens: drawn, total_tokens: read + drawn } } : {}),
            },
          }
        })
        .filter(({ attributes, model: name }) => isSold(name, attributes)),
    )
  })
})

/** Sizes and qualities that a model has; of others neither side knows a price. */
function isSold(model: string, attributes: Readonly<Record<string, string>>): boolean {
  const sizes = model === 'gpt-image-1' ? ['1024x1024', '1024x1536'] : model === 'dall-e-3' ? ['1024x1024', '1792x1024'] : ['1024x1024']
  const qualities = model === 'gpt-image-1' ? ['low', 'high'] : ['standard', 'hd']
  return sizes.includes(attributes['size'] ?? '') && (attributes['quality'] === undefined || qualities.includes(attributes['quality']))
}
