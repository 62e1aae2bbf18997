import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

describe('budgets', () => {
  test('are made, changed, shown with what they count, and taken away', async () => {
    const server = await RunningServer.start()
    const made = await server.ask('PUT', '/budgets/daily', { body: { limit: '5.00', window: 'day', each: 'project' } })
    expect(made).toMatchObject({
      status: 201,
      body: {
        outcome: 'created',
        changed: [],
        warnings: [],
        budget: { name: 'daily', from: 'api', limit: '5000000000', mode: 'strict', bound: '5000000000' },
      },
    })
    const changed = await server.ask('PATCH', '/budgets/daily', { body: { limit: 6, thresholds: [90] } })
    expect(changed).toMatchObject({
      status: 200,
      body: { outcome: 'changed', changed: ['limit', 'thresholds'], budget: { limit: '6000000000', window: 'day', each: ['project'] } },
    })
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045.
    await server.ask('POST', '/charges', { body: { ...call, labels: { project: 'atlas' } } })
    expect((await server.ask('GET', '/budgets/daily')).body).toMatchObject({
      budget: { name: 'daily' },
      counters: [{ scope: { project: 'atlas' }, spent: '4500000', spentUsd: 0.0045, limitUsd: 6 }],
      lastChange: { author: 'api:owner' },
      learned: [],
    })
    expect((await server.ask('GET', '/budgets/status?name=daily')).body).toMatchObject([{ budget: 'daily', spent: '4500000' }])
    expect((await server.ask('GET', '/budgets')).body).toMatchObject({ budgets: [{ name: 'daily' }] })
    expect((await server.ask('GET', '/budgets/daily/history')).body).toMatchObject({
      changes: [
        { author: 'api:owner', before: null, after: { limit: '5000000000' } },
        { changed: ['limit', 'thresholds'], before: { limit: '5000000000' }, after: { limit: '6000000000' } },
      ],
    })
    expect((await server.ask('DELETE', '/budgets/daily')).body).toEqual({ removed: 'daily' })
    expect(await server.ask('GET', '/budgets/daily')).toMatchObject({ status: 404, body: { code: 'PURSER_NOT_FOUND' } })
  })

  test('change only as whoever changes them has seen them', async () => {
    const server = await RunningServer.start()
    const budget = { limit: 5, window: 'day' }
    await server.ask('PUT', '/budgets/daily', { body: budget, headers: { 'if-none-match': '*' } })
    const etag = (await server.ask('GET', '/budgets/daily')).headers.get('etag') ?? ''
    expect((await server.ask('PUT', '/budgets/daily', { body: budget, headers: { 'if-none-match': '*' } })).status).toBe(409)
    expect((await server.ask('PATCH', '/budgets/daily', { body: { limit: 6 }, headers: { 'if-match': etag } })).status).toBe(200)
    const stale = await server.ask('PUT', '/budgets/daily', { body: { ...budget, limit: 7 }, headers: { 'if-match': etag } })
    expect(stale).toMatchObject({ status: 409, body: { code: 'PURSER_CONFLICT' } })
    const { budgets } = (await server.ask('GET', '/budgets')).body as { budgets: { limit: string; version: number }[] }
    expect(budgets[0]?.limit).toBe('6000000000')
    const version = budgets[0]?.version ?? 0
    expect((await server.ask('DELETE', `/budgets/daily?expected=${version + 1}`)).status).toBe(409)
    expect((await server.ask('PATCH', '/budgets/daily', { body: { limit: 8 }, headers: { 'if-match': 'eight' } })).status).toBe(400)
    expect((await server.ask('DELETE', `/budgets/daily?expected=${version}`)).status).toBe(200)
  })

  test('have an ETag that changes with what they count', async () => {
    const server = await RunningServer.start()
    await server.ask('PUT', '/budgets/daily', { body: { limit: 5, window: 'day' } })
    const etag = (await server.ask('GET', '/budgets/daily')).headers.get('etag') ?? ''
    expect((await server.ask('GET', '/budgets/daily', { headers: { 'if-none-match': etag } })).status).toBe(304)
    await server.ask('POST', '/charges', { body: call })
    const later = await server.ask('GET', '/budgets/daily', { headers: { 'if-none-match': etag } })
    expect(later).toMatchObject({ status: 200, body: { counters: [{ spent: '4500000' }] } })
  })

  test('are shown to a member where they count nobody else, without the terms of others, and never changed by one', async () => {
    const server = await RunningServer.start()
    const admin = await server.key('admin')
    const ada = await server.key('member', { user: '7' })
    const bob = await server.key('member', { user: '8' })
    await server.ask('PUT', '/budgets/all', { key: admin, body: { limit: 100, window: 'month' } })
    const overrides = [
      { match: { user: '7' }, limit: 3 },
      { match: { user: '8' }, limit: 77 },
    ]
    await server.ask('PUT', '/budgets/each', { key: admin, body: { limit: 10, window: 'month', each: 'user', overrides } })
    await server.ask('POST', '/charges', { key: ada, body: call })
    await server.ask('POST', '/charges', { key: bob, body: [call, call] })
    const { budgets } = (await server.ask('GET', '/budgets', { key: ada })).body as { budgets: unknown[] }
    expect(budgets).toMatchObject([{ name: 'each', overrides: [{ match: { user: '7' }, limit: '3000000000' }] }])
    expect(budgets).toHaveLength(1)
    expect(JSON.stringify(budgets)).not.toContain('77')
    const status = (await server.ask('GET', '/budgets/status', { key: ada })).body
    expect(status).toMatchObject([{ budget: 'each', scope: { user: '7' }, spent: '4500000' }])
    expect(status).toHaveLength(1)
    for (const path of ['/budgets/all', '/budgets/all/history', '/budgets/status?name=all']) {
      expect((await server.ask('GET', path, { key: ada })).status).toBe(404)
    }
    expect((await server.ask('GET', '/budgets/each/history', { key: ada })).body).toEqual({ changes: [] })
    for (const role of ['member', 'viewer', 'ingest'] as const) {
      const key = await server.key(role, { user: '7' })
      expect((await server.ask('PUT', '/budgets/mine', { key, body: { limit: 5, window: 'day' } })).status).toBe(403)
      expect((await server.ask('PATCH', '/budgets/each', { key, body: { limit: 99 } })).status).toBe(403)
      expect((await server.ask('DELETE', '/budgets/each', { key })).status).toBe(403)
    }
    expect((await server.ask('GET', '/budgets', { key: await server.key('ingest') })).status).toBe(403)
    const part = await server.key('admin', { user: '7' })
    expect((await server.ask('PUT', '/budgets/each', { key: part, body: { limit: 99, window: 'month' } })).status).toBe(403)
  })

  test('say what is wrong with one', async () => {
    const server = await RunningServer.start()
    const ask = (body: unknown) => server.ask('PUT', '/budgets/daily', { body })
    expect(await ask({ window: 'day' })).toMatchObject({ status: 400, body: { code: 'PURSER_BAD_ARGUMENT' } })
    expect((await ask({ limit: 5, window: 'fortnight' })).status).toBe(400)
    expect((await ask({ limit: -5, window: 'day' })).status).toBe(400)
    expect((await ask({ limit: 5, window: 'day', colour: 'red' })).status).toBe(400)
    expect((await ask({ limit: 5, window: 'day', overrides: [{ match: { project: 'x' }, limit: { deep: 1 } }] })).status).toBe(400)
    expect((await server.ask('PATCH', '/budgets/none', { body: { limit: 5 } })).status).toBe(404)
    expect((await server.ask('GET', '/budgets/status?name=none')).status).toBe(404)
    expect((await server.ask('GET', '/budgets')).body).toEqual({ budgets: [] })
  })
})
