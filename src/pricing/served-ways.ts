import { loadTemporal } from '../time/temporal.ts'
import type { CallRequest } from '../usage/requests/call-request.ts'
import type { Attributes } from '../usage/usage.ts'
import type { CompiledCard } from './compile-card.ts'
import type { DailyHours } from './card.ts'

/** One way in which a call may be served; the standard level is absent. */
export interface ServedWay {
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
  readonly attributes: Attributes
}

/** Every way in which a request may be served, the asked one first. An attribute that is open takes each value that the card knows. */
export function servedWays(request: CallRequest, card: CompiledCard): ServedWay[] {
  const open = Object.keys(request.attributes).filter((name) => request.attributes[name] === '*')
  const told = Object.fromEntries(Object.entries(request.attributes).filter(([, value]) => value !== '*'))
  let attributes: Attributes[] = [told]
  for (const name of open) {
    const values = [...(card.attributes.get(name) ?? [])]
    attributes = attributes.flatMap((some) => [some, ...values.map((value) => ({ ...some, [name]: value }))])
  }
  return request.serviceTiers.flatMap((serviceTier) =>
    request.speeds.flatMap((speed) =>
      request.regions.flatMap((region) => attributes.map((some) => ({ ...levels({ serviceTier, speed, region }), attributes: some }))),
    ),
  )
}

function levels(named: Readonly<Record<'serviceTier' | 'speed' | 'region', string>>): Partial<typeof named> {
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ''))
}

const dayMs = 86_400_000
const longestMs = 9 * dayMs

/**
 * Instants of a span at which other rates may hold: its beginning, the beginnings of cards, and the edges of their
 * hours, each in its own zone. Hours repeat every week, so more than nine days of a span show nothing new of them.
 */
export function instantsBetween(cards: readonly CompiledCard[], at: number, untilMs: number): number[] {
  const found = new Set([at])
  const add = (instant: number) => {
    if (instant > at && instant <= untilMs) found.add(instant)
  }
  for (const card of cards) {
    add(card.from)
    add(card.until)
  }
  const starts = [...found]
  const spans = cards.flatMap(({ hours }) => hours.flat())
  for (const start of starts)
    for (const span of spans) for (const edge of edges(span, start, Math.min(untilMs, start + longestMs))) add(edge)
  return [...found].toSorted((a, b) => a - b)
}

/** Begin and end of a span on every day of a period, and midnight; also where a clock is set forward or back. */
function edges(span: DailyHours, at: number, until: number): number[] {
  const zoned = loadTemporal().Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(span.zone)
  const found: number[] = []
  for (let day = zoned.toPlainDate(); ; day = day.add({ days: 1 })) {
    const midnight = day.toZonedDateTime(span.zone)
    if (midnight.epochMilliseconds > until) break
    for (const clock of ['00:00', span.from, span.to]) {
      if (clock === '24:00') continue
      for (const disambiguation of ['earlier', 'later'] as const) {
        found.push(day.toPlainDateTime(clock).toZonedDateTime(span.zone, { disambiguation }).epochMilliseconds)
      }
    }
    const change = midnight.getTimeZoneTransition('next')
    if (change !== null) found.push(change.epochMilliseconds)
  }
  return found
}
