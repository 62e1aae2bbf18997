import { slotMs } from '../time/calendar.ts'
import { loadTemporal } from '../time/temporal.ts'
import type { Window } from './budget.ts'

/** One window by its first instant and the first instant after it, in milliseconds since 1970; null where it has no end. */
export interface OpenWindow {
  readonly start: number
  readonly end: number | null
}

const always: OpenWindow = { start: 0, end: null }
const hourMs = 60 * 60 * 1000

/**
 * The window that an instant falls in, by the calendar of a zone. An hour that happens twice is two windows. A rolling
 * window is counted in slices of a quarter of an hour, and this gives the slice.
 */
export function windowAt(window: Window, zone: string, atMs: number): OpenWindow {
  switch (window.kind) {
    case 'run':
    case 'total':
      return always
    case 'rolling': {
      const start = Math.floor(atMs / slotMs) * slotMs
      // The oldest slice counts whole.
      return { start, end: start + window.hours * hourMs + slotMs }
    }
    case 'hour':
      return hourAt(atMs, zone)
    default:
      return datedWindow(window as DatedWindow, zone, atMs)
  }
}

/** The first slice that still counts at an instant; the oldest one counts whole. */
export function oldestSlice(hours: number, nowMs: number): number {
  return Math.floor((nowMs - hours * hourMs) / slotMs) * slotMs
}

/** An hour of the local clock, cut where the clock is set forward or back within it. */
function hourAt(atMs: number, zone: string): OpenWindow {
  const local = loadTemporal().Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
  const begins = atMs - (local.minute * 60 + local.second) * 1000 - local.millisecond
  // The previous change is one before an instant, and here a change at the very instant counts.
  const changedAt = local.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? Number.NEGATIVE_INFINITY
  const changesAt = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY
  return { start: Math.max(begins, changedAt), end: Math.min(begins + hourMs, changesAt) }
}

type DatedWindow = Exclude<Window, { kind: 'run' | 'total' | 'hour' | 'rolling' }>

function datedWindow(window: DatedWindow, zone: string, atMs: number): OpenWindow {
  const today = loadTemporal().Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate()
  const [first, next] = datesOf(window, today)
  return { start: first.toZonedDateTime(zone).epochMilliseconds, end: next.toZonedDateTime(zone).epochMilliseconds }
}

/** The first day of the window that a day falls in, and of the next one. */
function datesOf(window: DatedWindow, today: Temporal.PlainDate): [Temporal.PlainDate, Temporal.PlainDate] {
  switch (window.kind) {
    case 'day':
      return [today, today.add({ days: 1 })]
    case 'week': {
      const first = today.subtract({ days: (today.dayOfWeek - window.startsOn + 7) % 7 })
      return [first, first.add({ days: 7 })]
    }
    case 'month': {
      // `with` takes the last day where the month has none of that number.
      const month = today.with({ day: window.anchorDay })
      const before = loadTemporal().PlainDate.compare(today, month) < 0
      const first = before ? anchored(today, -1, window.anchorDay) : month
      return [first, anchored(first, 1, window.anchorDay)]
    }
    case 'quarter': {
      const first = today.with({ day: 1 }).subtract({ months: (today.month - 1) % 3 })
      return [first, first.add({ months: 3 })]
    }
    case 'year': {
      const first = today.with({ month: 1, day: 1 })
      return [first, first.add({ years: 1 })]
    }
  }
}

function anchored(date: Temporal.PlainDate, months: number, anchorDay: number): Temporal.PlainDate {
  return date.with({ day: 1 }).add({ months }).with({ day: anchorDay })
}
