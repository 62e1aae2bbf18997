import { PurserError } from '../errors.ts'
import { loadTemporal } from './temporal.ts'

export const slotMs = 15 * 60 * 1000
const dayMs = 24 * 60 * 60 * 1000

/** Calls before this instant are refused: before 2000 some zones were not a multiple of 15 minutes from UTC. */
export const earliestMs = Date.UTC(2000, 0, 1)
/** Calls further ahead of the clock than this are refused. */
const maxAheadMs = 366 * dayMs

/** The number of the quarter of an hour that an instant falls in, counted from 1970. */
export function slotOf(atMs: number): number {
  return Math.floor(atMs / slotMs)
}

/** @throws PURSER_BAD_TIME unless the instant lies between 2000 and a year ahead. */
export function checkInstant(atMs: number, nowMs: number): number {
  if (!Number.isSafeInteger(atMs) || atMs < earliestMs || atMs > nowMs + maxAheadMs) {
    const shown = Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15 ? new Date(atMs).toISOString() : String(atMs)
    throw new PurserError('PURSER_BAD_TIME', `${shown} is outside what a ledger books: from 2000-01-01 to one year from now.`)
  }
  return atMs
}

const isoPattern = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * A time as people and files write it: an ISO date or date and time, with an offset or else in the zone given; or
 * milliseconds or seconds since 1970 as a number. What is finer than a millisecond is cut off.
 * @throws PURSER_BAD_TIME
 */
export function parseInstant(text: string | number, zone: string): number {
  if (typeof text === 'number' || /^\d{9,13}(?:\.\d+)?$/.test(text)) {
    const value = Number(text)
    return Math.floor(value < 1e11 ? value * 1000 : value)
  }
  const match = typeof text === 'string' ? isoPattern.exec(text.trim()) : null
  try {
    if (match?.[1] === undefined) throw new RangeError('no ISO date')
    const [, date, time = '00:00:00', offset] = match
    const cut = time.replace(/(\.\d{3})\d+$/, '$1')
    if (offset !== undefined) return loadTemporal().Instant.from(`${date}T${cut}${offset.toUpperCase()}`).epochMilliseconds
    return loadTemporal().PlainDateTime.from(`${date}T${cut}`).toZonedDateTime(zone).epochMilliseconds
  } catch (cause) {
    throw new PurserError(
      'PURSER_BAD_TIME',
      `"${String(text)}" is no date or time. Write 2026-02-20, 2026-02-20T10:00 or 2026-02-20T10:00:00Z.`,
      {
        cause,
      },
    )
  }
}

/**
 * The name of a time zone as it is written in the IANA list. An offset like +05:17 is no zone: it need not be a
 * multiple of the 15 minutes that sums are kept by.
 * @throws PURSER_BAD_TIME unless the name is an IANA time zone that this machine knows.
 */
export function checkZone(zone: string): string {
  try {
    if (!/^[A-Za-z]/.test(zone)) throw new RangeError('no name')
    return zone === 'UTC' ? zone : loadTemporal().Now.zonedDateTimeISO(zone).timeZoneId
  } catch (cause) {
    throw new PurserError('PURSER_BAD_TIME', `"${zone}" is no time zone. Use an IANA name like Europe/Paris, or UTC.`, { cause })
  }
}

/** Days are numbered by their local date: days from 1970-01-01 to that date. */
export interface Calendar {
  readonly zone: string
  /** The number of the local day that an instant falls in. */
  readonly dayOf: (atMs: number) => number
  /** The instant at which a local day begins. */
  readonly startOfDay: (day: number) => number
}

/** The local days of a zone; lookups are cached, so that booking in bulk asks the zone rules once a day. */
export function createCalendar(zone: string): Calendar {
  if (zone === 'UTC') return { zone, dayOf: (atMs) => Math.floor(atMs / dayMs), startOfDay: (day) => day * dayMs }
  const starts = new Map<number, number>()
  const startOfDay = (day: number): number => {
    let start = starts.get(day)
    if (start === undefined) {
      start = dateOf(day).toZonedDateTime(zone).epochMilliseconds
      starts.set(day, start)
    }
    return start
  }
  const dayOf = (atMs: number): number => {
    let day = Math.floor(atMs / dayMs)
    while (startOfDay(day) > atMs) day -= 1
    while (startOfDay(day + 1) <= atMs) day += 1
    return day
  }
  return { zone, dayOf, startOfDay }
}

/** The local date of a numbered day. */
export function dateOf(day: number): Temporal.PlainDate {
  return loadTemporal().PlainDate.from('1970-01-01').add({ days: day })
}

/** The number of a local date. */
export function dayNumber(date: Temporal.PlainDate): number {
  return Math.round(Date.UTC(date.year, date.month - 1, date.day) / dayMs)
}
