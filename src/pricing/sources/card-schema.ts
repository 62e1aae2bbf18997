import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import { checkZone } from '../../time/calendar.ts'
import { type Meter, meterNames } from '../../usage/meters.ts'
import type { Card } from '../card.ts'

const isoDate = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/, 'write a date as 2026-08-01, or an instant as 2026-08-01T16:30:00Z')
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time of day as 16:30')
/** Amounts are text, so that no reader of the file makes a binary fraction of them. */
const amount = z.string().regex(/^\d+(\.\d+)?$/, 'write an amount as quoted decimal text, like "2.5"')
const meter = z.enum(meterNames as [Meter, ...Meter[]])

function isRegex(text: string): boolean {
  return passes(() => new RegExp(text))
}

function isZone(name: string): boolean {
  return passes(() => checkZone(name))
}

function passes(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

const conditions = z.strictObject({
  serviceTier: z.string().min(1).optional(),
  speed: z.string().min(1).optional(),
  region: z.string().min(1).optional(),
  hours: z
    .array(
      z.strictObject({
        from: clock,
        to: clock,
        zone: z.string().refine(isZone, 'write a zone of the IANA database, like Asia/Shanghai'),
        weekdays: z.array(z.int().min(1).max(7)).min(1).optional(),
      }),
    )
    .min(1)
    .optional(),
  attributes: z.record(z.string(), z.string()).optional(),
})

export const rateSchema = z.strictObject({
  meter,
  usd: amount,
  per: z.int().min(1),
  from: z.int().min(0).optional(),
  when: conditions.optional(),
  minimum: z.number().min(0).optional(),
  increment: z.number().positive().optional(),
})
export const modifierSchema = z.strictObject({ when: conditions, factor: amount, meters: z.array(meter).min(1).optional() })
export const patternSchema = z.union([
  z.strictObject({ prefix: z.string().min(1) }),
  z.strictObject({ contains: z.string().min(1) }),
  z.strictObject({ regex: z.string().startsWith('^').endsWith('$').refine(isRegex, 'write a regular expression') }),
])

export const cardFields = {
  aliases: z.array(z.string().min(1)).optional(),
  patterns: z.array(patternSchema).optional(),
  validFrom: isoDate.optional(),
  validUntil: isoDate.optional(),
  knownSince: isoDate.optional(),
  rates: z.array(rateSchema).min(1),
  modifiers: z.array(modifierSchema).optional(),
  tier: z.strictObject({ mode: z.enum(['whole', 'marginal']), comparison: z.enum(['>', '>=']) }).optional(),
  defaults: z.record(z.string(), z.array(z.string().min(1)).min(1)).optional(),
  alternatives: z.array(z.strictObject({ meter, billedBy: z.array(meter).min(1) })).optional(),
  unrated: z.enum(['partial', 'as-parent', 'as-parent-but-audio']).optional(),
  source: z.string().min(1),
  checkedAt: isoDate,
  note: z.string().optional(),
}

export const cardSchema = z.strictObject({ provider: z.string().min(1), model: z.string().min(1), ...cardFields })

/**
 * Reads a list of cards in purser's own format: what `catalog show --json` prints, and what the shipped YAML holds.
 * @throws PURSER_BAD_CARD naming the first field that is wrong, by place, provider and model.
 */
export function parseCards(input: unknown): Card[] {
  if (!Array.isArray(input))
    throw new PurserError('PURSER_BAD_CARD', 'A list of cards is expected: an array of {provider, model, rates, …}.')
  return input.map((entry, index) => parseEntry(cardSchema, entry, index) as Card)
}

/** One entry of a list of cards, checked against its schema. */
export function parseEntry<T>(schema: z.ZodType<T>, entry: unknown, index: number): T {
  const parsed = schema.safeParse(entry)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const { provider, model } = typeof entry === 'object' && entry !== null ? (entry as { provider?: unknown; model?: unknown }) : {}
  const name = typeof model === 'string' ? ` (${typeof provider === 'string' ? `${provider}/` : ''}${model})` : ''
  throw new PurserError(
    'PURSER_BAD_CARD',
    `Card ${index + 1}${name}, ${issue?.path.join('.') || 'as a whole'}: ${issue?.message ?? 'malformed'}.`,
  )
}
