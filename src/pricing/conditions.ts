import { loadTemporal } from '../time/temporal.ts'
import type { Conditions, DailyHours, Modifier } from './card.ts'

/** The service levels by which prices differ; each has a standard that needs no name. */
export const serviceLevels = ['serviceTier', 'speed', 'region'] as const
export type ServiceLevel = (typeof serviceLevels)[number]

/** How a call was served, as conditions see it. A level that is undefined is the standard one. */
export interface Served {
  readonly serviceTier: string | undefined
  readonly speed: string | undefined
  readonly region: string | undefined
  /** Whether a call at this time falls into the hours. */
  readonly isDuring: (hours: readonly DailyHours[]) => boolean
  /** In lower case; undefined where it is absent or the vendor's default. */
  readonly attribute: (name: string) => string | undefined
}

/** A served level by its name, with the names of the standard one taken as undefined. */
export function servedLevel(value: string | undefined): string | undefined {
  return value === 'standard' || value === 'default' || value === '' ? undefined : value
}

/** Whether conditions say something about a level as it was served. */
export function names(when: Conditions | undefined, level: ServiceLevel, served: string): boolean {
  const named = when?.[level]
  return named === '*' || named === served
}

/** Whether hours and attributes hold, and every level that is named is the one served. */
function namedHold(when: Conditions, served: Served): boolean {
  for (const level of serviceLevels) {
    const named = when[level]
    if (named !== undefined && named !== '*' && named !== (served[level] ?? 'standard')) return false
  }
  if (when.hours !== undefined && !served.isDuring(when.hours)) return false
  for (const name in when.attributes) {
    if (when.attributes[name]?.toLowerCase() !== served.attribute(name)) return false
  }
  return true
}

/**
 * Whether a rate applies. A level that the rate does not name must be standard, or `coversLevel`: a modifier turns the
 * standard rate into that of the level, or the level has no price of its own for this meter.
 */
export function rateHolds(when: Conditions | undefined, served: Served, coversLevel: (level: ServiceLevel) => boolean): boolean {
  for (const level of serviceLevels) {
    if (when?.[level] === undefined && served[level] !== undefined && !coversLevel(level)) return false
  }
  return when === undefined || namedHold(when, served)
}

/** Whether a modifier applies: everything that it names holds, and what it does not name may be anything. */
export function modifierHolds(modifier: Modifier, served: Served): boolean {
  return namedHold(modifier.when, served)
}

/** How many conditions are named; the rate with most wins. `*` is satisfied by anything and counts for nothing. */
export function specificity(when: Conditions | undefined): number {
  if (when === undefined) return 0
  const levels = serviceLevels.filter((level) => when[level] !== undefined && when[level] !== '*').length
  return levels + (when.hours === undefined ? 0 : 1) + Object.keys(when.attributes ?? {}).length
}

/** Whether a rate names one of the conditions of a modifier itself, and so is final for it. */
export function isFinalFor(rate: Conditions | undefined, modifier: Conditions): boolean {
  if (rate === undefined) return false
  if (serviceLevels.some((level) => rate[level] !== undefined && rate[level] !== '*' && modifier[level] !== undefined)) return true
  if (rate.hours !== undefined && modifier.hours !== undefined) return true
  return Object.keys(modifier.attributes ?? {}).some((name) => rate.attributes?.[name] !== undefined)
}

/**
 * Whether an instant falls into one of the spans, each in its own zone. A span that crosses midnight belongs to the
 * day on which it starts: Friday 22:00 to 06:00 still holds at 05:00 on Saturday.
 */
export function isDuring(hours: readonly DailyHours[], at: number): boolean {
  return hours.some((span) => {
    const local = loadTemporal().Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(span.zone)
    const minute = local.hour * 60 + local.minute
    const from = minuteOfDay(span.from)
    const to = minuteOfDay(span.to)
    const isOn = (weekday: number) => span.weekdays === undefined || span.weekdays.includes(weekday)
    if (from < to) return minute >= from && minute < to && isOn(local.dayOfWeek)
    const yesterday = local.dayOfWeek === 1 ? 7 : local.dayOfWeek - 1
    return (minute >= from && isOn(local.dayOfWeek)) || (minute < to && isOn(yesterday))
  })
}

function minuteOfDay(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
}
