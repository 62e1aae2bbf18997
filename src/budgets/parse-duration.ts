import { PurserError } from '../errors.ts'

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/**
 * A span of time as people write it, in milliseconds: `500ms`, `90s`, `15m`, `24h`, `7d`, `2w`, and joined, `1h30m`.
 * A day is 24 hours.
 * @throws PURSER_BAD_ARGUMENT
 */
export function parseDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+)(ms|[smhdw])/g)]
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text.trim()
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ''] ?? 0), 0)
  if (isWhole && Number.isSafeInteger(total)) return total
  throw new PurserError('PURSER_BAD_ARGUMENT', `"${text}" is no span of time. Write it like 90s, 15m, 24h or 7d.`)
}
