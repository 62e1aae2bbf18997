import { dateOf } from '../time/calendar.ts'
import { loadTemporal } from '../time/temporal.ts'
import type { TimeUnit } from './cost-query.ts'

/**
 * Names the hour, day, week, month, quarter or year of an instant in a zone: `2026-02-20T10:00+01:00`, `2026-02-20`,
 * the date on which the week begins, `2026-02`, `2026-Q1`, `2026`. Names sort by time. Instants are given as starts of a
 * quarter of an hour or of a day, so answers are cached.
 */
export function createBucketNamer(unit: TimeUnit, zone: string, weekStart: number): (atMs: number) => string {
  const names = new Map<number, string>()
  return (atMs) => {
    let name = names.get(atMs)
    if (name === undefined) {
      const local = loadTemporal().Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
      name = unit === 'hour' ? hourName(local) : dateName(local.toPlainDate(), unit, weekStart)
      names.set(atMs, name)
    }
    return name
  }
}

/** The same for a numbered local day. */
export function createDayNamer(unit: TimeUnit, weekStart: number): (day: number) => string {
  const names = new Map<number, string>()
  return (day) => {
    let name = names.get(day)
    if (name === undefined) names.set(day, (name = dateName(dateOf(day), unit, weekStart)))
    return name
  }
}

function hourName(local: Temporal.ZonedDateTime): string {
  const hour = local.round({ smallestUnit: 'hour', roundingMode: 'floor' })
  const offset = hour.offset === '+00:00' ? 'Z' : hour.offset
  return `${hour.toPlainDateTime().toString({ smallestUnit: 'minute' })}${offset}`
}

function dateName(date: Temporal.PlainDate, unit: TimeUnit, weekStart: number): string {
  switch (unit) {
    case 'week':
      return date.subtract({ days: (date.dayOfWeek - weekStart + 7) % 7 }).toString()
    case 'month':
      return date.toPlainYearMonth().toString()
    case 'quarter':
      return `${date.year}-Q${Math.ceil(date.month / 3)}`
    case 'year':
      return String(date.year)
    default:
      return date.toString()
  }
}
