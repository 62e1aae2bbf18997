import Anthropic from '@anthropic-ai/sdk'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import OpenAI, { toFile } from 'openai'
import { describe, expect, test } from 'vitest'
import { wrap as wrapAnthropic } from '../../src/clients/anthropic.ts'
import { wrap as wrapElevenLabs } from '../../src/clients/elevenlabs.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { denialOf, wrap } from '../../src/clients/openai.ts'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { callNanos, cardsOf, charges, counter, openLedger, openWire, type Wire } from './wire.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]
const asked = { model: 'test-model', max_tokens: 1000, messages }
const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
const openAi = ({ url }: Wire, purser: Purser, options = {}) =>
  wrap(new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0, ...options }), purser, { provider: 'openai' })
const completion = {
  id: 'c-1', object: 'chat.completion', created: 1, model: 'test-model', usage,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
}

describe('denials', () => {
  test('a refusal of a call with a signal is not tried again', async () => {
    const { purser } = await openLedger('openai', '0.001')
    const wire = await openWire(({ json }) => json(completion))
    const started = performance.now()
    const error = await openAi(wire, purser, { maxRetries: 4 })
      .chat.completions.create(asked, { signal: new AbortController().signal })
      .catch((each: unknown) => each)
    expect(error).toBeInstanceOf(CallDenied)
    expect(performance.now() - started).toBeLessThan(300)
  })

  test('google with retries', async () => {
    const { purser } = await openLedger('google', '0.001')
    const wire = await openWire(() => undefined)
    const client = wrapGoogle(new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: wire.url, retryOptions: { attempts: 3, initialDelay: 0.2 } } }), purser, { provider: 'google' })
    const started = performance.now()
    const error = await client.models.generateContent({ model: 'test-model', contents: 'Hello', config: { maxOutputTokens: 1000 } }).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(CallDenied)
    expect(performance.now() - started).toBeLessThan(150)
  })

  test('google leaves the given client alone', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ json }) => json({ candidates: [], modelVersion: 'test-model', usageMetadata: { promptTokenCount: 1 } }))
    const plain = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: wire.url } })
    wrapGoogle(plain, purser, { provider: 'google' })
    await plain.models.generateContent({ model: 'test-model', contents: 'Hello' })
    expect(await charges(purser)).toEqual([])
  })

  test('google interactions are unbounded', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ json }) => json({ id: 'i' }))
    const client = wrapGoogle(new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: wire.url } }), purser, { provider: 'google' })
    const error = await client.interactions.create({ model: 'test-model', input: 'Hello' } as never).catch((each: unknown) => each)
    expect(denialOf(error)?.kind).toBe('unbounded')
    expect(wire.seen).toEqual([])
  })
})

describe('requests', () => {
  test('are sent as they are without shrink', async () => {
    const purser = await openTemporaryLedger()
    const wire = await openWire(({ json }) => json(completion))
    await wrap(new OpenAI({ apiKey: 'k', baseURL: `${wire.url}/v1` }), purser, { provider: 'openai' }).chat.completions.create({ model: 'gpt-4o', messages })
    expect(wire.seen[0]?.body).toEqual({ model: 'gpt-4o', messages })
  })

  test('messages of a thread are no messages of Claude', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ json }) => json({ id: 'm' }))
    await openAi(wire, purser).post('/threads/t/messages', { body: { role: 'user', content: 'x' } })
    expect(wire.seen).toHaveLength(1)
  })

  test('nothing is sent or held where the caller aborts while the gate is asked', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ json }) => json(completion))
    const caller = new AbortController()
    const call = openAi(wire, purser).chat.completions.create(asked, { signal: caller.signal })
    setImmediate(() => caller.abort())
    await call.catch(() => undefined)
    expect((await counter(purser)).held).toBe(0n)
  })
})

