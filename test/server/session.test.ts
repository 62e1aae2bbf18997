import { describe, expect, test } from 'vitest'
import { RunningServer } from './running-server.ts'

function cookieOf(headers: Headers): string {
  return (headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

const fromHere = { 'sec-fetch-site': 'same-origin' }

describe('a browser', () => {
  test('signs in with a key, is known by a cookie that scripts and other sites cannot use, and signs out', async () => {
    const server = await RunningServer.start()
    const key = await server.key('member', { user: '7' })
    const signedIn = await server.ask('POST', '/session', { body: { key } })
    expect(signedIn).toMatchObject({
      status: 201,
      body: { name: 'key:member of the test', role: 'member', labels: { user: '7' }, member: null, rights: ['enter', 'see', 'book'] },
    })
    const attributes = (signedIn.headers.get('set-cookie') ?? '').split('; ').slice(1)
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Strict'])
    const cookie = cookieOf(signedIn.headers)
    expect(cookie).not.toContain(key)
    expect(await server.ask('GET', '/session', { headers: { cookie } })).toMatchObject({ status: 200, body: { labels: { user: '7' } } })
    const out = await server.ask('DELETE', '/session', { headers: { cookie, ...fromHere } })
    expect(out.status).toBe(204)
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await server.ask('GET', '/session', { headers: { cookie } })).status).toBe(401)
  })

  test('gets a cookie for https alone where it came by https', async () => {
    const server = await RunningServer.start()
    const key = await server.key('viewer')
    const signedIn = await server.ask('POST', '/session', { body: { key }, headers: { 'x-forwarded-proto': 'https' } })
    expect(signedIn.headers.get('set-cookie')).toContain('; Secure')
  })

  test('is signed out once its key is revoked, and may leave all the same', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    const { key, text } = await server.purser.access.keys.create({ name: 'laptop', role: 'viewer' })
    const cookie = cookieOf((await server.ask('POST', '/session', { body: { key: text } })).headers)
    expect((await server.ask('GET', '/costs', { headers: { cookie } })).status).toBe(200)
    await server.purser.access.keys.revoke(key.id)
    expect((await server.ask('GET', '/costs', { headers: { cookie } })).status).toBe(401)
    expect((await server.ask('DELETE', '/session', { headers: { cookie } })).status).toBe(204)
  })

  test('changes nothing in the name of another site', async () => {
    const server = await RunningServer.start()
    const key = await server.key('admin')
    const cookie = cookieOf((await server.ask('POST', '/session', { body: { key } })).headers)
    const budget = { limit: 5, window: 'day' }
    const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
    expect((await server.ask('PUT', '/budgets/daily', { body: budget, headers: foreign })).status).toBe(403)
    expect((await server.ask('PUT', '/budgets/daily', { body: budget, headers: { cookie } })).status).toBe(403)
    expect((await server.ask('PUT', '/budgets/daily', { body: budget, headers: { cookie, ...fromHere } })).status).toBe(201)
  })

  test('is not let in by what is no key', async () => {
    const server = await RunningServer.start()
    await server.key('admin')
    for (const key of ['nonsense', `purser_000000000000_${'A'.repeat(43)}`]) {
      const refused = await server.ask('POST', '/session', { body: { key } })
      expect(refused).toMatchObject({ status: 401, body: { code: 'PURSER_UNAUTHENTICATED' } })
      expect(refused.headers.get('set-cookie')).toBeNull()
    }
    expect((await server.ask('POST', '/session', { body: { key: 7 } })).status).toBe(400)
    expect((await server.ask('POST', '/session', { body: 'key=x', headers: { 'content-type': 'text/plain' } })).status).toBe(400)
  })
})

test('every role is told who it is, and the owner of a server without keys too', async () => {
  const server = await RunningServer.start()
  expect((await server.ask('GET', '/session')).body).toMatchObject({ name: 'owner', role: 'admin' })
  const ingest = await server.key('ingest')
  expect((await server.ask('GET', '/session', { key: ingest })).body).toMatchObject({ role: 'ingest', rights: ['enter', 'book'] })
})
