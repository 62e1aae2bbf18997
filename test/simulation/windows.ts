import type { Window } from '../../src/budgets/budget.ts'

/** First instant of a window, and the first after it. */
export interface Span {
  readonly start: number
  readonly end: number | null
}

export const quarterMs = 15 * 60 * 1000
const dayMs = 24 * 60 * 60 * 1000

/**
 * The window of an instant, found by looking: an instant has a name in its zone ("2026-03, begun on the 31st"), and the
 * window is all instants around it of the same name.
 */
export function windowOf(window: Window, zone: string, at: number): Span {
  if (window.kind === 'total' || window.kind === 'run') return { start: 0, end: null }
  if (window.kind === 'rolling') {
    const start = Math.floor(at / quarterMs) * quarterMs
    return { start, end: start + quarterMs }
  }
  const kind = `${JSON.stringify(window)} ${zone}`
  const known = found.get(kind) ?? []
  found.set(kind, known)
  let span = known.find(({ start, end }) => start <= at && (end === null || at < end))
  if (span === undefined) known.push((span = search(window, zone, at)))
  return span
}

const found = new Map<string, Span[]>()

/** Windows begin at a quarter of an hour, so the first and last quarter of the same name are searched for. */
function search(window: Window, zone: string, at: number): Span {
  const quarter = Math.floor(at / quarterMs)
  const name = nameOf(window, zone, quarter)
  const isSame = (other: number): boolean => nameOf(window, zone, other) === name
  const farthest = Math.ceil((400 * dayMs) / quarterMs)
  const reach = (direction: 1 | -1): number => {
    let [inside, outside] = [0, farthest]
    while (outside - inside > 1) {
      const middle = Math.floor((inside + outside) / 2)
      if (isSame(quarter + direction * middle)) inside = middle
      else outside = middle
    }
    return inside
  }
  return { start: (quarter - reach(-1)) * quarterMs, end: (quarter + reach(1) + 1) * quarterMs }
}

function nameOf(window: Window, zone: string, quarter: number): string {
  const { year, month, day, hour, offset } = localTime(zone, quarter)
  const date = Date.UTC(year, month - 1, day) / dayMs
  switch (window.kind) {
    case 'hour':
      return `${date} ${hour} ${offset}`
    case 'day':
      return String(date)
    case 'week': {
      // 1970-01-01 was a Thursday, the fourth day of its week.
      const weekday = ((date + 3) % 7) + 1
      return String(date - ((weekday - window.startsOn + 7) % 7))
    }
    case 'month': {
      const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
      const months = year * 12 + month
      return String(day >= Math.min(window.anchorDay, lastDay) ? months : months - 1)
    }
    case 'quarter':
      return `${year} ${Math.floor((month - 1) / 3)}`
    default:
      return String(year)
  }
}

interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly offset: string
}

const formats = new Map<string, Intl.DateTimeFormat>()
const localTimes = new Map<string, LocalTime>()

function localTime(zone: string, quarter: number): LocalTime {
  const key = `${zone} ${quarter}`
  let local = localTimes.get(key)
  if (local === undefined) localTimes.set(key, (local = readClock(zone, quarter * quarterMs)))
  return local
}

function readClock(zone: string, at: number): LocalTime {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...({ timeZone: zone, hourCycle: 'h23', timeZoneName: 'longOffset' } as const),
      ...({ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' } as const),
    })
    formats.set(zone, format)
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name))
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), offset: parts.get('timeZoneName') ?? '' }
}
