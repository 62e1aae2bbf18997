import { describe, expect, test } from 'vitest'
import { chargePageShape } from '../../src/json/usage-shapes.ts'
import type { CallRecord } from '../../src/ledger/parse-record.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const big = { provider: 'acme', model: 'big' } as const

interface Page {
  readonly charges: readonly { readonly id: string; readonly labels: Record<string, string> }[]
  readonly next: string | null
}

function call(id: string, at: string, inputTokens: number, labels: Record<string, string> = {}): CallRecord {
  return { ...big, id, at, usage: { inputTokens }, labels }
}

/** Four calls on three days, booked in another order than they were made in; a token costs 2 nanos. */
async function fourCalls(): Promise<RunningServer> {
  const server = await RunningServer.start()
  await server.purser.recordAll([
    call('c', '2026-02-03T10:00:00Z', 300, { agent: 'writer', project: 'film', user: '7', run: 'r1' }),
    call('a', '2026-02-01T10:00:00Z', 100, { agent: 'writer', project: 'film', user: '7', run: 'r1' }),
    call('b', '2026-02-01T11:00:00Z', 200, { agent: 'critic', project: 'film', user: '8' }),
    call('d', '2026-02-04T10:00:00Z', 400, { agent: 'critic', project: 'game', user: '8' }),
  ])
  return server
}

async function ids(server: RunningServer, query: string, key?: string): Promise<string[]> {
  const { body } = await server.ask('GET', `/usage?${query}`, key === undefined ? {} : { key })
  return (body as Page).charges.map(({ id }) => id)
}

