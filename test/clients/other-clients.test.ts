import { createOpenAI } from '@ai-sdk/openai'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import { generateText, streamText, wrapLanguageModel } from 'ai'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { purserMiddleware } from '../../src/clients/ai-sdk.ts'
import { wrap as wrapElevenLabs } from '../../src/clients/elevenlabs.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { denialOf } from '../../src/clients/openai.ts'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'
import { callNanos, charges, counter, type Exchange, openLedger, openWire, type Wire } from './wire.ts'

describe('a wrapped Google client', () => {
  const metadata = { promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 }
  const part = (text: string, more: object = {}) => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
    modelVersion: 'test-model',
    responseId: 'g-1',
  })
  const asked = { model: 'test-model', contents: 'Hello', config: { maxOutputTokens: 1000 } }

  function openClient({ url }: Wire, purser: Purser): GoogleGenAI {
    return wrapGoogle(new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: url } }), purser, { provider: 'google' })
  }

  test('books a call to the nano, and is of the type that it was', async () => {
    const { purser } = await openLedger('google')
    const client = openClient(
      await openWire(({ json }) => json({ ...part('Hi', { finishReason: 'STOP' }), usageMetadata: metadata })),
      purser,
    )
    expectTypeOf(client).toEqualTypeOf<GoogleGenAI>()
    expect((await client.models.generateContent(asked)).text).toBe('Hi')
    expect(await charges(purser)).toMatchObject([{ id: 'google:g-1', costNanos: callNanos, model: 'test-model' }])
  })

  test('books a stream by its last chunk', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ events }) =>
      events([
        { ...part('Hel'), usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 3, totalTokenCount: 103 } },
        { ...part('lo', { finishReason: 'STOP' }), usageMetadata: metadata },
      ]),
    )
    const chunks = await Array.fromAsync(await openClient(wire, purser).models.generateContentStream(asked))
    expect(chunks.map(({ text }) => text).join('')).toBe('Hello')
    expect(await charges(purser)).toMatchObject([{ costNanos: callNanos, outcome: 'ok', estimated: false }])
  })

  test('books of a stream that breaks off what its chunks said so far', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ events }) =>
      events([{ ...part('Hel'), usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 3, totalTokenCount: 103 } }], 'cut'),
    )
    const read = async () => Array.fromAsync(await openClient(wire, purser).models.generateContentStream(asked))
    await expect(read()).rejects.toThrow(/terminated|connection|premature|aborted|Error/i)
    // 100,000 nanos read and three times 10,000 written.
    expect(await charges(purser)).toMatchObject([{ outcome: 'cut', estimated: true, costNanos: 130_000n }])
  })

  test('sends nothing where a budget refuses', async () => {
    const { purser } = await openLedger('google', '0.001')
    const wire = await openWire(() => undefined)
    const error = await openClient(wire, purser)
      .models.generateContent(asked)
      .catch((each: unknown) => each)
    expect(error).toBeInstanceOf(CallDenied)
    expect(wire.seen).toEqual([])
  })
})

describe('a wrapped ElevenLabs client', () => {
  function openClient({ url }: Wire, purser: Purser): ElevenLabsClient {
    const client = new ElevenLabsClient({ apiKey: 'test', baseUrl: url })
    return wrapElevenLabs(client, purser, { provider: 'elevenlabs' })
  }

  test('books a voice by the characters of its text, and is of the type that it was', async () => {
    const { purser } = await openLedger('elevenlabs')
    const client = openClient(await openWire(({ bytes }) => bytes(new Uint8Array(4096), { 'request-id': 'req-1' })), purser)
    expectTypeOf(client).toEqualTypeOf<ElevenLabsClient>()
    const sound = await client.textToSpeech.convert('voice', { text: 'Hello there', modelId: 'test-model' })
    let length = 0
    for await (const piece of sound as unknown as AsyncIterable<Uint8Array>) length += piece.length
    expect(length).toBe(4096)
    // Eleven characters at a million nanos.
    expect(await charges(purser)).toMatchObject([{ id: 'elevenlabs:req-1', costNanos: 11_000_000n, usage: { characters: 11 } }])
    expect(await counter(purser)).toEqual({ spent: 11_000_000n, held: 0n, presumed: 0n })
  })

  test('sends nothing where a budget refuses; the refusal is the cause of its error', async () => {
    const { purser } = await openLedger('elevenlabs', '0.001')
    const wire = await openWire(() => undefined)
    const error = await openClient(wire, purser)
      .textToSpeech.convert('voice', { text: 'Hello there', modelId: 'test-model' })
      .catch((each: unknown) => each)
    expect(denialOf(error)).toMatchObject({ budget: 'daily', kind: 'never-fits' })
    expect(wire.seen).toEqual([])
  })
})

