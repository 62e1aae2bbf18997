import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

const big = { provider: 'acme', model: 'big' } as const

/** A film of two runs, a game of none; a token costs 2 nanos. */
async function projects(): Promise<RunningServer> {
  const server = await RunningServer.start()
  await server.purser.recordAll([
    { ...big, at: '2026-02-01T10:00:00Z', usage: { inputTokens: 100 }, labels: { project: 'film', run: 'r1', stage: 'write', user: '7' } },
    { ...big, at: '2026-02-02T10:00:00Z', usage: { inputTokens: 300 }, labels: { project: 'film', run: 'r2', ticket: 'T/1', user: '8' } },
    { ...big, at: '2026-02-03T10:00:00Z', usage: { inputTokens: 50 }, labels: { project: 'game', user: '7' } },
  ])
  return server
}

describe('what a project cost over HTTP', () => {
  test('is told run by run', async () => {
    const server = await projects()
    expect(await server.ask('GET', '/projects/film/summary')).toMatchObject({
      status: 200,
      body: {
        label: 'project',
        value: 'film',
        // (100 + 300) × 2 nanos, in two runs.
        total_cost_nanos: '800',
        calls: 2,
        run_count: 2,
        average_per_run_nanos: '400',
        runs: [
          { run_id: 'r1', cost_nanos: '200', cumulative_nanos: '200' },
          { run_id: 'r2', cost_nanos: '600', cumulative_nanos: '800' },
        ],
      },
    })
    expect(await server.ask('GET', '/projects/nobody/summary')).toMatchObject({
      status: 200,
      body: { total_cost_nanos: '0', calls: 0, runs: [] },
    })
  })

  test('is told of tickets, users and any other label too', async () => {
    const server = await projects()
    const of = async (kind: string, value: string) => server.ask('GET', `/subjects/${kind}/${encodeURIComponent(value)}/summary`)
    expect(await of('ticket', 'T/1')).toMatchObject({ status: 200, body: { label: 'ticket', value: 'T/1', total_cost_nanos: '600' } })
    expect(await of('user', '7')).toMatchObject({ status: 200, body: { total_cost_nanos: '300', run_count: 1 } })
    expect(await of('run', 'r2')).toMatchObject({ status: 200, body: { total_cost_nanos: '600' } })
    expect(await of('stage', 'write')).toMatchObject({ status: 200, body: { total_cost_nanos: '200' } })
    for (const kind of ['day', 'meter', 'costUsd', 'a b']) expect((await of(kind, 'x')).status).toBe(400)
  })

  test('shows a member what is theirs of it', async () => {
    const server = await projects()
    const key = await server.key('member', { user: '8' })
    expect(await server.ask('GET', '/projects/film/summary', { key })).toMatchObject({
      body: { total_cost_nanos: '600', run_count: 1, runs: [{ run_id: 'r2' }] },
    })
    expect(await server.ask('GET', '/subjects/user/7/summary', { key })).toMatchObject({ body: { total_cost_nanos: '0', runs: [] } })
    const ingest = await server.key('ingest')
    expect((await server.ask('GET', '/projects/film/summary', { key: ingest })).status).toBe(403)
    expect((await server.ask('GET', '/subjects/user/7/summary')).status).toBe(401)
  })
})
