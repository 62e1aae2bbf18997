import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI, type GoogleGenAIOptions } from '@google/genai'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { wrap as wrapAnthropic } from '../../src/clients/anthropic.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { type ClientOptions, denialOf, wrap } from '../../src/clients/openai.ts'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { callNanos, cardsOf, charges, counter, openLedger, openWire, type Wire } from './wire.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]
const asked = { model: 'test-model', max_tokens: 1000, messages }
const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
const completion = { id: 'c-1', object: 'chat.completion', created: 1, model: 'test-model', usage, choices }
const chunk = { id: 's', model: 'test-model', created: 1, choices: [{ index: 0, delta: { content: 'a' } }] }

function openAi({ url }: Wire, purser: Purser, { maxRetries = 0, ...options }: ClientOptions & { maxRetries?: number } = {}): OpenAI {
  return wrap(new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries }), purser, { provider: 'openai', ...options })
}

function google({ url }: Wire, options: GoogleGenAIOptions['httpOptions'] = {}): GoogleGenAI {
  return new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: url, ...options } })
}

const caught = (error: unknown) => error

describe('a refusal', () => {
  test('of a call with a signal is not tried again', async () => {
    const { purser } = await openLedger('openai', '0.001')
    const wire = await openWire(({ json }) => json(completion))
    const client = openAi(wire, purser, { maxRetries: 4 })
    const started = performance.now()
    const error = await client.chat.completions.create(asked, { signal: new AbortController().signal }).catch(caught)
    expect(error).toBeInstanceOf(CallDenied)
    // The first retry of this SDK comes after three eighths of a second at the earliest.
    expect(performance.now() - started).toBeLessThan(375)
  })

  test.each(['generateContent', 'generateContentStream'] as const)('of %s is not tried again where Google retries', async (method) => {
    const { purser } = await openLedger('google', '0.001')
    const wire = await openWire(() => undefined)
    const client = wrapGoogle(google(wire, { retryOptions: { attempts: 3, initialDelay: 2, jitter: 0 } }), purser, { provider: 'google' })
    const started = performance.now()
    const error = await client.models[method]({ model: 'test-model', contents: 'Hello', config: { maxOutputTokens: 1000 } }).catch(caught)
    expect(error).toBeInstanceOf(CallDenied)
    expect(performance.now() - started).toBeLessThan(2000)
    expect(wire.seen).toEqual([])
  })

  test('meets what Google sends as a request of its own, and nobody can bound', async () => {
    const { purser } = await openLedger('google')
    const wire = await openWire(({ json }) => json({ id: 'i' }))
    const client = wrapGoogle(google(wire), purser, { provider: 'google' })
    const error = await client.interactions.create({ model: 'test-model', input: 'Hello' } as never).catch(caught)
    expect(denialOf(error)?.kind).toBe('unbounded')
    expect(wire.seen).toEqual([])
  })
})

describe('a request', () => {
  test('is sent as it is, unless it is to be shortened', async () => {
    const purser = await openTemporaryLedger()
    const wire = await openWire(({ json }) => json(completion))
    await openAi(wire, purser).chat.completions.create({ model: 'gpt-4o', messages })
    await openAi(wire, purser, { shrink: true }).chat.completions.create({ model: 'gpt-4o', messages })
    // Nothing limits this ledger, so nothing is shortened either.
    expect(wire.seen.map(({ body }) => body)).toEqual([
      { model: 'gpt-4o', messages },
      { model: 'gpt-4o', messages },
    ])
  })

  test("that adds to OpenAI's threads is no message to Claude, and is free", async () => {
    const { purser } = await openLedger('openai', '0')
    const wire = await openWire(({ json }) => json({ id: 'm' }))
    await openAi(wire, purser).post('/threads/t/messages', { body: { role: 'user', content: 'x' } })
    expect(wire.seen).toHaveLength(1)
  })

  test('is not sent where its caller gives up while the gate is asked, and holds nothing', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ json }) => json(completion))
    const caller = new AbortController()
    const call = openAi(wire, purser).chat.completions.create(asked, { signal: caller.signal })
    setImmediate(() => caller.abort())
    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError)
    expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
    expect(wire.seen).toEqual([])
  })

  test('through the client that was wrapped goes its own way', async () => {
    const { purser } = await openLedger('google', '0')
    const wire = await openWire(({ json }) => json({ candidates: [], modelVersion: 'test-model', usageMetadata: { promptTokenCount: 1 } }))
    const plain = google(wire)
    wrapGoogle(plain, purser, { provider: 'google' })
    await plain.models.generateContent({ model: 'test-model', contents: 'Hello' })
    expect(wire.seen).toHaveLength(1)
  })
})

