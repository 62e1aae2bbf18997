import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const profiles = { economy: { default: 'acme/local' }, quality: { default: 'acme/big', stages: { review: 'acme/half-known' } } }

async function started(): Promise<RunningServer> {
  return RunningServer.start({}, await openTemporaryLedger({ profiles, profile: 'economy' }))
}

describe('profiles over HTTP', () => {
  test('are listed with those in force', async () => {
    const server = await started()
    expect(await server.ask('GET', '/profiles')).toMatchObject({
      status: 200,
      body: {
        inForce: 'economy',
        by: 'configured',
        projects: {},
        profiles: [
          { name: 'economy' },
          { name: 'quality', choices: [{ stage: 'review', resolved: 'acme/half-known' }, { resolved: 'acme/big' }] },
        ],
      },
    })
  })

  test('are put into force, for all or for a project, and back', async () => {
    const server = await started()
    const put = (body: unknown) => server.ask('PUT', '/profiles/in-force', { body })
    expect(await put({ profile: 'quality', project: 'film' })).toMatchObject({
      status: 200,
      body: { project: 'film', before: 'economy', after: 'quality' },
    })
    expect(await server.ask('GET', '/profiles/in-force?project=film')).toMatchObject({ body: { profile: 'quality', by: 'project' } })
    expect(await server.ask('GET', '/profiles/in-force')).toMatchObject({ body: { project: null, profile: 'economy', by: 'configured' } })
    expect(await server.purser.profiles.model({ project: 'film' })).toMatchObject({ model: 'big' })
    expect(await put({ profile: null, project: 'film' })).toMatchObject({ body: { before: 'quality', after: 'economy' } })
    expect(await put({ profile: 'qualty' })).toMatchObject({ status: 404, body: { detail: expect.stringContaining('quality') as string } })
    for (const wrong of [{}, { profile: 7 }, { profile: 'quality', project: '' }, { profile: 'quality', colour: 'red' }]) {
      expect((await put(wrong)).status).toBe(400)
    }
  })

  test('are changed by an admin of the whole ledger, and tell a member of no project but their own', async () => {
    const server = await started()
    await server.purser.profiles.use('quality', { project: 'film' })
    await server.purser.profiles.use('quality', { project: 'secret' })
    const admin = await server.key('admin')
    const put = async (key: string) => (await server.ask('PUT', '/profiles/in-force', { key, body: { profile: 'quality' } })).status
    expect(await put(await server.key('member'))).toBe(403)
    expect(await put(await server.key('viewer'))).toBe(403)
    expect(await put(await server.key('admin', { team: 'film' }))).toBe(403)
    expect(await put(admin)).toBe(200)
    const projects = async (key: string) => ((await server.ask('GET', '/profiles', { key })).body as { projects: unknown }).projects
    expect(await projects(admin)).toEqual({ film: 'quality', secret: 'quality' })
    expect(await projects(await server.key('member', { user: '7' }))).toEqual({})
    expect(await projects(await server.key('member', { project: 'film' }))).toEqual({ film: 'quality' })
    expect((await server.ask('GET', '/profiles', { key: await server.key('ingest') })).status).toBe(403)
  })
})
