import OpenAI, { AzureOpenAI } from 'openai'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { denialOf, wrap } from '../../src/clients/openai.ts'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { callNanos, charges, closedPort, counter, type Exchange, openLedger, openWire, type Wire } from './wire.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]
const asked = { model: 'test-model', max_tokens: 1000, messages }
const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }

function completion({ json, number }: Exchange): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  json({ id: `chatcmpl-${number}`, object: 'chat.completion', created: 1, model: 'test-model', choices, usage })
}

const chunk = (content: string) => ({
  id: 'chatcmpl-s',
  model: 'test-model',
  created: 1,
  choices: [{ index: 0, delta: { role: 'assistant', content } }],
})
const lastChunk = { id: 'chatcmpl-s', model: 'test-model', created: 1, choices: [], usage }

function openClient(wire: Wire, purser: Purser, options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
  const client = new OpenAI({ apiKey: 'test', baseURL: `${wire.url}/v1`, maxRetries: 0, ...options })
  return wrap(client, purser, { provider: 'openai', labels: { agent: 'clarifier' } })
}

/** What a call that was sent and not answered holds. */
async function worst(): Promise<bigint> {
  const { purser } = await openLedger('openai')
  await purser.holds.reserve({ request: { provider: 'openai', api: 'chat', body: asked } })
  return (await counter(purser)).held
}