describe('a stream', () => {
  const message = { id: 'msg', type: 'message', role: 'assistant', model: 'test-model', content: [], stop_reason: null }
  const start = { type: 'message_start', message: { ...message, usage: { input_tokens: 100, output_tokens: 1 } } }
  const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello, world' } }
  const failure = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }

  test.each([
    ['that its server ends before its end', [start, block, delta]],
    ['that ends with an error of the server', [start, block, delta, failure]],
  ])('%s is a part: booked as far as it came, the rest presumed', async (_name, events) => {
    const { purser } = await openLedger('anthropic')
    const wire = await openWire((exchange) => exchange.events(events))
    const client = wrapAnthropic(new Anthropic({ apiKey: 'k', baseURL: wire.url, maxRetries: 0 }), purser, { provider: 'anthropic' })
    await Array.fromAsync(await client.messages.create({ ...asked, stream: true })).catch(caught)
    // Twelve bytes at three to a token: 100,000 nanos read, and four times 10,000 written.
    expect(await charges(purser)).toMatchObject([{ estimated: true, costNanos: 140_000n, usage: { inputTokens: 100, outputTokens: 4 } }])
    const { spent, held, presumed } = await counter(purser)
    expect([spent, held]).toEqual([140_000n, 0n])
    expect(presumed).toBeGreaterThan(0n)
  })

  test('of chat looks as if nobody had asked for its usage', async () => {
    const { purser } = await openLedger('openai')
    const written = { ...chunk, choices: [{ index: 0, delta: { content: 'a,"usage":null' }, finish_reason: null }] }
    const wire = await openWire(({ events }) => events([{ ...written, usage: null }, { ...chunk, choices: [], usage }, '[DONE]']))
    const seen = await Array.fromAsync(await openAi(wire, purser).chat.completions.create({ ...asked, stream: true }))
    expect(seen).toEqual([written])
    expect((await counter(purser)).spent).toBe(callNanos)
  })

  test('that was cut is not estimated where the prompt is more than its text', async () => {
    const purser = await openTemporaryLedger({ ownerCards: cardsOf('openai') })
    await purser.budgets.set('daily', { limit: '1', window: 'day', mode: 'soft' })
    const wire = await openWire(({ events }) => events([chunk], 'cut'))
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${'A'.repeat(30_000)}` } }
    const call = { ...asked, messages: [{ role: 'user' as const, content: [image] }], stream: true as const }
    await Array.fromAsync(await openAi(wire, purser).chat.completions.create(call)).catch(caught)
    expect(await charges(purser)).toEqual([])
  })

  test('that goes on for longer than its hold lives keeps it alive', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ slowly }) =>
      slowly([...Array.from({ length: 12 }, () => chunk), { ...chunk, choices: [], usage }, '[DONE]'], 60),
    )
    const states: string[] = []
    for await (const _ of await openAi(wire, purser, { ttlMs: 300 }).chat.completions.create({ ...asked, stream: true })) {
      states.push(...(await purser.holds.list()).map(({ state }) => state))
    }
    // Twelve chunks take at least 660 milliseconds, more than twice what the hold lives.
    expect(states).toEqual(Array.from({ length: 12 }, () => 'open'))
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })
})
