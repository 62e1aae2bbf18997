import { createOpenAI } from '@ai-sdk/openai'
import { generateText, streamText, wrapLanguageModel } from 'ai'
import Anthropic from '@anthropic-ai/sdk'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { describe, expect, test, vi } from 'vitest'
import { purserMiddleware } from '../../src/clients/ai-sdk.ts'
import { wrap as wrapAnthropic } from '../../src/clients/anthropic.ts'
import { wrap as wrapElevenLabs } from '../../src/clients/elevenlabs.ts'
import { wrap as wrapGoogle } from '../../src/clients/google.ts'
import { wrap } from '../../src/clients/openai.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { cardsOf, charges, counter, type Exchange, openLedger, openWire, type Wire } from './wire.ts'

const asked = { model: 'test-model', max_tokens: 1000, messages: [{ role: 'user' as const, content: 'Hello' }] }
const twoTickets = [
  { labels: { ticket: 'T-1', project: 'atlas' }, weight: 2 },
  { labels: { ticket: 'T-2', project: 'nova' }, weight: 1 },
]

/** 101 tokens read and 50 written: 101,000 and 500,000 nanos, which three do not divide. */
const usage = { prompt_tokens: 101, completion_tokens: 50, total_tokens: 151 }

function completion({ json, number }: Exchange): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  json({ id: `chatcmpl-${number}`, object: 'chat.completion', created: 1, model: 'test-model', choices, usage })
}

function openClient({ url }: Wire, purser: Purser): OpenAI {
  const client = new OpenAI({ apiKey: 'test', baseURL: `${url}/v1`, maxRetries: 0 })
  return wrap(client, purser, { provider: 'openai', labels: { agent: 'triage' } })
}

/** Two thirds of 601,000 nanos are 400,666.67, one is 200,333.33; the nano left over goes to the larger remainder. */
async function expectSplit(purser: Purser): Promise<void> {
  expect((await charges(purser)).map(({ id, labels, costNanos }) => [id, labels, costNanos])).toEqual([
    ['openai:chatcmpl-1', { agent: 'triage', ticket: 'T-1', project: 'atlas' }, 400_667n],
    ['openai:chatcmpl-1#2/2', { agent: 'triage', ticket: 'T-2', project: 'nova' }, 200_333n],
  ])
  expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 601_000n, totalTokens: 151 })
  expect(await counter(purser)).toEqual({ spent: 601_000n, held: 0n, presumed: 0n })
  expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
}

describe('a call of a wrapped client that serves two tickets', () => {
  test('is split by weight to the nano, and is one call', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(completion), purser)
    await purser.withServes(twoTickets, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await client.chat.completions.create(asked)
    })
    await expectSplit(purser)
  })

  test('is split alike where it streams', async () => {
    const { purser } = await openLedger('openai')
    const part = { id: 'chatcmpl-1', model: 'test-model', created: 1 }
    const text = { ...part, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] }
    const wire = await openWire(({ events }) => events([text, { ...part, choices: [], usage }, '[DONE]']))
    const client = openClient(wire, purser)
    await purser.withServes(twoTickets, async () => Array.fromAsync(await client.chat.completions.create({ ...asked, stream: true })))
    await expectSplit(purser)
  })

  test('is split through a model of the AI SDK', async () => {
    const { purser } = await openLedger('openai')
    const model = wrapLanguageModel({
      model: createOpenAI({ apiKey: 'test', baseURL: `${(await openWire(completion)).url}/v1` }).chat('test-model'),
      middleware: purserMiddleware(purser, { labels: { agent: 'triage' } }),
    })
    await purser.withServes(twoTickets, () => generateText({ model, prompt: 'Hello', maxOutputTokens: 1000 }))
    await expectSplit(purser)
  })

  test('is not mixed with those of another that runs at once', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(completion), purser)
    const serve = (...tickets: string[]) =>
      purser.withServes(
        tickets.map((ticket) => ({ labels: { ticket } })),
        () => client.chat.completions.create(asked),
      )
    await Promise.all([serve('T-1', 'T-2'), serve('T-3'), client.chat.completions.create(asked)])
    await purser.flush()
    const { rows } = await purser.costs({ groupBy: ['ticket'] })
    // A half of 601,000 for each of two, a whole for the third, and one call that serves nobody.
    expect(rows.map(({ key, costNanos }) => [key[0] ?? 'nobody', costNanos]).toSorted()).toEqual([
      ['T-1', 300_500n],
      ['T-2', 300_500n],
      ['T-3', 601_000n],
      ['nobody', 601_000n],
    ])
  })

  test('is carried by either of two copies of the package', async () => {
    vi.resetModules()
    const other = await import('../../src/facade/label-context.ts')
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(completion), purser)
    await other.withServes(twoTickets, () => client.chat.completions.create(asked))
    await expectSplit(purser)
  })
})