describe('a wrapped OpenAI client', () => {
  test('is of the type that it was, and leaves the given one alone', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(completion)
    const plain = new OpenAI({ apiKey: 'test', baseURL: `${wire.url}/v1` })
    const wrapped = wrap(plain, purser, { provider: 'openai' })
    expectTypeOf(wrapped).toEqualTypeOf<OpenAI>()
    expectTypeOf(wrap(new AzureOpenAI({ apiKey: 'k', apiVersion: 'v', endpoint: wire.url }), purser)).toEqualTypeOf<AzureOpenAI>()
    expect(wrapped).toBeInstanceOf(OpenAI)
    await plain.chat.completions.create(asked)
    expect(await charges(purser)).toEqual([])
  })

  test('books a call to the nano, under its labels', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(completion), purser)
    const { data, response } = await client.chat.completions.create(asked).withResponse()
    expect(data.choices[0]?.message.content).toBe('Hi')
    expect(response.url).toContain('/v1/chat/completions')
    expect(await charges(purser)).toMatchObject([
      { id: 'openai:chatcmpl-1', costNanos: callNanos, labels: { agent: 'clarifier' }, outcome: 'ok', attempt: 1, stopReason: 'stop' },
    ])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('books each of its calls under the labels of the code around it, which win over its own', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(completion), purser)
    const serve = (ticket: string) =>
      purser.withLabels({ ticket, agent: `support of ${ticket}` }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return client.chat.completions.create(asked)
      })
    await Promise.all([serve('T-1'), serve('T-2')])
    const labels = (await charges(purser)).map((charge) => charge.labels)
    expect(labels.toSorted((a, b) => (a['ticket'] ?? '').localeCompare(b['ticket'] ?? ''))).toEqual([
      { ticket: 'T-1', agent: 'support of T-1' },
      { ticket: 'T-2', agent: 'support of T-2' },
    ])
  })

  test('sends nothing where a budget refuses, does not try again, and says why', async () => {
    const { purser } = await openLedger('openai', '0.001')
    const wire = await openWire(completion)
    const error = await openClient(wire, purser, { maxRetries: 5 })
      .chat.completions.create(asked)
      .catch((each: unknown) => each)
    expect(error).toBeInstanceOf(CallDenied)
    expect(denialOf(error)).toMatchObject({ kind: 'never-fits', budget: 'daily' })
    expect(wire.seen).toEqual([])
    expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
  })

  test('tries again by itself: each try holds money of its own, and is an attempt of one call', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(
      await openWire((exchange) =>
        exchange.number < 3 ? exchange.json({ error: {} }, 429, { 'retry-after-ms': '1' }) : completion(exchange),
      ),
      purser,
      { maxRetries: 2 },
    )
    await client.chat.completions.create(asked)
    const [charge, ...others] = await charges(purser)
    expect(others).toEqual([])
    expect(charge).toMatchObject({ attempt: 3, costNanos: callNanos })
    expect(charge?.callId).toMatch(/^[0-9a-f-]{36}$/)
    // What was refused with 429 costs nothing, and is free again.
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('keeps what it held for tries that ended with a server error', async () => {
    const { purser } = await openLedger('openai')
    const client = openClient(await openWire(({ json }) => json({ error: {} }, 500, { 'retry-after-ms': '1' })), purser, { maxRetries: 1 })
    await expect(client.chat.completions.create(asked)).rejects.toMatchObject({ status: 500 })
    expect(await counter(purser)).toEqual({ spent: 0n, held: 2n * (await worst()), presumed: 0n })
  })

  test.each([
    ['a 400', (exchange: Exchange) => exchange.json({ error: { message: 'no' } }, 400)],
    ['a 404', (exchange: Exchange) => exchange.json({ error: { message: 'no' } }, 404)],
  ])('gives back what it held for %s', async (_name, answer) => {
    const { purser } = await openLedger('openai')
    await expect(openClient(await openWire(answer), purser).chat.completions.create(asked)).rejects.toBeInstanceOf(OpenAI.APIError)
    expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
  })

  test('gives back what it held where nobody listens, and keeps it after a timeout', async () => {
    const { purser } = await openLedger('openai')
    await expect(openClient({ url: await closedPort(), seen: [] }, purser).chat.completions.create(asked)).rejects.toBeInstanceOf(
      OpenAI.APIConnectionError,
    )
    expect(await counter(purser)).toEqual({ spent: 0n, held: 0n, presumed: 0n })
    const slow = openClient(await openWire(() => undefined), purser, { timeout: 50 })
    await expect(slow.chat.completions.create(asked)).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    expect((await counter(purser)).held).toBe(await worst())
  })

  test('passes on untouched what costs nothing', async () => {
    const { purser } = await openLedger('openai', '0')
    const wire = await openWire(({ json }) => json({ object: 'list', data: [] }))
    await openClient(wire, purser).models.list()
    expect(wire.seen).toHaveLength(1)
  })

  test('is refused for what nobody can bound, where a budget is hard', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ json }) => json({ id: 'run' }))
    const error = await openClient(wire, purser)
      .post('/threads/t/runs', { body: { assistant_id: 'a' } })
      .catch((each: unknown) => each)
    expect(denialOf(error)?.kind).toMatch(/unbounded|unpriced/)
    expect(wire.seen).toEqual([])
  })

  test('runs as if it were not wrapped with tracking off', async () => {
    const purser = await openTemporaryLedger({ tracking: false })
    expect((await openClient(await openWire(completion), purser).chat.completions.create(asked)).id).toBe('chatcmpl-1')
    expect(await charges(purser)).toEqual([])
  })

  test('shortens the longest answer until it fits, where it is asked to', async () => {
    const { purser } = await openLedger('openai', '0.005')
    const wire = await openWire(completion)
    const client = wrap(new OpenAI({ apiKey: 'test', baseURL: `${wire.url}/v1` }), purser, { provider: 'openai', shrink: true })
    await client.chat.completions.create(asked)
    const sent = Number(wire.seen[0]?.body['max_tokens'])
    // $0.005 is 500 tokens written; what is read costs a part of it.
    expect(sent).toBeLessThan(500)
    expect(sent).toBeGreaterThan(400)
  })
})