describe('streams', () => {
  const start = { type: 'message_start', message: { id: 'msg', type: 'message', role: 'assistant', model: 'test-model', content: [], stop_reason: null, usage: { input_tokens: 100, output_tokens: 1 } } }
  const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello, world' } }

  test('that a server ends too early was cut', async () => {
    const { purser } = await openLedger('anthropic')
    const wire = await openWire(({ events }) => events([start, block, delta]))
    const client = wrapAnthropic(new Anthropic({ apiKey: 'k', baseURL: wire.url, maxRetries: 0 }), purser, { provider: 'anthropic' })
    await Array.fromAsync(await client.messages.create({ ...asked, stream: true })).catch(() => undefined)
    expect(await charges(purser)).toMatchObject([{ outcome: 'cut', usage: { inputTokens: 100, outputTokens: 4 } }])
    expect((await counter(purser)).presumed).toBeGreaterThan(0n)
  })

  test('with an error in it was cut', async () => {
    const { purser } = await openLedger('anthropic')
    const wire = await openWire(({ events }) => events([start, block, delta, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]))
    const client = wrapAnthropic(new Anthropic({ apiKey: 'k', baseURL: wire.url, maxRetries: 0 }), purser, { provider: 'anthropic' })
    await expect(Array.fromAsync(await client.messages.create({ ...asked, stream: true }))).rejects.toThrow()
    expect(await charges(purser)).toMatchObject([{ outcome: expect.stringMatching(/cut|aborted/), usage: { inputTokens: 100, outputTokens: 4 } }])
  })

  test('of chat come without the empty usage', async () => {
    const { purser } = await openLedger('openai')
    const chunk = { id: 's', model: 'test-model', created: 1, choices: [{ index: 0, delta: { content: 'a,"usage":null' } }], usage: null }
    const wire = await openWire(({ events }) => events([chunk, { ...chunk, choices: [], usage }, '[DONE]']))
    const seen = await Array.fromAsync(await openAi(wire, purser).chat.completions.create({ ...asked, stream: true }))
    expect(seen).toHaveLength(1)
    expect(seen[0]?.choices[0]?.delta.content).toBe('a,"usage":null')
    expect(seen[0]).not.toHaveProperty('usage')
  })

  test('cut, of a request with an image, is not estimated', async () => {
    const purser = await openTemporaryLedger({ ownerCards: cardsOf('openai') })
    await purser.budgets.set('soft', { limit: '1', window: 'day', mode: 'soft' })
    const chunk = { id: 's', model: 'test-model', created: 1, choices: [{ index: 0, delta: { content: 'a' } }] }
    const wire = await openWire(({ events }) => events([chunk], 'cut'))
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${'A'.repeat(30000)}` } }
    await Array.fromAsync(await openAi(wire, purser).chat.completions.create({ ...asked, messages: [{ role: 'user', content: [image] }], stream: true })).catch(() => undefined)
    expect(await charges(purser)).toEqual([])
  })
})

describe('media', () => {
  test('dall-e by the size that was asked', async () => {
    const purser = await openTemporaryLedger({ ownerCards: [] })
    const wire = await openWire(({ json }) => json({ created: 1, data: [{ url: 'x' }] }))
    await openAi(wire, purser).images.generate({ model: 'dall-e-3', prompt: 'a', size: '1792x1024', quality: 'hd' })
    expect(await charges(purser)).toMatchObject([{ costNanos: 120_000_000n }])
  })

  test('imagen', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ json }) => json({ predictions: [{ bytesBase64Encoded: 'aaaa' }, { bytesBase64Encoded: 'aaaa' }] }))
    const client = wrapGoogle(new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: wire.url } }), purser, { provider: 'google' })
    await client.models.generateImages({ model: 'imagen-4.0-generate-001', prompt: 'a', config: { numberOfImages: 2 } })
    expect(await charges(purser)).toMatchObject([{ costNanos: 80_000_000n, usage: { images: 2 } }])
  })

  test('elevenlabs with timestamps, without a model', async () => {
    const purser = await openTemporaryLedger({ ownerCards: [] })
    const wire = await openWire(({ json }) => json({ audio_base64: 'aaaa', alignment: null, normalized_alignment: null }, 200, { 'request-id': 'r-1', 'character-cost': '11' }))
    const client = wrapElevenLabs(new ElevenLabsClient({ apiKey: 'k', baseUrl: wire.url }), purser, { provider: 'elevenlabs' })
    await client.textToSpeech.convertWithTimestamps('voice', { text: 'Hello there' })
    expect(await charges(purser)).toMatchObject([{ model: 'eleven_multilingual_v2', usage: { characters: 11 } }])
  })

  test('transcripts by their seconds', async () => {
    const purser = await openTemporaryLedger({ ownerCards: [] })
    const wire = await openWire(({ json }) => json({ text: 'Hi', usage: { type: 'duration', seconds: 60 } }))
    await openAi(wire, purser).audio.transcriptions.create({ model: 'whisper-1', file: await toFile(Buffer.alloc(10), 'a.wav') })
    expect(await charges(purser)).toMatchObject([{ costNanos: 6_000_000n }])
  })

  test('an edited image is unbounded', async () => {
    const purser = await openTemporaryLedger({ ownerCards: [] })
    await purser.budgets.set('daily', { limit: '100', window: 'day' })
    const wire = await openWire(({ json }) => json({ created: 1, data: [{}] }))
    const file = await toFile(Buffer.alloc(10), 'a.png', { type: 'image/png' })
    const error = await openAi(wire, purser).images.edit({ model: 'gpt-image-1', image: file, prompt: 'a', n: 2, size: '1024x1024', quality: 'low' }).catch((each: unknown) => each)
    expect(denialOf(error)?.message).toContain('image')
    expect(wire.seen).toEqual([])
  })
})
void callNanos