describe('a model with the middleware twice', () => {
  const modelOf = async (wire: Wire, purser: Purser) => {
    const model = createOpenAI({ apiKey: 'test', baseURL: `${wire.url}/v1` }).chat('test-model')
    const [outer, inner] = ['critic', 'writer'].map((role) => purserMiddleware(purser, { labels: { role } }))
    return { model, outer: outer as typeof outer & object, inner: inner as typeof inner & object }
  }
  const prompt = { prompt: 'Hello', maxOutputTokens: 1000 }

  test('books a call once, as the outer one says', async () => {
    const { purser } = await openLedger('openai')
    const { model, outer, inner } = await modelOf(await openWire(completion), purser)
    const once = wrapLanguageModel({ model, middleware: inner })
    await generateText({ model: wrapLanguageModel({ model: once, middleware: outer }), ...prompt })
    // The very same one twice, and the inner one alone.
    await generateText({ model: wrapLanguageModel({ model: once, middleware: inner }), ...prompt })
    await generateText({ model: once, ...prompt })
    expect((await charges(purser)).map(({ costNanos, labels }) => [costNanos, labels])).toEqual([
      [601_000n, { role: 'critic' }],
      [601_000n, { role: 'writer' }],
      [601_000n, { role: 'writer' }],
    ])
    expect(await counter(purser)).toEqual({ spent: 1_803_000n, held: 0n, presumed: 0n })
  })

  test('books a stream once', async () => {
    const { purser } = await openLedger('openai')
    const part = { id: 'chatcmpl-1', model: 'test-model', created: 1 }
    const text = { ...part, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] }
    const wire = await openWire(({ events }) => events([text, { ...part, choices: [], usage }, '[DONE]']))
    const { model, outer, inner } = await modelOf(wire, purser)
    const { textStream } = streamText({ model: wrapLanguageModel({ model, middleware: [outer, inner] }), ...prompt })
    expect((await Array.fromAsync(textStream)).join('')).toBe('Hi')
    expect(await charges(purser)).toMatchObject([{ costNanos: 601_000n, outcome: 'ok', labels: { role: 'critic' } }])
    expect(await counter(purser)).toEqual({ spent: 601_000n, held: 0n, presumed: 0n })
  })
})

describe('a client that was wrapped twice', () => {
  test('books once also where it is one of Anthropic, of Google, or of ElevenLabs', async () => {
    const purser = await openTemporaryLedger({ ownerCards: ['anthropic', 'google', 'elevenlabs'].flatMap(cardsOf) })
    await purser.budgets.set('daily', { limit: 1, window: 'day' })
    const message = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' }
    const content = {
      candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
      modelVersion: 'test-model',
    }
    const { url } = await openWire(({ path, number, json, bytes }) => {
      if (path.includes('text-to-speech')) return bytes(new Uint8Array(8), { 'request-id': `e-${number}` })
      if (path.endsWith('/messages')) {
        return json({ ...message, id: `a-${number}`, model: 'test-model', usage: { input_tokens: 100, output_tokens: 50 } })
      }
      const usageMetadata = { promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 }
      return json({ ...content, responseId: `g-${number}`, usageMetadata })
    })
    const inner = (provider: string) => ({ provider, labels: { agent: 'triage' } })
    const labels = { role: 'critic' }
    const outer = (provider: string) => ({ provider, labels })
    const anthropic = new Anthropic({ apiKey: 'test', baseURL: url })
    await wrapAnthropic(wrapAnthropic(anthropic, purser, inner('anthropic')), purser, outer('anthropic')).messages.create(asked)
    const google = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: url } })
    const gemini = wrapGoogle(wrapGoogle(google, purser, inner('google')), purser, outer('google'))
    await gemini.models.generateContent({ model: 'test-model', contents: 'Hello', config: { maxOutputTokens: 1000 } })
    const eleven = new ElevenLabsClient({ apiKey: 'test', baseUrl: url })
    const voice = wrapElevenLabs(wrapElevenLabs(eleven, purser, inner('elevenlabs')), purser, outer('elevenlabs'))
    const sound = await voice.textToSpeech.convert('voice', { text: 'Hello there', modelId: 'test-model' })
    await new Response(sound).arrayBuffer()
    // Twice 100 tokens read and 50 written, and eleven characters at a million nanos.
    expect((await charges(purser)).map((charge) => [charge.costNanos, charge.labels])).toEqual([
      [600_000n, labels],
      [600_000n, labels],
      [11_000_000n, labels],
    ])
    expect(await counter(purser)).toEqual({ spent: 12_200_000n, held: 0n, presumed: 0n })
  })

  test('books a call once, with what the last wrapping says', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(completion)
    const once = openClient(wire, purser)
    const twice = wrap(once, purser, { provider: 'openai', labels: { role: 'critic' } })
    await twice.chat.completions.create(asked)
    expect(await charges(purser)).toMatchObject([{ costNanos: 601_000n, labels: { role: 'critic' } }])
    // The one that was given goes on as it was.
    await once.chat.completions.create(asked)
    expect((await charges(purser)).map((charge) => charge.labels)).toEqual([{ role: 'critic' }, { agent: 'triage' }])
    expect(await counter(purser)).toEqual({ spent: 1_202_000n, held: 0n, presumed: 0n })
    expect(wire.seen).toHaveLength(2)
  })
})
