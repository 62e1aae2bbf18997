import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import { describe, expect, test } from 'vitest'
import { wrap as wrapElevenLabs } from '../../src/clients/elevenlabs.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { callNanos, charges, counter, type Exchange, openLedger, openWire } from './wire.ts'

/** Answers the first request with a status, and every other one as told. */
function failingOnce(status: number, answer: (exchange: Exchange) => void): (exchange: Exchange) => void {
  return (exchange) => {
    if (exchange.number > 1) answer(exchange)
    else exchange.json({ error: { code: status, message: 'Not now' } }, status)
  }
}

const generated = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
  modelVersion: 'test-model',
  responseId: 'g-1',
  usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 },
}

describe('a call that its client tries again is one call', () => {
  test.each([429, 500])('of Google, after a %i', async (status) => {
    const { purser } = await openLedger('google')
    const wire = await openWire(failingOnce(status, ({ json }) => json(generated)))
    const retryOptions = { attempts: 3, initialDelay: 0.01, jitter: 0 }
    const google = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: wire.url, retryOptions } })
    const client = wrapGoogle(google, purser, { provider: 'google' })
    const { text } = await client.models.generateContent({ model: 'test-model', contents: 'Hello', config: { maxOutputTokens: 1000 } })
    expect([text, wire.seen.length]).toEqual(['Hi', 2])
    expect(await charges(purser)).toMatchObject([{ id: 'google:g-1', attempt: 2, costNanos: callNanos }])
    const { spent, held, presumed } = await counter(purser)
    expect([spent, presumed]).toEqual([callNanos, 0n])
    if (status === 429) expect(held).toBe(0n)
    // Nobody knows what became of the first: 1,000 tokens at ten thousand nanos and its prompt stay held.
    else expect(held > 10_000_000n && held < 11_000_000n).toBe(true)
    expect((await purser.costs()).total.calls).toBe(1)
  })

  test.each([429, 500])('of ElevenLabs, after a %i', async (status) => {
    const { purser } = await openLedger('elevenlabs')
    const wire = await openWire(failingOnce(status, ({ sound }) => sound([new Uint8Array(10)], 'end', { 'request-id': 'req-1' })))
    const eleven = new ElevenLabsClient({ apiKey: 'test', baseUrl: wire.url, maxRetries: 2 })
    const client = wrapElevenLabs(eleven, purser, { provider: 'elevenlabs' })
    const sound = await client.textToSpeech.convert('voice', { text: 'Hello there', modelId: 'test-model' })
    expect(await new Response(sound).arrayBuffer()).toHaveProperty('byteLength', 10)
    expect(wire.seen).toHaveLength(2)
    // Eleven characters at a million nanos; after a 500 as much stays held, since the first try may have been made.
    expect(await charges(purser)).toMatchObject([{ id: 'elevenlabs:req-1', attempt: 2, costNanos: 11_000_000n }])
    expect(await counter(purser)).toEqual({ spent: 11_000_000n, held: status === 429 ? 0n : 11_000_000n, presumed: 0n })
    expect((await purser.costs()).total.calls).toBe(1)
  })
})
