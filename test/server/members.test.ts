import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

interface NewKey {
  readonly key: { readonly id: string }
  readonly text: string
}

describe('members', () => {
  test('are added, changed, listed and taken away by an admin', async () => {
    const server = await RunningServer.start()
    const key = await server.key('admin')
    const added = await server.ask('PUT', '/members/7', { key, body: { name: 'Ada', notificationEmail: 'ada@example.com' } })
    expect(added).toMatchObject({
      status: 200,
      body: { id: '7', name: 'Ada', role: 'member', labels: { user: '7' }, notificationEmail: 'ada@example.com' },
    })
    expect((await server.ask('PUT', '/members/7', { key, body: { role: 'viewer' } })).body).toMatchObject({ name: 'Ada', role: 'viewer' })
    expect((await server.ask('GET', '/members', { key })).body).toMatchObject([{ id: '7' }])
    expect((await server.ask('GET', '/members/7', { key })).body).toMatchObject({ id: '7' })
    expect((await server.ask('DELETE', '/members/7', { key })).status).toBe(200)
    expect(await server.ask('GET', '/members/7', { key })).toMatchObject({ status: 404, body: { code: 'PURSER_NOT_FOUND' } })
  })

  test('know themselves, and nobody else', async () => {
    const server = await RunningServer.start()
    const admin = await server.key('admin')
    await server.purser.access.members.set('7', { name: 'Ada', notificationEmail: 'ada@example.com' })
    await server.purser.access.members.set('8', { name: 'Bob' })
    const { text: key } = await server.purser.access.keys.create({ name: 'ada', member: '7' })
    expect((await server.ask('GET', '/members/me', { key })).body).toMatchObject({ id: '7', notificationEmail: 'ada@example.com' })
    for (const [method, path] of [
      ['GET', '/members'],
      ['GET', '/members/8'],
      ['DELETE', '/members/8'],
      ['GET', '/keys'],
      ['GET', '/audit'],
    ] as const) {
      expect((await server.ask(method, path, { key })).status).toBe(403)
    }
    expect((await server.ask('PUT', '/members/7', { key, body: { role: 'admin' } })).status).toBe(403)
    expect(await server.ask('GET', '/members/me', { key: admin })).toMatchObject({ status: 404 })
  })

  test('are refused where they cannot be', async () => {
    const server = await RunningServer.start()
    expect((await server.ask('PUT', '/members/7', { body: { role: 'king' } })).status).toBe(400)
    expect((await server.ask('PUT', '/members/7', { body: { notificationEmail: 'nowhere' } })).status).toBe(400)
    expect((await server.ask('PUT', '/members/7', { body: { secret: 1 } })).status).toBe(400)
    expect((await server.ask('PUT', '/members/me', { body: {} })).status).toBe(400)
    expect((await server.ask('DELETE', '/members/9')).status).toBe(404)
  })
})

describe('keys', () => {
  test('tell their text once, open what they are for, and are rotated and revoked', async () => {
    const server = await RunningServer.start()
    const admin = await server.key('admin')
    const made = await server.ask('POST', '/keys', { key: admin, body: { name: 'ci', role: 'viewer', labels: { project: 'atlas' } } })
    expect(made).toMatchObject({
      status: 201,
      body: { key: { name: 'ci', role: 'viewer', labels: { project: 'atlas' }, revokedAt: null } },
    })
    expect(made.headers.get('cache-control')).toBe('no-store')
    const { key, text } = made.body as NewKey
    expect((await server.ask('GET', '/costs', { key: text })).status).toBe(200)
    const listed = JSON.stringify((await server.ask('GET', '/keys', { key: admin })).body)
    expect(listed).toContain(key.id)
    expect(listed).not.toMatch(/secret|hash/i)
    expect(listed).not.toContain(text.split('_')[2] ?? 'missing')
    const rotated = (await server.ask('POST', `/keys/${key.id}/rotate`, { key: admin })).body as NewKey
    expect((await server.ask('GET', '/costs', { key: text })).status).toBe(401)
    expect((await server.ask('GET', '/costs', { key: rotated.text })).status).toBe(200)
    expect((await server.ask('DELETE', `/keys/${rotated.key.id}`, { key: admin })).body).toMatchObject({
      revokedAt: expect.any(String) as string,
    })
    expect((await server.ask('GET', '/costs', { key: rotated.text })).status).toBe(401)
  })

  test('are made by nobody who sees a part of the ledger, so that no key opens more than its maker’s', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    const part = await server.key('admin', { project: 'atlas' })
    expect(await server.ask('POST', '/keys', { key: part, body: { name: 'all', role: 'admin' } })).toMatchObject({
      status: 403,
      body: { code: 'PURSER_FORBIDDEN' },
    })
    expect((await server.ask('GET', '/keys', { key: part })).body).toEqual([])
    for (const role of ['member', 'viewer', 'ingest'] as const) {
      const key = await server.key(role)
      expect((await server.ask('POST', '/keys', { key, body: { name: 'x', role: 'admin' } })).status).toBe(403)
    }
  })

  test('are refused where they cannot be', async () => {
    const server = await RunningServer.start()
    expect((await server.ask('POST', '/keys', { body: { role: 'viewer' } })).status).toBe(400)
    expect((await server.ask('POST', '/keys', { body: { name: 'x', labels: { run: 'r' } } })).status).toBe(400)
    expect((await server.ask('POST', '/keys', { body: { name: 'x', member: '9' } })).status).toBe(404)
    expect((await server.ask('DELETE', '/keys/000000000000')).status).toBe(404)
  })
})
