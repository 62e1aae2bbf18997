import { isDigit } from './json-skip.ts'

const dash = 45
const colon = 58

/**
 * The instant of a timestamp in bytes as Claude Code writes it, `2026-02-20T10:00:00.000Z`, in milliseconds since
 * 1970; undefined for any other text, for days that a month has not, and before 2000.
 */
export function writerInstant(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (start < 0 || end - start !== 24 || bytes[start + 23] !== 90) return undefined
  if (bytes[start + 4] !== dash || bytes[start + 7] !== dash || bytes[start + 10] !== 84) return undefined
  if (bytes[start + 13] !== colon || bytes[start + 16] !== colon || bytes[start + 19] !== 46) return undefined
  const year = digits(bytes, start, 4)
  const month = digits(bytes, start + 5, 2)
  const day = digits(bytes, start + 8, 2)
  const hour = digits(bytes, start + 11, 2)
  const minute = digits(bytes, start + 14, 2)
  const second = digits(bytes, start + 17, 2)
  const at = Date.UTC(year, month - 1, day, hour, minute, second, digits(bytes, start + 20, 3))
  const exists = year >= 2000 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59
  return exists && new Date(at).getUTCDate() === day ? at : undefined
}

function digits(bytes: Uint8Array, start: number, length: number): number {
  let value = 0
  for (let at = start; at < start + length; at += 1) {
    if (!isDigit(bytes[at])) return Number.NaN
    value = value * 10 + (bytes[at] as number) - 48
  }
  return value
}
