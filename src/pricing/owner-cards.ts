import { z } from 'zod'
import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import type { Card, NamePattern } from './card.ts'
import { freeRates, rateKeys, toRates } from './owner-rates.ts'
import { cardFields } from './sources/card-schema.ts'

/** The names by which people call the models of Anthropic; an entry under them needs no provider. */
const anthropicNames = new Set(['haiku', 'sonnet', 'opus'])
/** The date of prices that their owner gave without one. */
const noDate = '1970-01-01'

const { rates, modifiers, patterns, tier, defaults, alternatives, unrated, validFrom, validUntil, knownSince, source } = cardFields
const { checkedAt, note, aliases } = cardFields
const writtenCard = z.strictObject({
  provider: z.string().min(1).optional(),
  aliases,
  match: z.union([z.string().min(1), z.array(z.string().min(1))]).optional(),
  free: z.boolean().optional(),
  last_updated: checkedAt.optional(),
  checkedAt: checkedAt.optional(),
  source: source.optional(),
  rates: rates.optional(),
  modifiers,
  patterns,
  tier,
  defaults,
  alternatives,
  unrated,
  validFrom,
  validUntil,
  knownSince,
  note,
})
const entryKeys = [...Object.keys(rateKeys), ...Object.keys(writtenCard.shape)]
const blockKeys = ['models', 'last_updated']

export interface OwnerCards {
  readonly cards: Card[]
  readonly warnings: string[]
}
type Mapping = Readonly<Record<string, unknown>>

/**
 * The owner's prices: the `pricing:` block of purser.yaml. `models:` holds entries by model name; any other mapping is
 * a provider with entries by model name, or with one price for all of its models. A model named `*` stands for every
 * model of the provider that no card names.
 * @param options.source What the cards give as their source, e.g. the path of the file.
 * @throws PURSER_BAD_CONFIG naming the path, and for a mistyped key the nearest valid one.
 */
export function parseOwnerCards(pricing: unknown, options: { readonly source: string }): OwnerCards {
  const block = toMapping(pricing, 'pricing')
  const date = block['last_updated'] === undefined ? undefined : toDate(block['last_updated'], 'pricing.last_updated')
  const result: OwnerCards = { cards: [], warnings: [] }
  const add = (model: string, entry: unknown, path: string, provider?: string) => {
    const card = toCard(model, toMapping(entry, path), path, { provider, date, source: options.source })
    result.cards.push(card)
    if (card.unrated === 'as-parent' && !card.rates.some((rate) => rate.meter.startsWith('cache'))) {
      result.warnings.push(`${path} gives no cache prices; cached tokens of ${card.model} are priced as input.`)
    }
  }
  for (const [name, value] of Object.entries(block)) {
    const path = `pricing.${name}`
    if (name === 'last_updated') continue
    if (name === 'models') {
      for (const [model, entry] of Object.entries(toMapping(value, path))) add(model, entry, `${path}.${model}`)
      continue
    }
    rejectUnknown(name, blockKeys, path, !isMapping(value))
    const service = toMapping(value, path)
    if (Object.values(service).every(isMapping)) {
      for (const [model, entry] of Object.entries(service)) add(model, entry, `${path}.${model}`, name)
    } else add('*', service, path, name)
  }
  if (date === undefined && result.cards.some((card) => card.checkedAt === noDate)) {
    result.warnings.push('pricing.last_updated is missing; add the date on which you last compared these prices with their source.')
  }
  return result
}

interface Defaults {
  readonly provider: string | undefined
  readonly date: string | undefined
  readonly source: string
}

