import { describe, expect, test } from 'vitest'
import { isPeriodName, parsePeriodName, spanOf } from './periods.ts'

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16))

describe('a named period', () => {
  // A Friday, half past midnight in Paris and still Thursday in UTC.
  const now = Date.parse('2026-02-19T23:30:00Z')
  test.each([
    ['today', 'UTC', 1, '2026-02-19T00:00', '2026-02-20T00:00'],
    ['today', 'Europe/Paris', 1, '2026-02-19T23:00', '2026-02-20T23:00'],
    ['yesterday', 'Europe/Paris', 1, '2026-02-18T23:00', '2026-02-19T23:00'],
    ['week', 'UTC', 1, '2026-02-16T00:00', '2026-02-23T00:00'],
    ['week', 'UTC', 7, '2026-02-15T00:00', '2026-02-22T00:00'],
    ['week', 'UTC', 4, '2026-02-19T00:00', '2026-02-26T00:00'],
    ['month', 'Asia/Kolkata', 1, '2026-01-31T18:30', '2026-02-28T18:30'],
    ['year', 'UTC', 1, '2026-01-01T00:00', '2027-01-01T00:00'],
    ['all', 'UTC', 1, undefined, undefined],
  ] as const)('%s in %s, weeks from day %d', (period, zone, weekStart, since, until) => {
    const span = spanOf(period, now, zone, weekStart)
    expect([iso(span.sinceMs), iso(span.untilMs)]).toEqual([since, until])
  })

  test('is as long as the clock makes it', () => {
    const { sinceMs = 0, untilMs = 0 } = spanOf('today', Date.parse('2026-10-25T12:00:00Z'), 'Europe/Paris', 1)
    expect((untilMs - sinceMs) / 3_600_000).toBe(25)
    const week = spanOf('week', Date.parse('2026-03-25T12:00:00Z'), 'Europe/Paris', 1)
    expect(((week.untilMs ?? 0) - (week.sinceMs ?? 0)) / 3_600_000).toBe(7 * 24 - 1)
  })

  test('has one of the known names', () => {
    expect(parsePeriodName('month')).toBe('month')
    expect(isPeriodName('fortnight')).toBe(false)
    expect(() => parsePeriodName('fortnight')).toThrowError(
      expect.objectContaining({ code: 'PURSER_BAD_QUERY', message: expect.stringContaining('today, yesterday') as string }) as Error,
    )
  })
})
