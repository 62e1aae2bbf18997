import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const call = { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } }

async function metricsOf(server: RunningServer, key?: string): Promise<string> {
  const { status, body, headers } = await server.ask('GET', '/metrics', key === undefined ? {} : { key })
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  return body as string
}

describe('the metrics', () => {
  test('tell Prometheus what was booked, held and spent, and how requests go', async () => {
    const server = await RunningServer.start()
    await server.purser.budgets.set('daily', { limit: '5', window: 'day' })
    await server.purser.record({ ...call, labels: { project: 'atlas' } })
    await server.purser.holds.reserve({ id: 'h1', amount: { cost: '1.25' }, labels: { project: 'atlas' } })
    expect((await server.ask('GET', '/costs?sort=colour')).status).toBe(400)
    const text = await metricsOf(server)
    // 1,000 × $2.50/M + 200 × $10/M = $0.0045.
    for (const line of [
      'purser_calls_total{project="atlas",model="gpt-4o"} 1',
      'purser_unpriced_calls_total{project="atlas",model="gpt-4o"} 0',
      'purser_cost_usd{project="atlas",model="gpt-4o"} 0.0045',
      'purser_holds{state="open"} 1',
      'purser_budget_limit{budget="daily",metric="cost",scope=""} 5',
      'purser_budget_spent{budget="daily",metric="cost",scope=""} 0.0045',
      'purser_budget_held{budget="daily",metric="cost",scope=""} 1.25',
      'purser_http_request_duration_seconds_count{method="GET",route="/api/v1/costs",status="400"} 1',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    expect(text).toContain('process_resident_memory_bytes')
  })

  test('show a member their own, and nothing of the process', async () => {
    const server = await RunningServer.start()
    const ada = await server.key('member', { user: '7' })
    await server.purser.budgets.set('all', { limit: '5', window: 'day' })
    await server.purser.budgets.set('each', { limit: '1', window: 'day', each: ['user'] })
    await server.purser.recordAll([
      { ...call, labels: { user: '7', project: 'atlas' } },
      { ...call, labels: { user: '8', project: 'secret' } },
    ])
    await server.purser.holds.reserve({ amount: { cost: '0.5' }, labels: { user: '8' } })
    const text = await metricsOf(server, ada)
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'purser_calls_total{project="atlas",model="gpt-4o"} 1',
        'purser_holds{state="open"} 0',
        'purser_budget_spent{budget="each",metric="cost",scope="user=7"} 0.0045',
      ]),
    )
    expect(text).not.toMatch(/secret|user=8|budget="all"|process_|purser_http/)
  })

  test('are refused to who may not see', async () => {
    const server = await RunningServer.start()
    const ingest = await server.key('ingest')
    expect((await server.ask('GET', '/metrics', { key: ingest })).status).toBe(403)
    expect((await server.ask('GET', '/metrics')).status).toBe(401)
  })
})
