import OpenAI from 'openai'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { wrap } from '../../src/clients/openai.ts'
import { ArrivedEvents } from '../../src/clients/arrived-events.ts'
import type { Purser } from '../../src/purser.ts'
import { callNanos, charges, counter, openLedger } from './wire.ts'

const messages = [{ role: 'user' as const, content: 'Hello' }]
const asked = { model: 'test-model', max_tokens: 1000, messages }
const usage = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
const completion = { id: 'c-1', object: 'chat.completion', created: 1, model: 'test-model', usage, choices }
const chunk = { id: 's', model: 'test-model', created: 1, choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] }
const last = { ...chunk, choices: [], usage }

/** A server that answers with these pieces, written one after the other, and a client of it. */
async function clientOf(purser: Purser, type: string | undefined, pieces: readonly (string | Uint8Array)[]): Promise<OpenAI> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => void write())
    const write = async () => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type })
      for (const piece of pieces) {
        response.write(piece)
        if (pieces.length > 1) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      response.end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  return wrap(new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0 }), purser, { provider: 'openai' })
}

const streamOf = (end: string): string =>
  [chunk, last].map((event) => `data: ${JSON.stringify(event)}${end}${end}`).join('') + `data: [DONE]${end}${end}`

describe('a streamed answer', () => {
  test.each([
    ['Text/Event-Stream', '\n'],
    ['TEXT/EVENT-STREAM; charset=utf-8', '\r\n'],
    ['text/event-stream', '\r'],
    ['text/plain', '\n'],
    ['application/octet-stream', '\n'],
    ['application/json', '\n'],
    [undefined, '\n'],
    [undefined, '\r'],
  ])('of the type %s with lines that end with %j is booked, and no usage is seen that was not asked for', async (type, end) => {
    const { purser } = await openLedger('openai')
    const client = await clientOf(purser, type, [streamOf(end)])
    const seen = await Array.fromAsync(await client.chat.completions.create({ ...asked, stream: true }))
    expect(seen).toEqual([chunk])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })

  test.each(['\n', '\r\n', '\r'])('without a type is read byte by byte as well (lines end with %j)', async (end) => {
    const { purser } = await openLedger('openai')
    const bytes = Buffer.from(`${end}: one moment${end}${end}${streamOf(end)}`)
    const pieces = Array.from({ length: 70 }, (_, n) => bytes.subarray(n, n + 1))
    const client = await clientOf(purser, undefined, [...pieces, bytes.subarray(70)])
    const seen = await Array.fromAsync(await client.chat.completions.create({ ...asked, stream: true }))
    expect(seen).toEqual([chunk])
    expect(await counter(purser)).toEqual({ spent: callNanos, held: 0n, presumed: 0n })
  })
})

describe('an answer in JSON', () => {
  test.each(['text/plain', 'application/octet-stream', 'Application/JSON', 'text/event-stream', undefined])(
    'of the type %s is booked',
    async (type) => {
      const { purser } = await openLedger('openai')
      const client = await clientOf(purser, type, [' \n', JSON.stringify(completion, null, 2)])
      await client.chat.completions
        .create(asked)
        .asResponse()
        .then((response) => response.text())
      expect(await charges(purser)).toMatchObject([{ id: 'openai:c-1', costNanos: callNanos }])
    },
  )

  test('is what a server may give to one who asked for a stream', async () => {
    const { purser } = await openLedger('openai')
    const text = JSON.stringify(completion)
    const client = await clientOf(purser, 'text/plain', [text])
    const response = await client.chat.completions.create({ ...asked, stream: true }).asResponse()
    expect(await response.text()).toBe(text)
    expect((await counter(purser)).spent).toBe(callNanos)
  })
})

test('a sound that looks like text is handed on as it is, and billed by its request', async () => {
  const { purser } = await openLedger('openai')
  const sound = Buffer.from('{ data: this is no JSON')
  const client = await clientOf(purser, 'application/octet-stream', [sound])
  const response = await client.audio.speech.create({ model: 'test-model', voice: 'alloy', input: 'Hello' })
  expect(Buffer.from(await response.arrayBuffer())).toEqual(sound)
  // Five characters at a dollar for a thousand.
  expect((await counter(purser)).spent).toBe(5_000_000n)
})

describe('one long event', () => {
  /** Milliseconds that an event of so many megabytes takes in pieces of 64 KB: the best of three. */
  function millisecondsOf(megabytes: number): number {
    const text = `data: {"id":"s","choices":[{"delta":{"content":"${'x'.repeat(megabytes * 1_000_000)}"}}]}\n\ndata: ${JSON.stringify(last)}\n\n`
    const bytes = Buffer.from(text)
    const times = Array.from({ length: 3 }, () => {
      const events = new ArrivedEvents({ provider: 'openai', api: 'chat', model: 'test-model', body: {} }, new Headers(), false)
      const started = performance.now()
      for (let at = 0; at < bytes.length; at += 65_536) events.add(bytes.subarray(at, at + 65_536))
      events.end()
      const took = performance.now() - started
      expect(events.call()).toMatchObject({ body: expect.arrayContaining([expect.objectContaining({ usage })]) as unknown })
      return took
    })
    return Math.min(...times)
  }

  test('of 20 MB takes about ten times as long as one of 2 MB, not a hundred times', () => {
    expect(millisecondsOf(20)).toBeLessThan(40 * Math.max(millisecondsOf(2), 2))
  })
})
