import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkInstant, checkZone, createCalendar, dateOf, dayNumber, earliestMs, parseInstant, slotOf } from './calendar.ts'
import { loadTemporal } from './temporal.ts'

const at = (text: string): number => Date.parse(text)
const hours = (from: number, to: number): number => (to - from) / 3_600_000

/** Local date by the runtime's own formatter. */
function localDate(atMs: number, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(atMs)
}

describe('local days', () => {
  test.each([
    ['UTC', '2026-02-20', '2026-02-20T00:00:00Z', 24],
    ['Europe/Paris', '2026-03-29', '2026-03-28T23:00:00Z', 23],
    ['Europe/Paris', '2026-10-25', '2026-10-24T22:00:00Z', 25],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00Z', 23],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z', 25],
    ['Asia/Kolkata', '2026-02-20', '2026-02-19T18:30:00Z', 24],
    ['Asia/Kathmandu', '2026-02-20', '2026-02-19T18:15:00Z', 24],
    ['Pacific/Chatham', '2026-01-10', '2026-01-09T10:15:00Z', 24],
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00Z', 24.5],
    // The clock goes forward at midnight: the day begins at one.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z', 23],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z', 23],
    // Samoa left out the 30th of December 2011.
    ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00:00Z', 24],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00Z', 24],
  ])('in %s the %s begins at %s and has %d hours', (zone, date, begins, length) => {
    const { dayOf, startOfDay } = createCalendar(zone)
    const day = dayNumber(loadTemporal().PlainDate.from(date))
    expect(new Date(startOfDay(day)).toISOString()).toBe(new Date(begins).toISOString())
    expect(hours(startOfDay(day), startOfDay(day + 1))).toBe(length)
    expect(dayOf(at(begins))).toBe(day)
    expect(dayOf(startOfDay(day + 1) - 1)).toBe(day)
    expect(dayOf(at(begins) - 1)).toBeLessThan(day)
    expect(dateOf(day).toString()).toBe(date)
  })

  test('agree with the runtime’s own calendar at any instant', () => {
    const zones = [
      'Europe/Paris',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Apia',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Asia/Tehran',
      'UTC',
    ]
    const calendars = new Map(zones.map((zone) => [zone, createCalendar(zone)]))
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: earliestMs, max: at('2030-01-01') }), (zone, instant) => {
        const day = calendars.get(zone)?.dayOf(instant) ?? Number.NaN
        expect(dateOf(day).toString()).toBe(localDate(instant, zone))
      }),
      { numRuns: 300, seed: 3 },
    )
  })
})

// When a clock changes is another matter: St. John's did so at a minute past midnight until 2011.
test('every zone since 2000 is a multiple of a quarter of an hour from UTC, so that quarters tell its days', () => {
  const odd: string[] = []
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    let moment = loadTemporal().Instant.fromEpochMilliseconds(earliestMs).toZonedDateTimeISO(zone)
    for (;;) {
      if (moment.offsetNanoseconds % 900e9 !== 0) odd.push(`${zone} ${moment.toString()}`)
      const next = moment.getTimeZoneTransition('next')
      if (next === null || next.year > 2040) break
      moment = next
    }
  }
  expect(odd).toEqual([])
})

test('quarters of an hour are counted from 1970', () => {
  expect(slotOf(0)).toBe(0)
  expect(slotOf(at('1970-01-01T00:14:59.999Z'))).toBe(0)
  expect(slotOf(at('1970-01-02T00:15:00Z'))).toBe(97)
})

describe('a time as it is written', () => {
  test.each([
    ['2026-02-20', 'UTC', '2026-02-20T00:00:00.000Z'],
    ['2026-02-20', 'Asia/Kolkata', '2026-02-19T18:30:00.000Z'],
    ['2026-02-20T10:00', 'Europe/Paris', '2026-02-20T09:00:00.000Z'],
    ['2026-02-20 10:00:30', 'UTC', '2026-02-20T10:00:30.000Z'],
    ['2026-02-20T10:00:00Z', 'Europe/Paris', '2026-02-20T10:00:00.000Z'],
    ['2026-02-20t10:00:00z', 'UTC', '2026-02-20T10:00:00.000Z'],
    ['2026-02-20T10:00:00+05:30', 'UTC', '2026-02-20T04:30:00.000Z'],
    ['2026-02-20T10:00:00-0800', 'UTC', '2026-02-20T18:00:00.000Z'],
    ['2023-11-16 18:17:03.9799600', 'UTC', '2023-11-16T18:17:03.979Z'],
    ['2023-11-16T18:17:03.9Z', 'UTC', '2023-11-16T18:17:03.900Z'],
    ['  2026-02-20  ', 'UTC', '2026-02-20T00:00:00.000Z'],
    ['1771581600', 'UTC', '2026-02-20T10:00:00.000Z'],
    ['1771581600.75', 'UTC', '2026-02-20T10:00:00.750Z'],
    [1_771_581_600, 'UTC', '2026-02-20T10:00:00.000Z'],
    [1_771_581_600_123, 'UTC', '2026-02-20T10:00:00.123Z'],
    // Does not exist in Paris: the clock goes from 2 to 3.
    ['2026-03-29T02:30', 'Europe/Paris', '2026-03-29T01:30:00.000Z'],
    // Happens twice in Paris: the first is meant.
    ['2026-10-25T02:30', 'Europe/Paris', '2026-10-25T00:30:00.000Z'],
  ])('%s in %s', (text, zone, expected) => {
    expect(new Date(parseInstant(text, zone)).toISOString()).toBe(expected)
  })

  test.each(['', 'yesterday', '2026-02-30', '2026-13-01', '20.02.2026', '2026-02-20T25:00', '2026-02', '12', '2026-02-20T10:00:00+25:00'])(
    'that is none: %j',
    (text) => {
      expect(() => parseInstant(text, 'UTC')).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_TIME' }) as Error)
    },
  )
})

test.each([
  [earliestMs - 1, '1999-12-31T23:59:59.999Z'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [1e300, '1e+300'],
  [0.5, '1970-01-01T00:00:00.000Z'],
  [earliestMs + 400 * 86_400_000, '2001-02-04'],
])('the instant %d is not booked', (instant, shown) => {
  expect(() => checkInstant(instant, earliestMs)).toThrowError(
    expect.objectContaining({ code: 'PURSER_BAD_TIME', message: expect.stringContaining(shown) as string }) as Error,
  )
})

describe('a zone', () => {
  test('is named as in the list of zones', () => {
    expect(['UTC', 'europe/paris', 'Asia/Kolkata'].map((zone) => checkZone(zone))).toEqual(['UTC', 'Europe/Paris', 'Asia/Kolkata'])
  })

  test.each(['', 'Europe/Atlantis', '+01:00', '-05:17', 'Paris, France'])('that is none: %j', (zone) => {
    expect(() => checkZone(zone)).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_TIME' }) as Error)
  })
})
