import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { RunningServer } from './running-server.ts'

const big = { provider: 'acme', model: 'big' } as const

/** Two videos in a ledger whose days are those of Kathmandu, which are 5:45 ahead of UTC. A token costs 2 nanos. */
async function videos(): Promise<RunningServer> {
  const purser = await openTemporaryLedger({ timezone: 'Asia/Kathmandu' })
  await purser.recordAll([
    // 18:00 in UTC is 23:45 in Kathmandu, 18:15 is midnight.
    { ...big, at: '2026-02-28T18:00:00Z', usage: { inputTokens: 500_000 }, labels: { service: 'gemini', video: 'v1', user: '7' } },
    { ...big, at: '2026-02-28T18:15:00Z', usage: { inputTokens: 1_000_000 }, labels: { service: 'gemini', video: 'v1', user: '7' } },
    {
      ...big,
      at: '2026-03-01T10:00:00Z',
      usage: { outputTokens: 1_000_000 },
      labels: { service: 'elevenlabs', video: 'v 2/é', user: '8' },
    },
    {
      ...big,
      model: 'unknown',
      at: '2026-03-01T10:00:00Z',
      usage: { images: 1 },
      labels: { service: 'nanobanana', video: 'v1', user: '7' },
    },
    {
      ...big,
      model: 'local',
      at: '2026-03-01T10:00:00Z',
      usage: { inputTokens: 9 },
      labels: { service: 'whisperx', video: 'v1', user: '7' },
    },
  ])
  return RunningServer.start({}, purser)
}

describe('the analytics of a video pipeline', () => {
  test('give a day of the ledger’s zone by service', async () => {
    const server = await videos()
    // 500,000 × 2 nanos = $0.001.
    const first = await server.ask('GET', '//analytics/costs/daily?target_date=2026-02-28')
    expect([first.status, first.body]).toEqual([200, { date: '2026-02-28', costs_by_service: { gemini: 0.001 }, total: 0.001 }])
    expect(first.headers.get('purser-unpriced-calls')).toBeNull()
    // 1,000,000 × 2 = $0.002 and 1,000,000 × 10 = $0.01; a local model is free, and what has no price is not zero.
    const second = await server.ask('GET', '//analytics/costs/daily?target_date=2026-03-01')
    expect(second.body).toEqual({
      date: '2026-03-01',
      costs_by_service: { elevenlabs: 0.01, gemini: 0.002, whisperx: 0 },
      total: 0.012,
    })
    expect(second.headers.get('purser-unpriced-calls')).toBe('1')
  })

  test('give today where no date is named', async () => {
    const server = await videos()
    await server.purser.record({ ...big, usage: { inputTokens: 1_000_000 } })
    const today = new Date(Date.now() + (5 * 60 + 45) * 60_000).toISOString().slice(0, 10)
    const { status, body } = await server.ask('GET', '//analytics/costs/daily')
    // A call without a service is its provider's.
    expect([status, body]).toEqual([200, { date: today, costs_by_service: { acme: 0.002 }, total: 0.002 }])
  })

  test('give a month', async () => {
    const server = await videos()
    const { status, body } = await server.ask('GET', '//analytics/costs/monthly?year=2026&month=2')
    expect([status, body]).toEqual([200, { year: 2026, month: 2, costs_by_service: { gemini: 0.001 }, total: 0.001 }])
    const december = await server.ask('GET', '//analytics/costs/monthly?year=2025&month=12')
    expect(december.body).toEqual({ year: 2025, month: 12, costs_by_service: {}, total: 0 })
  })

  test('give a video, of which one that nobody made cost nothing', async () => {
    const server = await videos()
    // 1,500,000 × 2 nanos.
    expect((await server.ask('GET', '//analytics/costs/video/v1')).body).toEqual({
      video_id: 'v1',
      costs_by_service: { gemini: 0.003, whisperx: 0 },
      total: 0.003,
    })
    expect((await server.ask('GET', `//analytics/costs/video/${encodeURIComponent('v 2/é')}`)).body).toEqual({
      video_id: 'v 2/é',
      costs_by_service: { elevenlabs: 0.01 },
      total: 0.01,
    })
    const nobody = await server.ask('GET', '//analytics/costs/video/nobody')
    expect([nobody.status, nobody.body]).toEqual([200, { video_id: 'nobody', costs_by_service: {}, total: 0 }])
  })

  test('show a member their own', async () => {
    const server = await videos()
    const key = await server.key('member', { user: '8' })
    const ask = async (path: string) => (await server.ask('GET', `//analytics/costs/${path}`, { key })).body
    expect(await ask('video/v1')).toEqual({ video_id: 'v1', costs_by_service: {}, total: 0 })
    expect(await ask('monthly?year=2026&month=3')).toMatchObject({ costs_by_service: { elevenlabs: 0.01 }, total: 0.01 })
    expect(await ask('daily?target_date=2026-02-28')).toMatchObject({ total: 0 })
    const refused = async (given: { key?: string }) =>
      Promise.all(
        ['daily', 'monthly?year=2026&month=3', 'video/v1'].map(
          async (path) => (await server.ask('GET', `//analytics/costs/${path}`, given)).status,
        ),
      )
    expect(await refused({ key: await server.key('ingest') })).toEqual([403, 403, 403])
    expect(await refused({})).toEqual([401, 401, 401])
  })

  test.each([
    'daily?target_date=2026-02-30',
    'daily?target_date=tomorrow',
    'daily?target_date=',
    'daily?date=2026-02-28',
    'monthly',
    'monthly?year=2026',
    'monthly?year=2026&month=0',
    'monthly?year=2026&month=13',
    'monthly?year=2026&month=1.5',
    'monthly?year=year&month=1',
  ])('refuse %s', async (path) => {
    const server = await RunningServer.start()
    expect((await server.ask('GET', `//analytics/costs/${path}`)).status).toBe(400)
  })
})
