import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const profiles = { economy: { default: 'acme/local' }, quality: { default: 'acme/big' } }
const plan = {
  counts: { scenes: 40 },
  calls: [
    { stage: 'write', per: 'scene', input: 100, output: 10 },
    { stage: 'check', model: 'acme/half-known', input: 20 },
  ],
}

/** Three runs of a film by two users; a token costs 2 nanos. */
async function started(): Promise<RunningServer> {
  const purser = await openTemporaryLedger({ profiles, profile: 'quality' })
  const runs = [
    ['r1', 100, '7'],
    ['r2', 200, '7'],
    ['r3', 400, '8'],
  ] as const
  for (const [id, inputTokens, user] of runs) {
    await purser.run({ id, project: 'film', labels: { user } }, async () => {
      await purser.record({ provider: 'acme', model: 'big', usage: { inputTokens } })
    })
  }
  return RunningServer.start({}, purser)
}

describe('estimates over HTTP', () => {
  test('of a plan, by the profile in force, with a buffer', async () => {
    const server = await started()
    // 40 × (100 × 2 + 10 × 10) + 20 × 5 = 12,100 nanos, and 10% more.
    expect(await server.ask('POST', '/estimates', { body: { plan, buffer: '10%' } })).toMatchObject({
      status: 200,
      body: {
        source: 'plan',
        profile: 'quality',
        costNanos: '13310',
        calls: 41,
        isLowerBound: false,
        saved: null,
        parts: [
          { stage: 'write', costNanos: '12000' },
          { stage: 'check', costNanos: '100' },
        ],
      },
    })
    const unknown = { calls: [{ model: 'acme/nobody-knows', input: 5 }] }
    expect(await server.ask('POST', '/estimates', { body: { plan: unknown } })).toMatchObject({
      body: { isLowerBound: true, unpriced: [{}] },
    })
  })

  test('of a plan with several profiles side by side', async () => {
    const server = await started()
    expect(await server.ask('POST', '/estimates', { body: { plan, compare: ['quality', 'economy'] } })).toMatchObject({
      status: 200,
      body: {
        names: ['quality', 'economy'],
        estimates: [{ costNanos: '12100' }, { costNanos: '100' }],
        differenceNanos: ['0', '-12000'],
      },
    })
  })

  test('of the past: half of such runs, and nine of ten', async () => {
    const server = await started()
    expect(await server.ask('GET', '/estimates/history?project=film')).toMatchObject({
      status: 200,
      body: { source: 'history', costNanos: '400', quantiles: { p50Nanos: '400', p90Nanos: '800', samples: 3 }, leftOut: 0 },
    })
    expect(await server.ask('GET', '/estimates/history?project=game')).toMatchObject({ status: 200, body: { costUsd: null, samples: 0 } })
  })

  test('of a past run with other models', async () => {
    const server = await started()
    // 100 tokens at 5 nanos.
    expect(await server.ask('GET', '/estimates/runs/r1?models=acme/big=acme/half-known')).toMatchObject({
      status: 200,
      body: { costNanos: '500', actual: { costNanos: '200' } },
    })
    expect(await server.ask('GET', '/estimates/runs/r1?profile=economy')).toMatchObject({ body: { costNanos: '0' } })
    expect(await server.ask('GET', '/estimates/runs/r1?compare=quality,economy')).toMatchObject({
      body: { names: ['quality', 'economy'], estimates: [{ costNanos: '200' }, { costNanos: '0' }], actual: { costNanos: '200' } },
    })
    const statuses = await Promise.all(
      ['r1', 'r1?models=big', 'r1?profile=economy&compare=quality', 'r1?profile=none', 'r9?profile=economy'].map(
        async (path) => (await server.ask('GET', `/estimates/runs/${path}`)).status,
      ),
    )
    expect(statuses).toEqual([400, 400, 400, 404, 404])
  })

  test('tell a member nothing of what others ran', async () => {
    const server = await started()
    const key = await server.key('member', { user: '8' })
    expect(await server.ask('GET', '/estimates/history?project=film', { key })).toMatchObject({ body: { costUsd: null, samples: 1 } })
    expect((await server.ask('GET', '/estimates/runs/r1?profile=economy', { key })).status).toBe(404)
    expect((await server.ask('GET', '/estimates/runs/r3?profile=economy', { key })).status).toBe(200)
    expect((await server.ask('POST', '/estimates', { key: await server.key('ingest'), body: { plan } })).status).toBe(403)
    expect((await server.ask('POST', '/estimates', { key: await server.key('viewer'), body: { plan } })).status).toBe(200)
  })

  test.each([
    [{}],
    [{ plan: {} }],
    [{ plan: { calls: 'many' } }],
    [{ plan: { calls: [{ calls: -1, model: 'acme/big' }] } }],
    [{ plan: { calls: [{ model: 'acme/big', wishes: 3 }] } }],
    [{ plan: { ...plan, counts: { scenes: 1e308 } } }],
    [{ plan, buffer: 'much' }],
    [{ plan, compare: [] }],
    [{ plan, compare: ['quality'], profile: 'quality' }],
    [{ plan, colour: 'red' }],
  ])('refuse %j', async (body) => {
    const server = await RunningServer.start({}, await openTemporaryLedger({ profiles, profile: 'quality' }))
    expect((await server.ask('POST', '/estimates', { body })).status).toBe(400)
  })
})