describe('a model of the AI SDK with the middleware', () => {
  const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
  const chunk = (delta: object, more: object = {}) => ({
    id: 's-1',
    model: 'test-model',
    created: 1,
    choices: [{ index: 0, delta, ...more }],
  })

  function modelOf({ url }: Wire, purser: Purser) {
    const model = createOpenAI({ apiKey: 'test', baseURL: `${url}/v1` }).chat('test-model')
    return wrapLanguageModel({ model, middleware: purserMiddleware(purser, { labels: { stage: 'draft' } }) })
  }

  function completion({ json, number }: Exchange): void {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
    json({ id: `c-${number}`, object: 'chat.completion', created: 1, model: 'test-model', choices, usage })
  }

  test('books what it generates, to the nano', async () => {
    const { purser } = await openLedger('openai')
    const { text } = await generateText({ model: modelOf(await openWire(completion), purser), prompt: 'Hello', maxOutputTokens: 1000 })
    expect(text).toBe('Hi')
    expect(await charges(purser)).toMatchObject([{ id: 'openai:c-1', costNanos: callNanos, labels: { stage: 'draft' } }])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('books what it streams', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) =>
      events([
        chunk({ role: 'assistant', content: 'Hel' }),
        chunk({ content: 'lo' }, { finish_reason: 'stop' }),
        { id: 's-1', model: 'test-model', created: 1, choices: [], usage },
        '[DONE]',
      ]),
    )
    const { textStream } = streamText({ model: modelOf(wire, purser), prompt: 'Hello', maxOutputTokens: 1000 })
    expect((await Array.fromAsync(textStream)).join('')).toBe('Hello')
    expect(await charges(purser)).toMatchObject([{ id: 'openai:s-1', costNanos: callNanos, outcome: 'ok', estimated: false }])
  })

  test('books of a stream that is aborted what had arrived', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk({ role: 'assistant', content: 'Hello, world' })], 'wait'))
    const caller = new AbortController()
    const { textStream } = streamText({ model: modelOf(wire, purser), prompt: 'Hello', maxOutputTokens: 1000, abortSignal: caller.signal })
    for await (const _ of textStream) caller.abort()
    await expect.poll(() => charges(purser)).toMatchObject([{ outcome: 'aborted', estimated: true, usage: { outputTokens: 4 } }])
  })

  test('tries again as attempts of one call', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire((exchange) =>
      exchange.number === 1 ? exchange.json({ error: { message: 'busy' } }, 429, { 'retry-after-ms': '1' }) : completion(exchange),
    )
    await generateText({ model: modelOf(wire, purser), prompt: 'Hello', maxOutputTokens: 1000 })
    expect(await charges(purser)).toMatchObject([{ attempt: 2, costNanos: callNanos }])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('sends nothing where a budget refuses', async () => {
    const { purser } = await openLedger('openai', '0.001')
    const wire = await openWire(completion)
    const error = await generateText({ model: modelOf(wire, purser), prompt: 'Hello', maxOutputTokens: 1000 }).catch(
      (each: unknown) => each,
    )
    expect(denialOf(error)).toMatchObject({ budget: 'daily' })
    expect(wire.seen).toEqual([])
  })
})