/** All pages from the first to the last. */
async function everyPage(server: RunningServer, query: string, key?: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/usage?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`
    const { status, body } = await server.ask('GET', path, key === undefined ? {} : { key })
    expect(status).toBe(200)
    const page = body as Page
    pages.push(page.charges.map(({ id }) => id))
    cursor = page.next
  }
  return pages
}

describe('charges over HTTP', () => {
  test('come the newest first, the oldest first, or as they were booked, a page at a time', async () => {
    const server = await fourCalls()
    expect(await everyPage(server, 'limit=3')).toEqual([['d', 'c', 'b'], ['a']])
    expect(await everyPage(server, 'limit=2&order=oldest')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(await everyPage(server, 'limit=3&order=booked')).toEqual([['c', 'a', 'b'], ['d']])
    const { body } = await server.ask('GET', '/usage?limit=1&where=agent=writer')
    expect(chargePageShape.safeParse(body).error).toBeUndefined()
    // 300 × 2 nanos.
    expect(body).toMatchObject({ charges: [{ id: 'c', costNanos: '600', labels: { agent: 'writer' } }] })
  })

  test('are those that pass filters in a period', async () => {
    const server = await fourCalls()
    expect(await ids(server, 'where=project=film')).toEqual(['c', 'b', 'a'])
    expect(await ids(server, 'where=project=film&where=agent!=critic')).toEqual(['c', 'a'])
    expect(await ids(server, 'where=run=r1')).toEqual(['a', 'c'])
    expect(await everyPage(server, 'where=run=r1&limit=1')).toEqual([['a'], ['c']])
    expect(await ids(server, 'where=run=r1&until=2026-02-01')).toEqual(['a'])
    expect(await ids(server, 'since=2026-02-01&until=2026-02-03')).toEqual(['c', 'b', 'a'])
    expect(await ids(server, 'since=2026-02-02&order=booked')).toEqual(['c', 'd'])
    expect(await ids(server, 'where=model=gpt*')).toEqual([])
    // What is not there is no reason to end: two hours earlier it is still the first of February.
    expect(await ids(server, 'since=2026-02-01&until=2026-02-01&timezone=Asia/Kathmandu')).toEqual(['b', 'a'])
  })

  test('with a filter that few pass keep nobody waiting: a page ends early, and says where to go on', async () => {
    const server = await fourCalls()
    const at = Date.parse('2026-02-02T00:00:00Z')
    const many = Array.from({ length: 21_000 }, (_, n) => ({ ...big, id: `m${n}`, at: at + n, usage: { inputTokens: 1 } }))
    await server.purser.recordMany(many)
    // The 21,000 lie between b and c; no page looks at more than 20,000.
    expect(await everyPage(server, 'where=agent=writer')).toEqual([['c'], ['a']])
    expect(await everyPage(server, 'where=agent=critic&order=oldest&limit=1')).toEqual([['b'], ['d']])
  })

  test('that were booked meanwhile move no page', async () => {
    const server = await fourCalls()
    const first = (await server.ask('GET', '/usage?limit=2')).body as Page
    await server.purser.record(call('e', '2026-02-05T10:00:00Z', 1))
    expect(await ids(server, `limit=2&cursor=${first.next}`)).toEqual(['b', 'a'])
  })

  test('are shown to a member where they are their own', async () => {
    const server = await fourCalls()
    const key = await server.key('member', { user: '7' })
    expect(await ids(server, '', key)).toEqual(['c', 'a'])
    expect(await ids(server, 'where=user=8', key)).toEqual([])
    expect(await everyPage(server, 'limit=1', key)).toEqual([['c'], ['a']])
    expect((await server.ask('GET', '/usage', { key: await server.key('ingest') })).status).toBe(403)
    expect((await server.ask('GET', '/usage')).status).toBe(401)
  })

  test.each([
    ['limit=0', 'querystring.limit'],
    ['limit=1001', 'querystring.limit'],
    ['limit=many', 'querystring.limit'],
    ['order=sideways', 'querystring.order'],
    ['colour=red', 'querystring'],
    ['cursor=nonsense', 'none that a page gave'],
    [`cursor=${Buffer.from('oldest.1.1').toString('base64url')}`, 'in the order "oldest"'],
    ['where=film', 'is no filter'],
    ['where=day=2026-02-01', 'cannot be filtered by day'],
    ['period=fortnight', '"fortnight" is no period'],
    ['since=soon', '"soon" is no date'],
    ['until=9999-12-31', 'years from 0000 to 9999'],
    ['timezone=Mars/Olympus', 'is no time zone'],
    ['period=month&since=2026-02-01', 'has either'],
  ])('refuse %s', async (query, message) => {
    const server = await RunningServer.start()
    const { status, body } = await server.ask('GET', `/usage?${query}`)
    expect([status, (body as { detail: string }).detail]).toEqual([400, expect.stringContaining(message)])
  })
})

describe('usage over HTTP', () => {
  test('in sum, with the budget of which most is spent', async () => {
    const server = await fourCalls()
    const { purser } = server
    // Of 4000 nanos 2000 are spent, which is half; of 2500 by the film 1200, which is less.
    await purser.budgets.set('all', { limit: '0.000004', window: 'total' })
    await purser.budgets.set('film', { limit: '0.0000025', window: 'total', where: 'project=film' })
    await purser.record({ ...big, model: 'nobody-knows', id: 'u', at: '2026-02-01T12:00:00Z', usage: { inputTokens: 5 } })
    // (100 + 200 + 300 + 400) × 2 nanos.
    expect(await server.ask('GET', '/usage/summary?period=all')).toMatchObject({
      status: 200,
      body: {
        period: { name: 'all', since: null, until: null, timezone: 'UTC' },
        total: { calls: 5, costNanos: '2000', totalTokens: 1005, unpricedCalls: 1, isLowerBound: true, runs: 1 },
        budget: { budget: 'all', spent: '2000', limit: '4000', share: 0.5 },
      },
    })
    expect(await server.ask('GET', '/usage/summary')).toMatchObject({ body: { period: { name: 'month' }, total: { calls: 0 } } })
    expect(await server.ask('GET', '/usage/summary?period=day')).toMatchObject({ status: 200, body: { period: { name: 'today' } } })
    const film = await server.ask('GET', '/usage/summary?since=2026-02-01&until=2026-02-02&where=project=film')
    expect(film).toMatchObject({ body: { total: { calls: 2, costNanos: '600' } } })
  })

  test('in sum tells a member nothing of a budget that others share, nor of what they spend', async () => {
    const server = await fourCalls()
    await server.purser.budgets.set('all', { limit: '0.000004', window: 'total' })
    const key = await server.key('member', { user: '7' })
    const { body } = await server.ask('GET', '/usage/summary?period=all', { key })
    // (100 + 300) × 2 nanos.
    expect(body).toMatchObject({ total: { calls: 2, costNanos: '800' }, budget: null })
    await server.purser.budgets.set('each', { limit: '0.000001', window: 'total', each: ['user'] })
    const own = await server.ask('GET', '/usage/summary?period=all', { key })
    expect(own.body).toMatchObject({ budget: { budget: 'each', scope: { user: '7' }, spent: '800', share: 0.8 } })
    expect(JSON.stringify(own.body)).not.toContain('"8"')
  })

  test('by agent, project, model or any label', async () => {
    const server = await fourCalls()
    const rows = async (path: string, key?: string) =>
      ((await server.ask('GET', path, key === undefined ? {} : { key })).body as { rows: Record<string, unknown>[] }).rows
    expect(await rows('/usage/by-agent?period=all')).toMatchObject([
      { agent: 'critic', costNanos: '1200', calls: 2 },
      { agent: 'writer', costNanos: '800', calls: 2, runs: 1 },
    ])
    expect(await rows('/usage/by-project?since=2026-02-03')).toMatchObject([
      { project: 'game', costNanos: '800' },
      { project: 'film', costNanos: '600' },
    ])
    expect(await rows('/usage/by-model?period=all')).toMatchObject([{ model: 'big', costNanos: '2000' }])
    expect(await rows('/usage/by-run?period=all')).toMatchObject([
      { run: null, costNanos: '1200' },
      { run: 'r1', costNanos: '800' },
    ])
    const { body } = await server.ask('GET', '/usage/by-agent?period=all&limit=1')
    expect(body).toMatchObject({ rows: [{ agent: 'critic' }], others: { rows: 1, costNanos: '800' }, total: { costNanos: '2000' } })
    for (const name of ['calls', 'costUsd', '%00', '..', 'a%20b']) {
      expect((await server.ask('GET', `/usage/by-${name}?period=all`)).status).toBe(400)
    }
    expect(await rows('/usage/by-user?period=all', await server.key('viewer', { user: '7' }))).toMatchObject([{ user: '7', calls: 2 }])
  })

  test('by day, from the first to the last, also where nothing was spent', async () => {
    const server = await fourCalls()
    const daily = await server.ask('GET', '/usage/daily?start=2026-01-31&end=2026-02-03')
    expect(daily).toMatchObject({
      status: 200,
      body: {
        days: [
          { date: '2026-01-31', calls: 0, costNanos: '0' },
          { date: '2026-02-01', calls: 2, costNanos: '600' },
          { date: '2026-02-02', calls: 0, costNanos: '0' },
          { date: '2026-02-03', calls: 1, costNanos: '600' },
        ],
        total: { calls: 3, costNanos: '1200' },
      },
    })
    expect((daily.body as { days: unknown[] }).days).toHaveLength(4)
    const february = await server.ask('GET', '/usage/daily?start=2028-02-01&end=2028-02-29')
    expect((february.body as { days: unknown[] }).days).toHaveLength(29)
    const now = (await server.ask('GET', '/usage/daily')).body as { days: { date: string }[] }
    expect([now.days.length, now.days.at(-1)?.date]).toEqual([30, new Date().toISOString().slice(0, 10)])
    // In Auckland the calls of 11:00 in UTC are those of the day after begins: midnight there.
    const auckland = await server.ask('GET', '/usage/daily?start=2026-02-01&end=2026-02-02&timezone=Pacific/Auckland')
    expect(auckland).toMatchObject({
      body: {
        days: [
          { date: '2026-02-01', calls: 1 },
          { date: '2026-02-02', calls: 1 },
        ],
      },
    })
    const own = await server.ask('GET', '/usage/daily?start=2026-02-01&end=2026-02-01', { key: await server.key('member', { user: '8' }) })
    expect(own).toMatchObject({ body: { days: [{ calls: 1, costNanos: '400' }] } })
  })

  test.each([
    'end=9999-12-31',
    'start=2026-02-30',
    'end=soon',
    'start=2026-02-03&end=2026-02-01',
    'start=1990-01-01&end=2026-01-01',
    'timezone=Mars/Olympus',
  ])('by day refuses %s', async (query) => {
    const server = await RunningServer.start()
    expect((await server.ask('GET', `/usage/daily?${query}`)).status).toBe(400)
  })
})

describe('answers', () => {
  test('that are large come gzipped, and one that did not change is not sent again', async () => {
    const purser = await openTemporaryLedger()
    await purser.recordAll(Array.from({ length: 100 }, (_, n) => call(`c${n}`, '2026-02-01T10:00:00Z', 1)))
    const server = await RunningServer.start({}, purser)
    const zipped = await server.ask('GET', '/usage', { headers: { 'accept-encoding': 'gzip' } })
    expect([zipped.status, zipped.headers.get('content-encoding')]).toEqual([200, 'gzip'])
    expect((zipped.body as Page).charges).toHaveLength(100)
    const plain = await server.ask('GET', '/usage', { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    const etag = plain.headers.get('etag') ?? ''
    expect(etag).not.toBe('')
    const again = await server.ask('GET', '/usage', { headers: { 'if-none-match': etag, 'accept-encoding': 'identity' } })
    expect([again.status, again.body]).toEqual([304, ''])
    await purser.record(call('new', '2026-02-01T10:00:00Z', 1))
    expect((await server.ask('GET', '/usage', { headers: { 'if-none-match': etag } })).status).toBe(200)
  })

  test('on what nothing computes yet are empty, and say so', async () => {
    const server = await RunningServer.start()
    expect(await server.ask('GET', '/insights')).toMatchObject({
      status: 200,
      body: { insights: [], message: expect.stringContaining('computes no insights') as string },
    })
    expect(await server.ask('GET', '/alerts')).toMatchObject({
      status: 200,
      body: { alerts: [], message: expect.stringContaining('keeps no alerts') as string },
    })
    await server.key('admin')
    const key = await server.key('ingest')
    expect([(await server.ask('GET', '/insights', { key })).status, (await server.ask('GET', '/alerts', { key })).status]).toEqual([
      403, 403,
    ])
  })
})
