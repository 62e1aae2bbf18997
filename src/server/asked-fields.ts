import { z } from 'zod'
import { PurserError } from '../errors.ts'
import { type AskedPeriod, askedPeriod } from '../reports/asked-period.ts'
import type { Purser } from '../purser.ts'

// What several routes are asked with.

/** Texts separated by commas. */
export const listField = (what: string) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
    .describe(what)

export const whereField = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .describe('a filter, such as project=film, agent!=tester, model=gpt-4*; several mean and')
  .optional()

export const periodFields = {
  period: z.string().describe('day (or today), yesterday, week, month, year or all').optional(),
  since: z.string().describe('from this date or instant on').optional(),
  until: z.string().describe('up to and with this date, or up to this instant').optional(),
  timezone: z.string().optional(),
}

export interface AskedTime {
  readonly period?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly timezone?: string | undefined
}

/** The span that a request asks about; `period` is what counts where it says none. @throws PURSER_BAD_QUERY, PURSER_BAD_TIME */
export function askedSpan(
  { period, since, until, timezone }: AskedTime,
  purser: Purser,
  fallback: { readonly period: string; readonly weekStart: number },
): AskedPeriod {
  const name = period === 'day' ? 'today' : period
  const asked = {
    ...(name !== undefined && { period: name }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(timezone !== undefined && { timezone }),
  }
  const span = askedPeriod(asked, { timezone: purser.timezone, ...fallback })
  for (const ms of [span.sinceMs, span.untilMs]) if (ms !== undefined) assertTellable(ms)
  return span
}

/** Answers tell instants by years of four digits. @throws PURSER_BAD_TIME */
function assertTellable(ms: number): void {
  const text = new Date(ms).toISOString()
  if (/^\d{4}-/.test(text)) return
  throw new PurserError('PURSER_BAD_TIME', `The period reaches to ${text}; ask for years from 0000 to 9999.`)
}