describe('a stream of a wrapped OpenAI client', () => {
  const stream = (client: OpenAI) => client.chat.completions.create({ ...asked, stream: true })

  test('is booked by the usage that the client did not ask for, and does not get to see', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk('Hel'), chunk('lo'), lastChunk, '[DONE]']))
    const seen = await Array.fromAsync(await stream(openClient(wire, purser)))
    expect(seen.map(({ choices }) => choices[0]?.delta.content)).toEqual(['Hel', 'lo'])
    expect(wire.seen[0]?.body['stream_options']).toEqual({ include_usage: true })
    expect(await charges(purser)).toMatchObject([{ costNanos: callNanos, outcome: 'ok', estimated: false }])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('hands on the usage where the client asks for it', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk('Hello'), lastChunk, '[DONE]']))
    const seen = await Array.fromAsync(
      await openClient(wire, purser).chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
    )
    expect(seen.at(-1)?.usage).toEqual(usage)
    expect((await counter(purser)).spent).toBe(callNanos)
  })

  test('goes through the helpers of the SDK', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) =>
      events([
        chunk('Hel'),
        { ...chunk('lo'), choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] },
        lastChunk,
        '[DONE]',
      ]),
    )
    const runner = openClient(wire, purser).chat.completions.stream(asked)
    expect(await runner.finalContent()).toBe('Hello')
    expect((await counter(purser)).spent).toBe(callNanos)
  })

  test('that breaks off is booked by what had arrived, estimated, and the rest stays presumed', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk('Hel'), chunk('lo, world')], 'cut'))
    await expect(Array.fromAsync(await stream(openClient(wire, purser)))).rejects.toThrow(/terminated|connection|premature|aborted|Error/i)
    const [charge] = await charges(purser)
    // Twelve bytes at three to a token.
    expect(charge).toMatchObject({ outcome: 'cut', estimated: true, usage: { outputTokens: 4 }, id: 'openai:chatcmpl-s' })
    const { spent, held, presumed } = await counter(purser)
    expect([held, spent + presumed]).toEqual([0n, await worst()])
    expect(spent).toBe(charge?.costNanos)
  })

  test('that its reader leaves is an abort', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk('Hel'), chunk('lo')], 'wait'))
    for await (const _ of await stream(openClient(wire, purser))) break
    expect(await charges(purser)).toMatchObject([{ outcome: 'aborted', estimated: true }])
  })

  test('that its caller aborts is an abort', async () => {
    const { purser } = await openLedger('openai')
    const wire = await openWire(({ events }) => events([chunk('Hel')], 'wait'))
    const caller = new AbortController()
    const chunks = await openClient(wire, purser).chat.completions.create({ ...asked, stream: true }, { signal: caller.signal })
    for await (const _ of chunks) caller.abort()
    expect(await charges(purser)).toMatchObject([{ outcome: 'aborted', estimated: true }])
  })
})

test('the other APIs of OpenAI are booked too', async () => {
  const { purser } = await openLedger('openai')
  const wire = await openWire(({ path, json, bytes }) => {
    if (path.endsWith('/responses'))
      return json({
        id: 'resp_1',
        object: 'response',
        model: 'test-model',
        output: [],
        usage: { input_tokens: 100, output_tokens: 50, total_tokens: 150 },
      })
    if (path.endsWith('/embeddings'))
      return json({ object: 'list', model: 'test-model', data: [], usage: { prompt_tokens: 7, total_tokens: 7 } })
    return bytes(new Uint8Array(64))
  })
  const client = openClient(wire, purser)
  await client.responses.create({ model: 'test-model', input: 'Hello', max_output_tokens: 100 })
  await client.embeddings.create({ model: 'test-model', input: 'Hello', encoding_format: 'float' })
  await (await client.audio.speech.create({ model: 'test-model', voice: 'alloy', input: 'Grüße' })).arrayBuffer()
  // 600,000; seven tokens at 1,000 nanos; five characters at a million nanos.
  expect((await charges(purser)).map(({ costNanos }) => costNanos)).toEqual([callNanos, 7000n, 5_000_000n])
})
