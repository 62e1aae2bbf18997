import { asFields, asText, type Fields } from './fields.ts'

/**
 * The events of a stream, or the one body of a response that was not streamed. Reads lists of parsed events, of
 * server-sent events (`{ event, data }` or `data: …` lines), and the text of a whole stream.
 */
export function toEvents(body: unknown): readonly Fields[] {
  if (typeof body === 'string') return toEvents(parseJson(body) ?? body.split(/\r?\n/).filter((line) => line !== ''))
  if (!Array.isArray(body)) {
    const fields = asFields(body)
    return fields === undefined ? [] : [fields]
  }
  const events: Fields[] = []
  for (const item of body) {
    const event = toEvent(item)
    if (event !== undefined) events.push(event)
  }
  return events
}

function toEvent(item: unknown): Fields | undefined {
  if (typeof item === 'string') return parseData(item.startsWith('data:') ? item.slice(5) : item)
  const fields = asFields(item)
  // An event whose own fields are there is one already; a bare envelope carries it in `data`.
  if (fields === undefined || fields['data'] === undefined || !isEnvelope(fields)) return fields
  return typeof fields['data'] === 'string' ? parseData(fields['data']) : asFields(fields['data'])
}

function isEnvelope(fields: Fields): boolean {
  return Object.keys(fields).every((name) => name === 'event' || name === 'data' || name === 'id' || name === 'retry')
}

function parseData(text: string): Fields | undefined {
  return asFields(parseJson(text))
}

/** Undefined for `[DONE]`, names of events, and a line that a cut connection left half written: the rest still counts. */
function parseJson(text: string): object | undefined {
  const trimmed = text.trim()
  if (!/^[{[]/.test(trimmed)) return undefined
  try {
    return JSON.parse(trimmed) as object
  } catch {
    return undefined
  }
}

/** The last event for which `pick` finds something: the final usage of a stream, its model, its stop reason. */
export function lastOf<T>(events: readonly Fields[], pick: (event: Fields) => T | undefined): T | undefined {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index]
    const found = event === undefined ? undefined : pick(event)
    if (found !== undefined) return found
  }
  return undefined
}

/** The last event that has text in a field. */
export function lastText(events: readonly Fields[], name: string): string | undefined {
  return lastOf(events, (event) => asText(event[name]))
}
