import { createOpenAI } from '@ai-sdk/openai'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import { streamText, wrapLanguageModel } from 'ai'
import OpenAI, { toFile } from 'openai'
import { expect, test } from 'vitest'
import { purserMiddleware } from '../../src/clients/ai-sdk.ts'
import { wrap as wrapElevenLabs } from '../../src/clients/elevenlabs.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { denialOf, wrap } from '../../src/clients/openai.ts'
import type { Card } from '../../src/pricing/card.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { charges, counter, openWire, type Wire } from './wire.ts'

function openAi({ url }: Wire, purser: Purser): OpenAI {
  return wrap(new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 }), purser, { provider: 'openai' })
}

function card(provider: string, model: string, rates: readonly object[]): Card {
  return { provider, model, rates, source: 'a test', checkedAt: '2026-01-01' } as unknown as Card
}

/** A ledger with these prices, and a strict budget of a dollar. */
async function openLedger(...ownerCards: Card[]): Promise<Purser> {
  const purser = await openTemporaryLedger({ ownerCards })
  await purser.budgets.set('daily', { limit: '1', window: 'day' })
  return purser
}

const textRates = [
  { meter: 'inputTokens', usd: '1', per: 1_000_000 },
  { meter: 'outputTokens', usd: '10', per: 1_000_000 },
]

test('an image of a model that does not say what it drew is priced by what was asked for', async () => {
  const sized = { meter: 'images', usd: '0.12', per: 1, when: { attributes: { size: '1792x1024', quality: 'hd' } } }
  const purser = await openLedger(card('openai', 'dall-e-3', [{ meter: 'images', usd: '0.04', per: 1 }, sized]))
  const wire = await openWire(({ json }) => json({ created: 1, data: [{ b64_json: 'A'.repeat(100_000) }] }))
  const image = { model: 'dall-e-3', prompt: 'a', size: '1792x1024', quality: 'hd', response_format: 'b64_json' } as const
  expect((await openAi(wire, purser).images.generate(image)).data?.[0]?.b64_json).toHaveLength(100_000)
  expect(await charges(purser)).toMatchObject([{ model: 'dall-e-3', costNanos: 120_000_000n, usage: { images: 1 } }])
  expect(await counter(purser)).toEqual({ spent: 120_000_000n, held: 0n, presumed: 0n })
})

test('an image that is edited is more than anybody can bound', async () => {
  const purser = await openLedger()
  const wire = await openWire(({ json }) => json({ created: 1, data: [{}] }))
  const image = await toFile(Buffer.alloc(10), 'a.png', { type: 'image/png' })
  const edit = { model: 'gpt-image-1', image, prompt: 'a', n: 2, size: '1024x1024', quality: 'low' } as const
  const error = await openAi(wire, purser)
    .images.edit(edit)
    .catch((each: unknown) => each)
  expect(denialOf(error)?.message).toContain('image that is edited')
  expect(wire.seen).toEqual([])
})

test('images of Imagen are held and booked by the image', async () => {
  const purser = await openLedger(card('google', 'imagen-test', [{ meter: 'images', usd: '0.04', per: 1 }]))
  const wire = await openWire(({ json }) => json({ predictions: [{ bytesBase64Encoded: 'aaaa' }, { bytesBase64Encoded: 'aaaa' }] }))
  const client = wrapGoogle(new GoogleGenAI({ vertexai: true, apiKey: 'k', httpOptions: { baseUrl: wire.url } }), purser, {
    provider: 'google',
  })
  await client.models.generateImages({ model: 'imagen-test', prompt: 'a', config: { numberOfImages: 2 } })
  expect(await charges(purser)).toMatchObject([{ costNanos: 80_000_000n, usage: { images: 2 } }])
  expect(await counter(purser)).toEqual({ spent: 80_000_000n, held: 0n, presumed: 0n })
})

test('a transcript is booked by the seconds that its answer tells', async () => {
  const purser = await openTemporaryLedger({
    ownerCards: [card('openai', 'whisper-1', [{ meter: 'audioSeconds', usd: '0.006', per: 60 }])],
  })
  const wire = await openWire(({ json }) => json({ text: 'Hi', usage: { type: 'duration', seconds: 90 } }))
  await openAi(wire, purser).audio.transcriptions.create({ model: 'whisper-1', file: await toFile(Buffer.alloc(10), 'a.wav') })
  // Ninety seconds at $0.006 a minute.
  expect(await charges(purser)).toMatchObject([{ costNanos: 9_000_000n }])
})

test.each([
  ['eleven_multilingual_v2', undefined, { 'character-cost': '13' }, 13],
  ['eleven_flash_v2_5', 'eleven_flash_v2_5', { 'character-cost': '6' }, 11],
  ['eleven_multilingual_v2', undefined, {}, 11],
])('a voice of %s (asked for: %s) with headers %o is billed for %i characters', async (model, modelId, headers, characters) => {
  const purser = await openLedger(card('elevenlabs', model, [{ meter: 'characters', usd: '1', per: 1000 }]))
  const answer = { audio_base64: 'aaaa', alignment: null, normalized_alignment: null }
  const wire = await openWire(({ json }) => json(answer, 200, { 'request-id': 'r-1', ...headers }))
  const client = wrapElevenLabs(new ElevenLabsClient({ apiKey: 'k', baseUrl: wire.url }), purser, { provider: 'elevenlabs' })
  await client.textToSpeech.convertWithTimestamps('voice', { text: 'Hello there', ...(modelId !== undefined && { modelId }) })
  expect(await charges(purser)).toMatchObject([
    { id: 'elevenlabs:r-1', model, usage: { characters }, costNanos: BigInt(characters) * 1_000_000n },
  ])
})

test('a stream of the AI SDK is booked with what only the events of its provider tell', async () => {
  const search = { meter: 'searches', usd: '10', per: 1000 }
  const purser = await openTemporaryLedger({ ownerCards: [card('openai', 'test-model', [...textRates, search])] })
  const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'test-model', service_tier: 'default' }
  const searched = { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'q' } }
  const told = { input_tokens: 100, output_tokens: 50, total_tokens: 150, output_tokens_details: { reasoning_tokens: 0 } }
  const wire = await openWire(({ events }) =>
    events([
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.done', output_index: 0, item: searched },
      { type: 'response.completed', response: { ...response, status: 'completed', output: [searched], usage: told } },
    ]),
  )
  const model = createOpenAI({ apiKey: 'k', baseURL: `${wire.url}/v1` }).responses('test-model')
  const { stream } = streamText({ model: wrapLanguageModel({ model, middleware: purserMiddleware(purser) }), prompt: 'Hello' })
  const parts = await Array.fromAsync(stream)
  expect(parts.filter(({ type }) => type === 'raw' || type === 'error')).toEqual([])
  // 100 × 1,000 and 50 × 10,000 nanos, and a search at a cent.
  expect(await charges(purser)).toMatchObject([{ costNanos: 10_600_000n, usage: { inputTokens: 100, outputTokens: 50, searches: 1 } }])
})
