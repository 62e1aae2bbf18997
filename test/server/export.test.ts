import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const big = { provider: 'acme', model: 'big' } as const

async function calls(): Promise<RunningServer> {
  const server = await RunningServer.start()
  await server.purser.recordAll([
    { ...big, id: 'a', at: '2026-02-01T10:00:00Z', usage: { inputTokens: 100 }, labels: { user: '7', note: 'a,"b"' } },
    { ...big, id: 'b', at: '2026-02-02T10:00:00Z', usage: { outputTokens: 10 }, labels: { user: '8' } },
  ])
  return server
}

function rowsOf(body: unknown): Record<string, unknown>[] {
  return String(body)
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The body as it came, which the ordinary client takes for JSON where its type says so. */
async function textOf(server: RunningServer, query: string, key?: string): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`${server.url}/api/v1/export?${query}`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

describe('an export over HTTP', () => {
  test('is JSON lines, or CSV with a column for each label and meter', async () => {
    const server = await calls()
    const lines = await textOf(server, '')
    expect([lines.status, lines.type]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    expect(rowsOf(lines.text)).toMatchObject([
      { id: 'a', costNanos: '200' },
      { id: 'b', costNanos: '100' },
    ])
    const csv = await textOf(server, 'format=csv&since=2026-02-01&until=2026-02-01')
    const [header, row, end] = csv.text.split('\n')
    expect([csv.type, header?.includes('label.note'), end]).toEqual(['text/csv; charset=utf-8', true, ''])
    expect(row).toContain('"a,""b"""')
  })

  test('has one row for each call as it stands, or each booking', async () => {
    const purser = await openTemporaryLedger()
    await purser.record({ ...big, model: 'mystery', id: 'm', at: '2026-02-01T10:00:00Z', usage: { inputTokens: 10 } })
    const card = { provider: 'acme', model: 'mystery', rates: [{ meter: 'inputTokens', usd: '0.000000007', per: 1 }] } as const
    await purser.refreshCatalog([{ ...card, source: 'https://acme.example', checkedAt: '2026-01-01' }], 'test')
    await purser.reprice({ apply: true })
    const server = await RunningServer.start({}, purser)
    // 10 × 7 nanos.
    expect(rowsOf((await textOf(server, '')).text)).toMatchObject([{ id: 'm', costNanos: '70' }])
    expect(rowsOf((await textOf(server, 'corrections=true')).text)).toMatchObject([
      { id: 'm', costNanos: null },
      { corrects: 'm', costNanos: '70' },
    ])
  })

  test('holds a member’s own calls, and no names of others', async () => {
    const server = await calls()
    const key = await server.key('member', { user: '8' })
    expect(rowsOf((await textOf(server, '', key)).text)).toMatchObject([{ id: 'b' }])
    expect((await textOf(server, 'format=csv', key)).text).not.toContain('label.note')
    expect((await textOf(server, '', await server.key('ingest'))).status).toBe(403)
    expect((await textOf(server, '')).status).toBe(401)
  })

  test.each([
    ['format=xlsx', 400],
    ['since=soon', 400],
    ['corrections=perhaps', 400],
    ['batch=imp_nothing', 404],
    ['output=/etc/passwd', 400],
  ])('refuses %s', async (query, status) => {
    const server = await RunningServer.start()
    expect((await textOf(server, query)).status).toBe(status)
  })

  test('of nothing is empty', async () => {
    const server = await RunningServer.start()
    expect(await textOf(server, '')).toMatchObject({ status: 200, text: '' })
  })

  test('may be left in the middle, and the server goes on', async () => {
    const server = await RunningServer.start()
    await server.purser.recordMany(Array.from({ length: 20_000 }, (_, n) => ({ ...big, id: `c${n}`, usage: { inputTokens: 1 } })))
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.write('GET /api/v1/export HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    expect(rowsOf((await textOf(server, '')).text)).toHaveLength(20_000)
  })
})
