import { PurserError } from '../errors.ts'
import { checkZone, dateOf, dayNumber, parseInstant } from '../time/calendar.ts'
import { parsePeriodName, spanOf, startOf, zonedDate } from '../time/periods.ts'
import { loadTemporal } from '../time/temporal.ts'

/** The span of time that a question is about; open where undefined, `untilMs` exclusive. */
export interface AskedPeriod {
  /** As asked, or `custom`. */
  readonly name: string
  readonly sinceMs: number | undefined
  readonly untilMs: number | undefined
  readonly timezone: string
}

export interface PeriodOptions {
  readonly period?: string
  readonly since?: string
  readonly until?: string
  readonly timezone?: string
}

const dateOnly = /^\d{4}-\d{2}-\d{2}$/

/**
 * The span that `--period`, or `--since` and `--until`, mean in a zone. A date as the end is inclusive, an instant is
 * exclusive.
 * @throws PURSER_BAD_QUERY, PURSER_BAD_TIME
 */
export function askedPeriod(
  options: PeriodOptions,
  fallback: { readonly period: string; readonly timezone: string; readonly weekStart: number },
): AskedPeriod {
  const timezone = checkZone(options.timezone ?? fallback.timezone)
  const { period, since, until } = options
  if (since === undefined && until === undefined) {
    const name = parsePeriodName(period ?? fallback.period)
    return { name, ...spanOf(name, Date.now(), timezone, fallback.weekStart), timezone }
  }
  if (period !== undefined) throw new PurserError('PURSER_BAD_QUERY', 'A question has either --period, or --since and --until.')
  const sinceMs = since === undefined ? undefined : parseInstant(since, timezone)
  const untilMs = until === undefined ? undefined : endOf(until, timezone)
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs) {
    throw new PurserError('PURSER_BAD_QUERY', `--since ${since} is not before --until ${until}.`)
  }
  return { name: 'custom', sinceMs, untilMs, timezone }
}

function endOf(text: string, timezone: string): number {
  const start = parseInstant(text, timezone)
  return dateOnly.test(text) ? startOf(zonedDate(start, timezone).add({ days: 1 }), timezone) : start
}

/** A period as people read it: `1 – 28 Feb 2026`, `today`, `all time`. */
export function describePeriod({ sinceMs, untilMs, timezone }: AskedPeriod): string {
  if (sinceMs === undefined && untilMs === undefined) return 'all time'
  const first = sinceMs === undefined ? undefined : describeMoment(sinceMs, timezone, false)
  const last = untilMs === undefined ? undefined : describeMoment(untilMs, timezone, true)
  if (first === undefined) return `until ${last}`
  if (last === undefined) return `since ${first}`
  return first === last ? first : `${first} to ${last}`
}

/** A date where the moment is a midnight, and for an end the date before it; else date and time. */
function describeMoment(ms: number, timezone: string, isEnd: boolean): string {
  const date = zonedDate(ms, timezone)
  if (startOf(date, timezone) === ms) return dateOf(dayNumber(date) - (isEnd ? 1 : 0)).toString()
  const time = loadTemporal().Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone).toPlainTime()
  return `${date.toString()} ${time.toString({ smallestUnit: 'minute' })}`
}
