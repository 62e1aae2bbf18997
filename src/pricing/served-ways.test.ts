import { expect, test } from 'vitest'
import type { Card, DailyHours } from './card.ts'
import { compileCard } from './compile-card.ts'
import { instantsBetween } from './served-ways.ts'

const minute = 60_000

function cardWith(hours: readonly DailyHours[], more: Partial<Card> = {}) {
  const rates = [{ meter: 'inputTokens', usd: '1', per: 1, when: { hours } }] as const
  return compileCard({ provider: 'p', model: 'm', rates, source: 's', checkedAt: '2026-01-01', ...more }, 'shipped', 'r')
}

function between(hours: readonly DailyHours[], from: string, to: string): string[] {
  return instantsBetween([cardWith(hours)], Date.parse(from), Date.parse(to)).map((at) => new Date(at).toISOString().slice(0, 16))
}

test('the edges of hours within a span, in the zone of the hours', () => {
  const peak = [{ from: '09:00', to: '12:00', zone: 'Asia/Shanghai' }]
  expect(between(peak, '2026-11-02T00:30Z', '2026-11-02T04:30Z')).toEqual(['2026-11-02T00:30', '2026-11-02T01:00', '2026-11-02T04:00'])
  expect(between(peak, '2026-11-02T00:30Z', '2026-11-02T00:59Z')).toEqual(['2026-11-02T00:30'])
})

test('weekdays turn at midnight of the zone', () => {
  const weekend = [{ from: '00:00', to: '24:00', zone: 'Asia/Shanghai', weekdays: [6, 7] }]
  expect(between(weekend, '2026-11-06T12:00Z', '2026-11-06T18:00Z')).toEqual(['2026-11-06T12:00', '2026-11-06T16:00'])
})

test('an hour that happens twice has both of its edges', () => {
  // Clocks in New York go back from 02:00 to 01:00 at 06:00 UTC on 2026-11-01.
  const night = [{ from: '01:30', to: '05:00', zone: 'America/New_York' }]
  expect(between(night, '2026-11-01T05:00Z', '2026-11-01T07:00Z')).toEqual([
    '2026-11-01T05:00',
    '2026-11-01T05:30',
    '2026-11-01T06:00',
    '2026-11-01T06:30',
  ])
})

test('a card that begins within a span', () => {
  const start = Date.parse('2026-09-29')
  const cards = [cardWith([], { validUntil: '2026-09-29' }), cardWith([], { validFrom: '2026-09-29' })]
  expect(instantsBetween(cards, start - minute, start + minute)).toEqual([start - minute, start])
})
