import { closest } from '../text/closest.ts'
import { weekdays } from '../time/weekdays.ts'
import type { Window } from './budget.ts'
import { type InputPlace, shown } from './input-place.ts'

const names = ['run', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total'] as const
const hoursOf: Readonly<Record<string, number>> = { h: 1, d: 24, w: 168 }
const longestHours = 366 * 24

/** How a window is written, for messages and help. */
export const windowGrammar = `${names.join(', ')}, month@15 for months that begin on the 15th, week@sunday, or 24h or 7d for the last hours or days`

/**
 * The window of a text: a name, `month@15`, `week@sunday`, or a number of hours, days or weeks that roll, `24h`, `7d`
 * (`rolling 24h` is the same).
 * @param weekStart ISO weekday of a plain `week`.
 */
export function parseWindow(value: unknown, weekStart: number, place: InputPlace): Window {
  const wrong = (hint: string): never => place.refuse(`is ${shown(value)}; ${hint}`)
  if (typeof value !== 'string') return wrong(`write ${windowGrammar}`)
  const text = value.trim().toLowerCase()
  const [, count, unit = ''] = /^(?:rolling\s+)?(\d{1,6})\s*([hdw])$/.exec(text) ?? []
  if (count !== undefined) {
    const hours = Number(count) * (hoursOf[unit] ?? 0)
    return hours >= 1 && hours <= longestHours ? { kind: 'rolling', hours } : wrong('a rolling window has from 1h to 366d')
  }
  const [name = '', at] = text.split('@', 2)
  if (name === 'month') {
    const anchorDay = at === undefined ? 1 : /^\d{1,2}$/.test(at) ? Number(at) : 0
    return anchorDay >= 1 && anchorDay <= 31 ? { kind: 'month', anchorDay } : wrong('a month begins on a day from 1 to 31, like month@15')
  }
  if (name === 'week') {
    const startsOn = at === undefined ? weekStart : (weekdays as readonly string[]).indexOf(at) + 1
    return startsOn > 0 ? { kind: 'week', startsOn } : wrong(`a week begins on one of ${weekdays.join(', ')}, like week@sunday`)
  }
  const kind = at === undefined ? names.find((each) => each === name) : undefined
  if (kind !== undefined) return { kind } as Window
  const nearest = closest(name, names)
  return wrong(nearest === undefined ? `write ${windowGrammar}` : `did you mean "${nearest}"? Write ${windowGrammar}`)
}
