import { describe, expect, test } from 'vitest'
import { pay } from '../runs/paid-call.ts'
import { RunningServer } from './running-server.ts'

async function withFilm(): Promise<RunningServer> {
  const server = await RunningServer.start()
  const { purser } = server
  await purser.run({ id: 'film-7', project: 'film', labels: { user: '7' }, estimate: '0.25', budget: '1.00' }, async (run) => {
    await run.stage('extract', () => pay(purser, '0.10'))
    await run.stage('review', () => pay(purser, '0.20'))
  })
  return server
}

describe('runs', () => {
  test('are listed, shown with their stages, summed and reported', async () => {
    const server = await withFilm()
    expect((await server.ask('GET', '/runs')).body).toMatchObject({
      runs: [{ run: 'film-7', project: 'film', state: 'completed', costUsd: 0.3, costNanos: '300000000' }],
      next: null,
    })
    expect((await server.ask('GET', '/runs/film-7')).body).toMatchObject({
      run: { run: 'film-7', state: 'completed', approval: null, estimate: { costUsd: 0.25, source: 'given' }, cap: { cost: '1000000000' } },
      stages: [
        { name: 'extract', state: 'completed', costUsd: 0.1 },
        { name: 'review', state: 'completed', costUsd: 0.2 },
      ],
    })
    // $0.30 spent of $0.25 foreseen is 20 % more.
    expect((await server.ask('GET', '/runs/film-7/summary?by=user')).body).toMatchObject({
      total_cost_usd: 0.3,
      by_stage: { extract: 0.1, review: 0.2 },
      by_label: { user: { '7': 0.3 } },
      variance: { variance_percent: 20 },
    })
    expect((await server.ask('GET', '/runs/film-7/report')).body).toMatchObject({ report: 'run', summary: { run_id: 'film-7' } })
    const markdown = await server.ask('GET', '/runs/film-7/report', { headers: { accept: 'text/markdown' } })
    expect(markdown.headers.get('content-type')).toContain('text/markdown')
    expect(markdown.body).toMatch(/^# .*film-7/)
  })

  test('are listed by project and state, page by page', async () => {
    const server = await RunningServer.start()
    for (const id of ['r1', 'r2', 'r3']) await server.purser.runs.plan({ id, project: id === 'r2' ? 'other' : 'film' })
    await server.purser.runs.stop('r1')
    const ids = async (query: string) => {
      const { runs, next } = (await server.ask('GET', `/runs?${query}`)).body as { runs: { run: string }[]; next: string | null }
      return [runs.map(({ run }) => run), next]
    }
    const [all] = await ids('')
    expect((all as string[]).toSorted()).toEqual(['r1', 'r2', 'r3'])
    const [first, next] = await ids('limit=2')
    const [rest, end] = await ids(`limit=2&cursor=${String(next)}`)
    expect([...(first as string[]), ...(rest as string[])]).toEqual(all)
    expect(end).toBeNull()
    expect(await ids('project=other')).toEqual([['r2'], null])
    expect(await ids('state=stopped,paused')).toEqual([['r1'], null])
    for (const query of ['state=lost', 'limit=0', 'cursor=none']) expect((await server.ask('GET', `/runs?${query}`)).status).toBe(400)
  })

  test('are paused, resumed, raised, stopped and ended', async () => {
    const server = await RunningServer.start()
    await server.purser.runs.plan({ id: 'r', budget: '5.00' })
    const post = async (what: string, body?: unknown) => server.ask('POST', `/runs/r/${what}`, body === undefined ? {} : { body })
    expect((await post('pause')).body).toMatchObject({ run: 'r', state: 'paused' })
    expect((await post('resume')).body).toMatchObject({ state: 'planned' })
    expect((await post('raise', { by: '2.50' })).body).toMatchObject({ cap: { cost: '7500000000' } })
    expect((await post('raise', { to: { cost: 9 } })).body).toMatchObject({ cap: { cost: '9000000000' } })
    expect((await post('raise', { by: 1, to: 2 })).status).toBe(400)
    expect((await post('raise', { by: 'much' })).status).toBe(400)
    expect((await post('stop')).body).toMatchObject({ state: 'stopped' })
    expect(await post('terminate')).toMatchObject({ status: 409, body: { code: 'PURSER_CONFLICT' } })
    expect((await server.ask('POST', '/runs/none/pause')).status).toBe(404)
    expect((await server.ask('GET', '/runs/none')).status).toBe(404)
    expect((await server.ask('GET', '/runs/none/summary')).status).toBe(404)
    expect((await server.ask('GET', '/runs/none/report')).status).toBe(404)
  })

  test('that are executed elsewhere are paused before their next stage', async () => {
    const server = await RunningServer.start()
    const { purser } = server
    const ended = await purser.run({ id: 'live' }, async (run) => {
      await run.stage('one', async () => {
        expect((await server.ask('POST', '/runs/live/pause')).body).toMatchObject({ state: 'running', wanted: 'pause' })
      })
      await run.stage('two', () => undefined)
    })
    expect(ended.state).toBe('paused')
  })
})

describe('a planned run', () => {
  test('waits until it is approved, with an estimate of its plan', async () => {
    const server = await RunningServer.start()
    // 40 × (3,000 × $0.15/M + 500 × $0.60/M) = 40 × $0.00075 = $0.03.
    const plan = { calls: [{ stage: 'extract', model: 'openai/gpt-4o-mini', calls: 40, input: 3000, output: 500 }] }
    const planned = await server.ask('PUT', '/runs/film-8', { body: { project: 'film', plan, budget: '1.00' } })
    expect(planned).toMatchObject({
      status: 201,
      body: {
        run: 'film-8',
        project: 'film',
        state: 'planned',
        approval: 'waiting',
        estimate: { source: 'plan', costUsd: 0.03, calls: 40 },
        cap: { cost: '1000000000' },
      },
    })
    const pipeline = () => server.purser.run({ id: 'film-8' }, () => 'cut')
    expect(await pipeline()).toMatchObject({ state: 'refused' })
    const changed = await server.ask('PATCH', '/runs/film-8', { body: { estimate: 2, budget: null } })
    expect(changed.body).toMatchObject({ approval: 'waiting', estimate: { costUsd: 2 }, cap: null })
    expect((await server.ask('POST', '/runs/film-8/approve')).body).toMatchObject({ approval: 'approved', state: 'planned' })
    expect(await pipeline()).toMatchObject({ state: 'completed', result: 'cut' })
    expect((await server.ask('PATCH', '/runs/film-8', { body: { estimate: 3 } })).status).toBe(409)
    expect((await server.ask('PUT', '/runs/film-8', { body: {} })).status).toBe(409)
  })

  test('is declined for good, with or without a reason', async () => {
    const server = await RunningServer.start()
    await server.ask('PUT', '/runs/a', { body: {} })
    await server.ask('PUT', '/runs/b', { body: {} })
    expect((await server.ask('POST', '/runs/a/decline')).body).toMatchObject({ state: 'stopped', approval: 'declined' })
    expect((await server.ask('POST', '/runs/b/decline', { body: { reason: 'too dear' } })).body).toMatchObject({
      message: 'It was declined: too dear',
    })
    expect((await server.ask('POST', '/runs/a/approve')).status).toBe(409)
    await expect(server.purser.run({ id: 'a' }, () => 1)).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })

  test('is refused where it cannot be', async () => {
    const server = await RunningServer.start()
    const put = async (body: unknown) => (await server.ask('PUT', '/runs/r', { body })).status
    expect(await put({ estimate: 'much' })).toBe(400)
    expect(await put({ plan: { calls: [{ colour: 'red' }] } })).toBe(400)
    expect(await put({ profile: 'none' })).toBe(404)
    expect(await put({ labels: { 'not a key': 'x' } })).toBe(400)
    expect(await put({ labels: { run: 'other' } })).toBeLessThan(500)
  })
})

describe('a member', () => {
  test('plans, sees and steers their own runs, and those of others are not there', async () => {
    const server = await withFilm()
    const ada = await server.key('member', { user: '7' })
    const bob = await server.key('member', { user: '8' })
    expect((await server.ask('PUT', '/runs/bobs', { key: bob, body: { estimate: 3 } })).body).toMatchObject({
      labels: { user: '8', run: 'bobs' },
    })
    expect((await server.ask('PUT', '/runs/stolen', { key: bob, body: { labels: { user: '7' } } })).status).toBe(403)
    expect((await server.ask('PUT', '/runs/bobs', { key: ada, body: {} })).status).toBe(403)
    expect((await server.ask('GET', '/runs', { key: ada })).body).toMatchObject({ runs: [{ run: 'film-7', costUsd: 0.3 }] })
    expect((await server.ask('GET', '/runs', { key: bob })).body).toMatchObject({ runs: [{ run: 'bobs', costUsd: 0 }] })
    for (const path of ['', '/summary', '/report']) {
      expect((await server.ask('GET', `/runs/film-7${path}`, { key: bob })).status).toBe(404)
    }
    for (const what of ['pause', 'resume', 'stop', 'terminate', 'approve', 'decline']) {
      expect((await server.ask('POST', `/runs/bobs/${what}`, { key: ada })).status).toBe(404)
    }
    expect((await server.ask('POST', '/runs/bobs/raise', { key: ada, body: { by: 1 } })).status).toBe(404)
    expect((await server.ask('PATCH', '/runs/bobs', { key: ada, body: { estimate: 1 } })).status).toBe(404)
    expect((await server.ask('POST', '/runs/bobs/approve', { key: bob })).body).toMatchObject({ approval: 'approved' })
  })

  test('of another role looks, or does neither', async () => {
    const server = await withFilm()
    const [viewer, ingest] = [await server.key('viewer'), await server.key('ingest')]
    expect((await server.ask('GET', '/runs/film-7', { key: viewer })).status).toBe(200)
    expect((await server.ask('POST', '/runs/film-7/stop', { key: viewer })).status).toBe(403)
    expect((await server.ask('PUT', '/runs/x', { key: viewer, body: {} })).status).toBe(403)
    for (const path of ['/runs', '/runs/film-7', '/runs/film-7/summary', '/runs/film-7/report']) {
      expect((await server.ask('GET', path, { key: ingest })).status).toBe(403)
    }
  })
})
