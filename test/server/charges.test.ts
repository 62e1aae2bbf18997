import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const headers = { 'content-type': 'application/x-ndjson' }
const line = (n: number, more: object = {}): string =>
  JSON.stringify({ id: `c${n}`, provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000 }, labels: { project: 'film' }, ...more })

test('calls are booked without being told back, where that is preferred', async () => {
  const server = await RunningServer.start()
  const body = `[${line(1)},${line(2)}]`
  const answer = await server.ask('POST', '/charges', { body, headers: { prefer: 'return=minimal' } })
  expect(answer).toMatchObject({ status: 201, body: { booked: 2, duplicates: 0 } })
  expect(answer.headers.get('preference-applied')).toBe('return=minimal')
  expect((await server.purser.costs()).total.costNanos).toBe(5_000_000n)
})

describe('calls in lines', () => {
  test('are booked as they arrive, each id once', async () => {
    const server = await RunningServer.start()
    const body = Array.from({ length: 1200 }, (_, n) => line(n)).join('\n')
    expect(await server.ask('POST', '/charges', { headers, body })).toMatchObject({ status: 201, body: { booked: 1200, duplicates: 0 } })
    expect(await server.ask('POST', '/charges', { headers, body: `${body}\n${line(1200)}\n` })).toMatchObject({
      body: { booked: 1, duplicates: 1200 },
    })
    // 1,201 calls of 1,000 tokens at $2.50 a million.
    expect((await server.purser.costs()).total).toMatchObject({ calls: 1201, costNanos: 3_002_500_000n })
  })

  test('that are wrong are named, and what was before them stays booked', async () => {
    const server = await RunningServer.start()
    const body = [...Array.from({ length: 500 }, (_, n) => line(n)), line(500), '{"provider": "ope', line(502)].join('\n')
    const answer = await server.ask('POST', '/charges', { headers, body })
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'PURSER_BAD_RECORD', detail: expect.stringMatching(/^Line 502 is no JSON\. 500 calls/) as string },
    })
    const unknown = await server.ask('POST', '/charges', { headers, body: line(600, { usage: { inputToken: 3 } }) })
    expect(unknown).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/^Of the lines 1 to 1: /) as string } })
    expect((await server.purser.costs()).total.calls).toBe(500)
  })

  test('that never end are refused before they fill the memory', async () => {
    const server = await RunningServer.start()
    const answer = await server.ask('POST', '/charges', { headers, body: `${line(1)}\n{"x":"${'y'.repeat(3 * 1024 * 1024)}` })
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/^Line 2 is longer than a megabyte\. 0 calls/) as string },
    })
  })

  test('carry the labels of whoever sends them', async () => {
    const server = await RunningServer.start()
    const key = await server.key('ingest', { user: '7' })
    expect(await server.ask('POST', '/charges', { key, headers, body: `${line(1)}\n${line(2)}` })).toMatchObject({
      status: 201,
      body: { booked: 2 },
    })
    expect(await server.ask('POST', '/charges', { key, headers, body: line(3, { labels: { user: '8' } }) })).toMatchObject({ status: 403 })
    expect(await server.purser.charge('c2')).toMatchObject({ labels: { user: '7', project: 'film' } })
    expect(await server.purser.charge('c3')).toBeUndefined()
  })
})
