import { PurserError } from '../../errors.ts'

/** A JSON object whose fields nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>

export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The first of several fields that holds an object. */
export function firstFields(fields: Fields | undefined, names: readonly string[]): Fields | undefined {
  for (const name of names) {
    const found = asFields(fields?.[name])
    if (found !== undefined) return found
  }
  return undefined
}

/** The first of several fields that holds text. */
export function firstText(fields: Fields | undefined, names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = asText(fields?.[name])
    if (found !== undefined) return found
  }
  return undefined
}

/** A dollar amount as the provider wrote it; undefined where it is no number, or negative. */
export function asDollars(value: unknown): string | undefined {
  const amount = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) return undefined
  return String(value)
}

/** A value as a warning shows it: numbers and names as they are, never prose. */
export function show(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/+-]{0,40}$/.test(value) ? `"${value}"` : `text of ${value.length} characters`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return String(value)
}

/** The error of a body in which a reader finds nothing to count. */
export function unreadable(api: string, expected: string): PurserError {
  return new PurserError('PURSER_UNREADABLE_USAGE', `The ${api} response carries no usage: ${expected}.`)
}
