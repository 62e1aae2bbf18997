import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const hold = (cost: string, more: object = {}) => ({ body: { amount: { cost }, ...more } })
const used = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

async function withDaily(limit = '1.00'): Promise<RunningServer> {
  const server = await RunningServer.start()
  await server.purser.budgets.set('daily', { limit, window: 'day' })
  return server
}

describe('a hold', () => {
  test('is granted, kept open, settled, and given back what it did not need', async () => {
    const server = await withDaily()
    const granted = await server.ask('POST', '/holds', hold('0.60', { id: 'call-1', labels: { project: 'atlas' }, ttlMs: 60_000 }))
    expect(granted).toMatchObject({ status: 201, body: { granted: true, id: 'call-1', warnings: [] } })
    // The same id asked again is the same grant.
    expect((await server.ask('POST', '/holds', hold('0.60', { id: 'call-1', labels: { project: 'atlas' }, ttlMs: 60_000 }))).status).toBe(
      201,
    )
    expect((await server.ask('GET', '/holds')).body).toMatchObject({ holds: [{ id: 'call-1', left: { cost: '600000000' } }] })
    const { expiresAt } = granted.body as { expiresAt: string }
    const extended = (await server.ask('POST', '/holds/call-1/extend', { body: { ttlMs: 3_600_000 } })).body as { expiresAt: string }
    expect(Date.parse(extended.expiresAt)).toBeGreaterThan(Date.parse(expiresAt))
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045.
    expect(await server.ask('POST', '/holds/call-1/settle', { body: used })).toMatchObject({
      status: 200,
      body: { id: 'call-1', state: 'settled', charge: 'hold:call-1', costUsd: 0.0045, costNanos: '4500000', overrun: [] },
    })
    expect((await server.ask('GET', '/holds/call-1')).body).toMatchObject({ state: 'settled', labels: { project: 'atlas' } })
    expect((await server.ask('GET', '/holds')).body).toEqual({ holds: [] })
    expect((await server.ask('POST', '/holds/call-1/extend', { body: { ttlMs: 1000 } })).status).toBe(409)
  })

  test('that does not fit is refused with 402 and the figures', async () => {
    const server = await withDaily()
    await server.ask('POST', '/holds', hold('0.60', { id: 'first' }))
    const denied = await server.ask('POST', '/holds', hold('0.50'))
    expect(denied).toMatchObject({
      status: 402,
      body: {
        code: 'PURSER_CALL_DENIED',
        status: 402,
        // $1.00 less $0.60 held is $0.40.
        denial: {
          granted: false,
          kind: 'contended',
          budget: 'daily',
          limit: '1000000000',
          held: '600000000',
          asked: '500000000',
          room: '400000000',
        },
      },
    })
    expect(denied.headers.get('content-type')).toContain('application/problem+json')
    expect((denied.body as { detail: string }).detail).toContain('daily')
    expect((await server.ask('POST', '/holds/why', hold('0.50'))).body).toMatchObject({
      granted: false,
      denial: { budget: 'daily' },
      holders: [{ id: 'first' }],
      needs: { ifReleased: '100000000' },
    })
    expect((await server.ask('POST', '/holds/why', hold('0.40'))).body).toMatchObject({ granted: true })
    await server.ask('POST', '/holds/first/release')
    expect((await server.ask('POST', '/holds', hold('0.50'))).status).toBe(201)
  })

  test('is bounded by the request that it is for', async () => {
    const server = await withDaily()
    const body = { model: 'gpt-4o', service_tier: 'default', max_completion_tokens: 1000, messages: [{ role: 'user', content: 'hello' }] }
    const asked = { body: { id: 'r', request: { provider: 'openai', api: 'chat', body } } }
    expect((await server.ask('POST', '/holds', asked)).status).toBe(201)
    const { asked: worst } = (await server.ask('GET', '/holds/r')).body as { asked: { cost: string } }
    // 1,000 tokens of output at $10/M are $0.01; the prompt is a few tokens at $2.50/M.
    expect(Number(worst.cost)).toBeGreaterThan(10_000_000)
    expect(Number(worst.cost)).toBeLessThan(11_000_000)
  })

  test('is split into parts, settled in parts, and resolved where nobody knew its end', async () => {
    const server = await withDaily()
    await server.ask('POST', '/holds', hold('0.60', { id: 'run' }))
    expect((await server.ask('POST', '/holds/run/split', hold('0.10', { id: 'part' }))).status).toBe(201)
    expect((await server.ask('GET', '/holds/part')).body).toMatchObject({ parent: 'run' })
    expect(await server.ask('POST', '/holds/run/split', hold('0.60', { id: 'much' }))).toMatchObject({
      status: 402,
      body: { denial: { hold: 'run', room: '500000000' } },
    })
    const partial = await server.ask('POST', '/holds/part/settle', { body: { ...used, partial: true } })
    expect(partial.body).toMatchObject({ state: 'open', costUsd: 0.0045 })
    await server.ask('POST', '/holds', hold('0.20', { id: 'lost', ttlMs: 1 }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await server.ask('POST', '/holds/lost/resolve', { body: { notSent: true } })).body).toMatchObject({ state: 'released' })
    await server.ask('POST', '/holds', hold('0.20', { id: 'known', ttlMs: 1 }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const resolved = await server.ask('POST', '/holds/known/resolve', { body: { provider: 'acme', model: 'big', costUsd: '0.05' } })
    expect(resolved.body).toMatchObject({ state: 'settled', costUsd: 0.05 })
  })
})

test('a hold is found by the longest id that there is, in any script', async () => {
  const server = await withDaily()
  const id = 'ид'.repeat(100)
  expect((await server.ask('POST', '/holds', hold('0.10', { id }))).status).toBe(201)
  expect(await server.ask('GET', `/holds/${encodeURIComponent(id)}`)).toMatchObject({ status: 200, body: { id } })
})

describe('a member', () => {
  test('holds and settles under their own labels, and reaches no hold of others', async () => {
    const server = await withDaily()
    const ada = await server.key('member', { user: '7' })
    const bob = await server.key('member', { user: '8' })
    expect((await server.ask('POST', '/holds', { key: ada, ...hold('0.30', { id: 'a' }) })).status).toBe(201)
    expect((await server.ask('POST', '/holds', { key: bob, ...hold('0.30', { id: 'b' }) })).status).toBe(201)
    expect((await server.ask('GET', '/holds', { key: ada })).body).toMatchObject({ holds: [{ id: 'a', labels: { user: '7' } }] })
    expect(((await server.ask('GET', '/holds', { key: ada })).body as { holds: unknown[] }).holds).toHaveLength(1)
    const others = [
      ['GET', '/holds/b'],
      ['POST', '/holds/b/release'],
      ['POST', '/holds/b/settle', used],
      ['POST', '/holds/b/extend', { ttlMs: 1000 }],
      ['POST', '/holds/b/split', { amount: { cost: '0.01' } }],
      ['POST', '/holds/b/resolve', { notSent: true }],
    ] as const
    for (const [method, path, body] of others) {
      expect((await server.ask(method, path, { key: ada, ...(body && { body }) })).status).toBe(404)
    }
    expect((await server.ask('POST', '/holds', { key: ada, ...hold('0.01', { id: 'b' }) })).status).toBe(409)
    expect((await server.ask('POST', '/holds', { key: ada, ...hold('0.01', { labels: { user: '8' } }) })).status).toBe(403)
    expect((await server.ask('POST', '/holds/a/settle', { key: ada, body: used })).body).toMatchObject({
      state: 'settled',
      costUsd: 0.0045,
    })
    expect((await server.ask('GET', '/charges/hold:a', { key: ada })).body).toMatchObject({ labels: { user: '7' } })
  })

  test('is told that a shared budget refuses, and neither its name nor its figures', async () => {
    const server = await withDaily()
    const ada = await server.key('member', { user: '7' })
    await server.purser.holds.reserve({ id: 'secret-job', amount: { cost: '0.77' }, labels: { user: '8' } })
    const denied = await server.ask('POST', '/holds', { key: ada, ...hold('0.50') })
    expect(denied).toMatchObject({ status: 402, body: { denial: { budget: 'shared', limit: '0', spent: '0', held: '0', room: '0' } } })
    const why = await server.ask('POST', '/holds/why', { key: ada, ...hold('0.50') })
    expect(why.body).toMatchObject({ granted: false, holders: [] })
    for (const { body } of [denied, why]) expect(JSON.stringify(body)).not.toMatch(/daily|secret-job|770000000|230000000/)
  })
})

test('roles hold and look as they may', async () => {
  const server = await withDaily()
  const statuses = async (role: 'admin' | 'member' | 'viewer' | 'ingest') => {
    const key = await server.key(role)
    const made = await server.ask('POST', '/holds', { key, ...hold('0.01', { id: role }) })
    const ended = await server.ask('POST', `/holds/${role}/release`, { key })
    const [list, why] = [await server.ask('GET', '/holds', { key }), await server.ask('POST', '/holds/why', { key, ...hold('0.01') })]
    return [made.status, ended.status, list.status, why.status]
  }
  expect(await statuses('admin')).toEqual([201, 200, 200, 200])
  expect(await statuses('member')).toEqual([201, 200, 200, 200])
  expect(await statuses('viewer')).toEqual([403, 403, 200, 200])
  expect(await statuses('ingest')).toEqual([201, 200, 403, 403])
})

test('a path that cannot be read, or is too long, is refused as everything else is', async () => {
  const server = await withDaily()
  for (const [id, status] of [
    ['%E0%A4%A', 400],
    ['x'.repeat(3000), 414],
  ] as const) {
    const refused = await server.ask('GET', `/holds/${id}`)
    expect(refused).toMatchObject({ status, body: { code: 'PURSER_BAD_ARGUMENT', status } })
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
  }
})

test('what is no hold is refused with its place', async () => {
  const server = await withDaily()
  const statusOf = async (path: string, body: unknown) => (await server.ask('POST', path, { body })).status
  expect(await statusOf('/holds', { amount: { cost: 'much' } })).toBe(400)
  expect(await statusOf('/holds', { amount: { euros: 5 } })).toBe(400)
  expect(await statusOf('/holds', { amount: { cost: '1' }, ttlMs: 0 })).toBe(400)
  expect(await statusOf('/holds', { amount: { cost: '1' }, waitMs: 1e9 })).toBe(400)
  expect(await statusOf('/holds', { amount: { cost: '1' }, colour: 'red' })).toBe(400)
  expect(await statusOf('/holds', { request: { provider: 'openai' } })).toBe(400)
  expect(await statusOf('/holds', [])).toBe(400)
  expect(await statusOf('/holds/none/settle', used)).toBe(404)
  expect(await statusOf('/holds/none/resolve', { notSent: true })).toBe(404)
  expect((await server.ask('GET', '/holds?budget=none')).status).toBe(404)
  await server.ask('POST', '/holds', hold('0.10', { id: 'open' }))
  expect(await statusOf('/holds/open/resolve', { notSent: true })).toBe(400)
  expect(await statusOf('/holds/open/settle', { usage: { inputTokens: -1 } })).toBe(400)
  expect(await statusOf('/holds/open/settle', { usage: 'none' })).toBe(400)
})
