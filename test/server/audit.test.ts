import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

interface Page {
  readonly entries: readonly { readonly seq: number; readonly kind: string; readonly what: string; readonly author: string }[]
  readonly next: string | null
}

async function changed(): Promise<{ server: RunningServer; key: string }> {
  const server = await RunningServer.start()
  const key = await server.key('admin')
  await server.ask('PUT', '/members/7', { key, body: { name: 'Ada' } })
  await server.ask('PUT', '/budgets/daily', { key, body: { limit: 5, window: 'day' } })
  await server.ask('PATCH', '/budgets/daily', { key, body: { limit: 6 } })
  await server.ask('PUT', '/runs/film-7', { key, body: { estimate: '4.00' } })
  await server.ask('POST', '/runs/film-7/approve', { key })
  await server.ask('DELETE', '/budgets/daily', { key })
  return { server, key }
}

const author = 'api:key:admin of the test'

describe('the log of changes', () => {
  test('says who changed what, and what was before and after', async () => {
    const { server, key } = await changed()
    const { entries, next } = (await server.ask('GET', '/audit', { key })).body as Page
    expect(next).toBeNull()
    expect(entries.map(({ kind, what, author: by }) => [kind, what, by]).slice(1)).toEqual([
      ['member.changed', '7', author],
      ['budget.changed', 'daily', author],
      ['budget.changed', 'daily', author],
      ['run.planned', 'film-7', author],
      ['run.approved', 'film-7', author],
      ['budget.changed', 'daily', author],
    ])
    expect(entries[0]).toMatchObject({ kind: 'key.created', before: null, after: { role: 'admin' } })
    // $5 and $6 in nanos.
    expect(entries[3]).toMatchObject({ before: { limit: '5000000000' }, after: { limit: '6000000000' } })
    expect(entries[5]).toMatchObject({ before: { approval: 'waiting', estimateNanos: '4000000000' }, after: { approval: 'approved' } })
    expect(entries[6]).toMatchObject({ before: { limit: '6000000000' }, after: null })
    expect(JSON.stringify(entries)).not.toMatch(/secretHash/)
  })

  test('is read page by page, from a day to a day, and as lines', async () => {
    const { server, key } = await changed()
    const seen: number[] = []
    let cursor = ''
    for (;;) {
      const { entries, next } = (await server.ask('GET', `/audit?limit=3${cursor}`, { key })).body as Page
      expect(entries.length).toBeLessThanOrEqual(3)
      seen.push(...entries.map(({ seq }) => seq))
      if (next === null) break
      cursor = `&cursor=${next}`
    }
    const lines = await server.ask('GET', '/audit', { key, headers: { accept: 'application/x-ndjson' } })
    expect(lines.headers.get('content-type')).toContain('application/x-ndjson')
    const read = String(lines.body)
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq)
    expect(read).toHaveLength(7)
    expect(seen).toEqual(read)
    expect((await server.ask('GET', '/audit?until=2020-01-01', { key })).body).toEqual({ entries: [], next: null })
    expect((await server.ask('GET', '/audit?since=2020-01-01', { key })).body).toMatchObject({ entries: { length: 7 } })
    expect((await server.ask('GET', '/audit?since=soon', { key })).status).toBe(400)
    expect((await server.ask('GET', '/audit?cursor=-1', { key })).status).toBe(400)
  })

  test('holds prices, profiles, estimates and imports too, whoever changed them', async () => {
    const server = await RunningServer.start({}, await openTemporaryLedger({ profiles: { draft: { default: 'acme/big' } } }))
    const { purser } = server
    await server.ask('PUT', '/profiles/in-force', { body: { profile: 'draft' } })
    await purser.refreshCatalog([], 'reset', 'cli:ada')
    await purser.estimates.save('film-9', await purser.estimate({ calls: [{ model: 'acme/big', calls: 1, input: 10 }] }), {
      author: 'cli:ada',
    })
    const { entries } = (await server.ask('GET', '/audit')).body as Page
    expect(entries).toMatchObject([
      { kind: 'profile.changed', author: 'api:owner', before: null, after: 'draft' },
      { kind: 'catalog.updated', what: 'reset', author: 'cli:ada' },
      { kind: 'run.estimated', what: 'film-9', author: 'cli:ada', before: null, after: { state: 'planned' } },
    ])
  })

  test('is for those who manage, and of a part of the ledger only about that', async () => {
    const { server } = await changed()
    for (const role of ['member', 'viewer', 'ingest'] as const) {
      expect((await server.ask('GET', '/audit', { key: await server.key(role) })).status).toBe(403)
    }
    const part = await server.key('admin', { project: 'atlas' })
    await server.purser.runs.plan({ id: 'atlas-1', project: 'atlas' }, { waits: true, author: 'ada' })
    await server.ask('POST', '/runs/atlas-1/decline', { key: part, body: { reason: 'no' } })
    const { entries } = (await server.ask('GET', '/audit', { key: part })).body as Page
    expect(entries.map(({ kind, what }) => [kind, what])).toEqual([
      ['run.planned', 'atlas-1'],
      ['run.declined', 'atlas-1'],
    ])
  })
})
