import { get } from 'node:http'
import { describe, expect, test } from 'vitest'
import { serve } from '../../src/server/serve.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

describe('a server', () => {
  test('without keys is its owner’s, on this machine alone', async () => {
    const server = await RunningServer.start()
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045.
    expect(await server.ask('POST', '/charges', { body: { ...call, id: 'c1' } })).toMatchObject({
      status: 201,
      body: { charges: [{ id: 'c1', costUsd: 0.0045, costNanos: '4500000' }] },
    })
    expect(await server.ask('GET', '/costs?by=model')).toMatchObject({
      status: 200,
      body: { rows: [{ model: 'gpt-4o', costUsd: 0.0045 }] },
    })
    const purser = await openTemporaryLedger()
    await expect(serve(purser, { host: '0.0.0.0', port: 0, version: '0' })).rejects.toThrow(
      'the ledger has no keys, so anybody could see and spend',
    )
  })

  test('asks for a key once there is one, and knows it from any other', async () => {
    const server = await RunningServer.start()
    const key = await server.key('admin')
    const none = await server.ask('GET', '/costs')
    expect(none).toMatchObject({ status: 401, body: { code: 'PURSER_UNAUTHENTICATED', status: 401 } })
    expect(none.headers.get('content-type')).toContain('application/problem+json')
    const other = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`
    for (const wrong of ['nonsense', other, `purser_000000000000_${'A'.repeat(43)}`]) {
      expect((await server.ask('GET', '/costs', { key: wrong })).status).toBe(401)
    }
    expect((await server.ask('GET', '/costs', { key })).status).toBe(200)
    const [first] = await server.purser.access.keys.list()
    const { text } = await server.purser.access.keys.rotate(first?.id ?? '')
    expect((await server.ask('GET', '/costs', { key })).status).toBe(401)
    expect((await server.ask('GET', '/costs', { key: text })).status).toBe(200)
    expect((await server.ask('GET', '/health')).status).toBe(200)
  })

  test('that asked for keys once does so also when the last one is revoked', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    expect((await server.ask('GET', '/costs')).status).toBe(401)
    const [first] = await server.purser.access.keys.list()
    await server.purser.access.keys.revoke(first?.id ?? '')
    expect((await server.ask('GET', '/costs')).status).toBe(401)
  })

  test('without keys answers neither a site that calls itself by another name, nor changes that one asks for', async () => {
    const server = await RunningServer.start()
    const { port } = new URL(server.url)
    const asked = await new Promise<number | undefined>((resolve, reject) => {
      const host = `evil.example:${port}`
      get({ host: '127.0.0.1', port, path: '/api/v1/costs', headers: { host } }, ({ statusCode }) => resolve(statusCode)).on(
        'error',
        reject,
      )
    })
    expect(asked).toBe(401)
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await server.ask('POST', '/charges', { body: call, headers })).status).toBe(403)
    expect((await server.ask('POST', '/charges', { body: call, headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(201)
  })

  test('lets roles do what they may', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    const statuses = async (role: 'member' | 'viewer' | 'ingest') => {
      const key = await server.key(role)
      return [(await server.ask('GET', '/costs', { key })).status, (await server.ask('POST', '/charges', { key, body: call })).status]
    }
    expect(await statuses('member')).toEqual([200, 201])
    expect(await statuses('viewer')).toEqual([200, 403])
    expect(await statuses('ingest')).toEqual([403, 201])
  })

  test('shows a member their own, and books under their labels', async () => {
    const server = await RunningServer.start()
    await server.purser.access.members.set('7', { name: 'Ada' })
    const { text: ada } = await server.purser.access.keys.create({ name: 'ada', member: '7' })
    const bob = await server.key('member', { user: '8' })
    await server.ask('POST', '/charges', { key: ada, body: { ...call, id: 'a' } })
    await server.ask('POST', '/charges', {
      key: bob,
      body: [
        { ...call, id: 'b1' },
        { ...call, id: 'b2' },
      ],
    })
    const total = async (key: string) => ((await server.ask('GET', '/costs', { key })).body as { total: { calls: number } }).total.calls
    expect([await total(ada), await total(bob)]).toEqual([1, 2])
    expect(await server.ask('GET', '/charges/b1', { key: ada })).toMatchObject({
      status: 404,
      body: { detail: 'There is no charge "b1".' },
    })
    const stolen = await server.ask('POST', '/charges', { key: ada, body: { ...call, labels: { user: '8' } } })
    expect(stolen).toMatchObject({ status: 403, body: { code: 'PURSER_FORBIDDEN' } })
    // Whoever is no member any more has no key that counts.
    await server.purser.access.members.remove('7')
    expect((await server.ask('GET', '/costs', { key: ada })).status).toBe(401)
  })

  test('answers what it cannot read with the place, and never with what it holds', async () => {
    const server = await RunningServer.start()
    expect(await server.ask('GET', '/costs?sort=colour')).toMatchObject({
      status: 400,
      body: { code: 'PURSER_BAD_ARGUMENT', detail: expect.stringContaining('querystring.sort') as string },
    })
    expect(await server.ask('GET', '/costs?since=soon')).toMatchObject({ status: 400, body: { code: 'PURSER_BAD_TIME' } })
    expect(await server.ask('POST', '/charges', { body: '{"provider"' })).toMatchObject({ status: 400 })
    expect(await server.ask('GET', '/nothing')).toMatchObject({ status: 404, body: { code: 'PURSER_NOT_FOUND' } })
    const large = await server.ask('POST', '/charges', { body: { ...call, metadata: { text: 'x'.repeat(17 * 1024 * 1024) } } })
    expect(large.status).toBe(413)
  })

  test('stops whoever asks too often, and says when to try again', async () => {
    const server = await RunningServer.start({ requestsPerMinute: 3 })
    const [one, two] = [await server.key('viewer'), await server.key('viewer')]
    const statuses: number[] = []
    for (let time = 0; time < 4; time += 1) statuses.push((await server.ask('GET', '/costs', { key: one })).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    const stopped = await server.ask('GET', '/costs', { key: one })
    expect(stopped).toMatchObject({ body: { code: 'PURSER_RATE_LIMITED' } })
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await server.ask('GET', '/costs', { key: two })).status).toBe(200)
  })

  test('describes itself as OpenAPI 3.1, and sends headers that keep browsers safe', async () => {
    const server = await RunningServer.start()
    const described = await server.ask('GET', '//docs/json')
    expect(described).toMatchObject({
      status: 200,
      body: { openapi: '3.1.0', paths: { '/api/v1/costs': { get: {} }, '/api/v1/charges': { post: {} } } },
    })
    const { headers } = await server.ask('GET', '/costs')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})
