import { PurserError } from '../errors.ts'
import { loadTemporal } from './temporal.ts'

export const periodNames = ['today', 'yesterday', 'week', 'month', 'year', 'all'] as const
export type PeriodName = (typeof periodNames)[number]

/** A span of time, from inclusive to exclusive, in milliseconds since 1970; open where undefined. */
export interface Span {
  readonly sinceMs: number | undefined
  readonly untilMs: number | undefined
}

/** A named period around now, by the calendar of a zone. `week` begins on `weekStart` (ISO, 1 = Monday). */
export function spanOf(period: PeriodName, nowMs: number, zone: string, weekStart: number): Span {
  if (period === 'all') return { sinceMs: undefined, untilMs: undefined }
  const today = zonedDate(nowMs, zone)
  const between = (from: Temporal.PlainDate, to: Temporal.PlainDate): Span => ({ sinceMs: startOf(from, zone), untilMs: startOf(to, zone) })
  switch (period) {
    case 'today':
      return between(today, today.add({ days: 1 }))
    case 'yesterday':
      return between(today.subtract({ days: 1 }), today)
    case 'week': {
      const monday = today.subtract({ days: (today.dayOfWeek - weekStart + 7) % 7 })
      return between(monday, monday.add({ days: 7 }))
    }
    case 'month':
      return between(today.with({ day: 1 }), today.with({ day: 1 }).add({ months: 1 }))
    case 'year':
      return between(today.with({ month: 1, day: 1 }), today.with({ month: 1, day: 1 }).add({ years: 1 }))
  }
}

export function isPeriodName(name: string): name is PeriodName {
  return (periodNames as readonly string[]).includes(name)
}

/** @throws PURSER_BAD_QUERY */
export function parsePeriodName(name: string): PeriodName {
  if (isPeriodName(name)) return name
  throw new PurserError('PURSER_BAD_QUERY', `"${name}" is no period. Use ${periodNames.join(', ')}, or --since and --until.`)
}

/** The local date of an instant. */
export function zonedDate(atMs: number, zone: string): Temporal.PlainDate {
  return loadTemporal().Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate()
}

/** The instant at which a local date begins. */
export function startOf(date: Temporal.PlainDate, zone: string): number {
  return date.toZonedDateTime(zone).epochMilliseconds
}
