import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

/** The block of the agent platform's specification. */
const block = {
  limits: {
    global: { max_tokens_per_day: 1_000_000, max_cost_per_day: 50, max_cost_per_month: 500, max_concurrent_agents: 5 },
    per_project: { default: { max_cost_per_day: 20, max_cost_per_month: 200 } },
    per_agent: { default: { max_tokens_per_run: 100_000, max_cost_per_run: 5 } },
  },
  projects: { 'my-arpg': { limits: { max_cost_per_day: 30, max_cost_per_month: 300 } } },
}

describe('limits', () => {
  test('are put into force as budgets, and told as they were put', async () => {
    const server = await RunningServer.start()
    expect(await server.ask('PUT', '/limits', { body: block })).toMatchObject({ status: 200, body: block })
    expect((await server.ask('GET', '/limits')).body).toEqual(block)
    const budgets = await server.purser.budgets.list()
    expect(budgets.map(({ budget: { name, limit, onLimit } }) => [name, String(limit), onLimit]).toSorted()).toEqual([
      ['limits.global.max_concurrent_agents', '5', 'queue'],
      ['limits.global.max_cost_per_day', '50000000000', 'block-new-runs'],
      ['limits.global.max_cost_per_month', '500000000000', 'block-new-runs'],
      ['limits.global.max_tokens_per_day', '1000000', 'block-new-runs'],
      ['limits.per_agent.max_cost_per_run', '5000000000', 'terminate'],
      ['limits.per_agent.max_tokens_per_run', '100000', 'terminate'],
      ['limits.per_project.max_cost_per_day', '20000000000', 'block-new-runs'],
      ['limits.per_project.max_cost_per_month', '200000000000', 'block-new-runs'],
    ])
  })

  test('that are left out are gone, and other budgets and thresholds stay', async () => {
    const server = await RunningServer.start()
    await server.ask('PUT', '/limits', { body: block })
    await server.ask('PUT', '/budgets/own', { body: { limit: 1, window: 'day' } })
    await server.ask('PATCH', '/budgets/limits.global.max_cost_per_day', { body: { thresholds: [75] } })
    const less = { limits: { global: { max_cost_per_day: '40.50' } }, projects: { web: { limits: { max_cost_per_day: 2 } } } }
    expect((await server.ask('PUT', '/limits', { body: less })).body).toEqual({
      limits: { global: { max_cost_per_day: 40.5 }, per_project: { default: {} }, per_agent: { default: {} } },
      projects: { web: { limits: { max_cost_per_day: 2 } } },
    })
    expect((await server.ask('GET', '/budgets')).body).toMatchObject({
      budgets: [
        { name: 'limits.global.max_cost_per_day', limit: '40500000000', thresholds: [{ percent: 75 }] },
        { name: 'own' },
        { name: 'projects.web.limits.max_cost_per_day', limit: '2000000000' },
      ],
    })
    await server.ask('PUT', '/limits', { body: {} })
    expect((await server.ask('GET', '/budgets')).body).toMatchObject({ budgets: [{ name: 'own' }] })
  })

  test('are told with what is used of them', async () => {
    const server = await RunningServer.start()
    expect((await server.ask('GET', '/limits/status')).body).toEqual([])
    await server.ask('PUT', '/budgets/own', { body: { limit: 1, window: 'day' } })
    await server.ask('PUT', '/limits', { body: { limits: { global: { max_cost_per_day: 0.01, max_tokens_per_day: 2400 } } } })
    await server.ask('POST', '/charges', { body: call })
    // $0.0045 of $0.01, and 1,200 of 2,400 tokens.
    expect((await server.ask('GET', '/limits/status')).body).toMatchObject([
      { budget: 'limits.global.max_tokens_per_day', spent: '1200', share: 0.5 },
      { budget: 'limits.global.max_cost_per_day', spentUsd: 0.0045, limitUsd: 0.01, share: 0.45 },
    ])
  })

  test('of others are not told to a member, and changed by nobody but an admin', async () => {
    const server = await RunningServer.start()
    const admin = await server.key('admin')
    await server.ask('PUT', '/limits', { key: admin, body: block })
    const arpg = await server.key('member', { project: 'my-arpg' })
    const web = await server.key('member', { project: 'web' })
    const nothing = { global: {}, per_agent: { default: {} } }
    const defaults = { ...nothing, per_project: { default: { max_cost_per_day: 20, max_cost_per_month: 200 } } }
    expect((await server.ask('GET', '/limits', { key: arpg })).body).toEqual({ limits: defaults, projects: block.projects })
    expect((await server.ask('GET', '/limits', { key: web })).body).toEqual({ limits: defaults, projects: {} })
    await server.ask('POST', '/charges', { key: arpg, body: call })
    expect((await server.ask('GET', '/limits/status', { key: web })).body).toEqual([])
    for (const role of ['member', 'viewer', 'ingest'] as const) {
      const key = await server.key(role)
      expect((await server.ask('PUT', '/limits', { key, body: {} })).status).toBe(403)
    }
  })

  test('that cannot be are refused by their key, and none of the others is changed', async () => {
    const server = await RunningServer.start()
    await server.ask('PUT', '/limits', { body: { limits: { global: { max_cost_per_day: 50 } } } })
    const wrong = await server.ask('PUT', '/limits', { body: { limits: { global: { max_cost_per_day: 60, max_tokens_per_day: 'many' } } } })
    expect(wrong).toMatchObject({
      status: 400,
      body: { code: 'PURSER_BAD_ARGUMENT', detail: expect.stringContaining('limits.global.max_tokens_per_day') as string },
    })
    expect((await server.ask('PUT', '/limits', { body: { limits: { global: { max_cost: 60 } } } })).status).toBe(400)
    expect((await server.ask('PUT', '/limits', { body: { projects: { '': { limits: { max_cost_per_day: 1 } } } } })).status).toBe(400)
    expect(
      (await server.ask('PUT', '/limits', { body: '{"projects":{"__proto__":{"limits":{"max_cost_per_day":1}}}}' })).status,
    ).toBeLessThan(500)
    expect((await server.ask('GET', '/limits')).body).toMatchObject({ limits: { global: { max_cost_per_day: 50 } } })
  })
})
