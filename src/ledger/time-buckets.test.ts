import { expect, test } from 'vitest'
import { naiveBucket } from '../../test/ledger/naive-ledger.ts'
import { slotMs } from '../time/calendar.ts'
import { timeUnits } from './cost-query.ts'
import { createBucketNamer, createDayNamer } from './time-buckets.ts'

test.each([
  ['hour', 'Europe/Paris', '2026-02-20T09:45:00Z', '2026-02-20T10:00+01:00'],
  ['hour', 'UTC', '2026-02-20T09:45:00Z', '2026-02-20T09:00Z'],
  ['hour', 'Asia/Kolkata', '2026-02-20T09:45:00Z', '2026-02-20T15:00+05:30'],
  ['hour', 'Asia/Kathmandu', '2026-02-20T09:15:00Z', '2026-02-20T15:00+05:45'],
  ['day', 'Asia/Kathmandu', '2026-02-20T18:15:00Z', '2026-02-21'],
  ['week', 'UTC', '2026-02-22T23:00:00Z', '2026-02-16'],
  ['month', 'America/New_York', '2026-03-01T04:00:00Z', '2026-02'],
  ['quarter', 'UTC', '2026-03-31T23:45:00Z', '2026-Q1'],
  ['quarter', 'UTC', '2026-12-01T00:00:00Z', '2026-Q4'],
  ['year', 'Europe/Paris', '2025-12-31T23:00:00Z', '2026'],
] as const)('the %s in %s of %s is %s', (unit, zone, at, name) => {
  expect(createBucketNamer(unit, zone, 1)(Date.parse(at))).toBe(name)
})

test('every quarter of an hour of two years is named as the runtime’s own formatter would', () => {
  const zones = ['UTC', 'Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham']
  for (const zone of zones) {
    for (const unit of timeUnits) {
      const name = createBucketNamer(unit, zone, 7)
      // A step that comes by every quarter of an hour and every day of the week.
      for (let at = Date.parse('2025-10-20T00:00Z'); at < Date.parse('2027-04-10T00:00Z'); at += slotMs * 211) {
        expect(name(at)).toBe(naiveBucket(unit, at, zone, 7))
      }
    }
  }
})

test('days of the ledger are named by their number', () => {
  const day = Date.UTC(2026, 1, 22) / 86_400_000
  expect(timeUnits.slice(1).map((unit) => createDayNamer(unit, 1)(day))).toEqual(['2026-02-22', '2026-02-16', '2026-02', '2026-Q1', '2026'])
})