function toCard(model: string, entry: Mapping, path: string, block: Defaults): Card {
  for (const key of Object.keys(entry)) rejectUnknown(key, entryKeys, `${path}.${key}`, !entryKeys.includes(key))
  const written = readWritten(entry, path)
  const { match, free, last_updated: updated, aliases: names = [], patterns: given = [], rates: own = [], ...rest } = written
  const provider = written.provider ?? block.provider ?? (anthropicNames.has(model) ? 'anthropic' : undefined)
  if (provider === undefined) {
    throw new PurserError('PURSER_BAD_CONFIG', `${path} does not say whose model it is; add a line like "provider: openai".`)
  }
  const short = toRates(entry, path)
  if (free === true && short.length + own.length > 0) {
    throw new PurserError('PURSER_BAD_CONFIG', `${path} is free and has prices; keep one of the two.`)
  }
  if (free !== true && short.length + own.length === 0) {
    throw new PurserError('PURSER_BAD_CONFIG', `${path} has no price; give one, like "input_per_million: 3", or "free: true".`)
  }
  const matches = typeof match === 'string' ? [match] : (match ?? [])
  const allAliases = [...names, ...matches.filter((name) => !name.includes('*'))]
  const globs = [...matches.filter((name) => name.includes('*')), ...(model === '*' ? ['*'] : [])]
  const allPatterns = [...given, ...globs.map(toPattern)]
  const bothWays = ['inputTokens', 'outputTokens'].every((meter) => short.some((rate) => rate.meter === meter))
  return {
    ...(bothWays ? { unrated: 'as-parent' } : {}),
    ...(rest as Partial<Card>),
    provider,
    model,
    ...(allAliases.length > 0 ? { aliases: allAliases } : {}),
    ...(allPatterns.length > 0 ? { patterns: allPatterns } : {}),
    rates: free === true ? freeRates : [...short, ...(own as Card['rates'])],
    source: written.source ?? block.source,
    checkedAt: written.checkedAt ?? updated ?? block.date ?? noDate,
  }
}

function readWritten(entry: Mapping, path: string): z.infer<typeof writtenCard> {
  const full = Object.fromEntries(Object.entries(entry).filter(([key]) => !Object.hasOwn(rateKeys, key)))
  const parsed = writtenCard.safeParse(full)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new PurserError('PURSER_BAD_CONFIG', `${[path, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'malformed'}.`)
}

/** `claude-haiku-*` covers whatever begins so. */
function toPattern(glob: string): NamePattern {
  return { regex: `^${glob.split('*').map(escapeForRegex).join('.*')}$` }
}

function escapeForRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

function toDate(value: unknown, path: string): string {
  const parsed = checkedAt.safeParse(value)
  if (parsed.success) return parsed.data
  throw new PurserError('PURSER_BAD_CONFIG', `${path} is ${JSON.stringify(value)}; write a date as "2026-02-01".`)
}

/** A key that is unknown, or so near a known one that it is a slip of the pen. */
function rejectUnknown(key: string, known: readonly string[], path: string, isWrong: boolean): void {
  const nearest = closest(key, known)
  if (!isWrong && (nearest === undefined || known.includes(key))) return
  const hint = nearest === undefined ? ` Known keys: ${known.join(', ')}.` : ` Did you mean "${nearest}"?`
  throw new PurserError('PURSER_BAD_CONFIG', `${path} is not a key that purser knows.${hint}`)
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A key whose entries are all commented out is an empty mapping. */
function toMapping(value: unknown, path: string): Mapping {
  if (value === null) return {}
  if (isMapping(value)) return value
  throw new PurserError('PURSER_BAD_CONFIG', `${path} is ${JSON.stringify(value) ?? 'empty'}; a mapping of names to prices is expected.`)
}

const dayMs = 86_400_000
const staleAfterDays = 30

/**
 * One warning for each date on which the owner last checked prices, where that is more than 30 days ago: the models
 * and the age. Free models cannot grow dearer and are left out.
 * @param now Milliseconds since 1970.
 */
export function staleOwnerPrices(cards: readonly Card[], now: number): string[] {
  const byDate = new Map<string, string[]>()
  for (const card of cards) {
    if (card.checkedAt === noDate || card.rates.every((rate) => Number(rate.usd) === 0)) continue
    const models = byDate.get(card.checkedAt)
    if (models === undefined) byDate.set(card.checkedAt, [card.model])
    else models.push(card.model)
  }
  const warnings: string[] = []
  for (const [date, models] of [...byDate].toSorted(([a], [b]) => a.localeCompare(b))) {
    const ageDays = Math.floor((now - Date.parse(date)) / dayMs)
    if (ageDays > staleAfterDays) {
      warnings.push(
        `The prices of ${models.join(', ')} were last checked on ${date}, ${ageDays} days ago. Compare them with the provider's price page and set pricing.last_updated.`,
      )
    }
  }
  return warnings
}
