import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { denialOf, wrap } from '../../src/clients/anthropic.ts'
import { CallDenied } from '../../src/facade/calls/call-denied.ts'
import type { Purser } from '../../src/purser.ts'
import { callNanos, charges, counter, openLedger, openWire, type Wire } from './wire.ts'

const asked = { model: 'test-model', max_tokens: 1000, messages: [{ role: 'user' as const, content: 'Hello' }] }
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'test-model', content: [{ type: 'text', text: 'Hi' }] }
const start = {
  type: 'message_start',
  message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 100, output_tokens: 1 } },
}
const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const delta = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
const end = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 50 } },
  { type: 'message_stop' },
]

function openClient({ url }: Wire, purser: Purser, options: ConstructorParameters<typeof Anthropic>[0] = {}): Anthropic {
  return wrap(new Anthropic({ apiKey: 'test', baseURL: url, maxRetries: 0, ...options }), purser, { provider: 'anthropic' })
}

describe('a wrapped Anthropic client', () => {
  test('books a message to the nano, and is of the type that it was', async () => {
    const { purser } = await openLedger('anthropic')
    const client = openClient(
      await openWire(({ json }) => json({ ...message, stop_reason: 'end_turn', usage: { input_tokens: 100, output_tokens: 50 } })),
      purser,
    )
    expectTypeOf(client).toEqualTypeOf<Anthropic>()
    expect((await client.messages.create(asked)).id).toBe('msg_1')
    expect(await charges(purser)).toMatchObject([{ id: 'anthropic:msg_1', costNanos: callNanos, stopReason: 'end_turn' }])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test('books a stream, also through the helper of the SDK', async () => {
    const { purser } = await openLedger('anthropic')
    const client = openClient(await openWire(({ events }) => events([start, block, delta('Hel'), delta('lo'), ...end])), purser)
    expect(await client.messages.stream(asked).finalText()).toBe('Hello')
    expect(await charges(purser)).toMatchObject([
      { costNanos: callNanos, outcome: 'ok', estimated: false, usage: { inputTokens: 100, outputTokens: 50 } },
    ])
  })

  test('books of a stream that breaks off what its start says, and what was written by its length', async () => {
    const { purser } = await openLedger('anthropic')
    const client = openClient(await openWire(({ events }) => events([start, block, delta('Hello, '), delta('world')], 'cut')), purser)
    const read = async () => Array.fromAsync(await client.messages.create({ ...asked, stream: true }))
    await expect(read()).rejects.toThrow(/terminated|connection|premature|aborted|Error/i)
    // Twelve bytes at three to a token: 100,000 nanos and four times 10,000.
    expect(await charges(purser)).toMatchObject([
      { outcome: 'cut', estimated: true, costNanos: 140_000n, usage: { inputTokens: 100, outputTokens: 4 } },
    ])
    const { spent, held, presumed } = await counter(purser)
    expect([spent, held]).toEqual([140_000n, 0n])
    expect(presumed).toBeGreaterThan(0n)
  })

  test('counts a stream that its caller aborts as aborted', async () => {
    const { purser } = await openLedger('anthropic')
    const client = openClient(await openWire(({ events }) => events([start, block, delta('Hel')], 'wait')), purser)
    const stream = client.messages.stream(asked)
    stream.on('text', () => stream.abort())
    await stream.done().catch(() => undefined)
    expect(await charges(purser)).toMatchObject([{ outcome: 'aborted', estimated: true }])
  })

  test('sends nothing where a budget refuses', async () => {
    const { purser } = await openLedger('anthropic', '0.001')
    const wire = await openWire(() => undefined)
    const error = await openClient(wire, purser, { maxRetries: 3 })
      .messages.create(asked)
      .catch((each: unknown) => each)
    expect(error).toBeInstanceOf(CallDenied)
    expect(denialOf(error)).toMatchObject({ budget: 'daily' })
    expect(wire.seen).toEqual([])
  })

  test('tries again as attempts of one call', async () => {
    const { purser } = await openLedger('anthropic')
    const client = openClient(
      await openWire(({ number, json }) =>
        number === 1
          ? json({ type: 'error', error: { type: 'overloaded_error' } }, 529, { 'retry-after-ms': '1' })
          : json({ ...message, usage: { input_tokens: 100, output_tokens: 50 } }),
      ),
      purser,
      { maxRetries: 1 },
    )
    await client.messages.create(asked)
    expect(await charges(purser)).toMatchObject([{ attempt: 2, costNanos: callNanos }])
  })

  test('counts tokens without a hold', async () => {
    const { purser } = await openLedger('anthropic', '0')
    const client = openClient(await openWire(({ json }) => json({ input_tokens: 8 })), purser)
    expect(await client.messages.countTokens({ model: 'test-model', messages: asked.messages })).toMatchObject({ input_tokens: 8 })
  })
})
