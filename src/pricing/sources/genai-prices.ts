import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import type { Meter } from '../../usage/meters.ts'
import type { Card, NamePattern, Rate } from '../card.ts'
import { decimalText } from './decimal-text.ts'
import { tierStart, unratedRule, whyNotSold } from './genai-prices-corrections.ts'
import type { SkippedPrice, SourceCards } from './source-cards.ts'

const amount = z.union([z.number(), z.string()])
const tiered = z.looseObject({ base: amount, tiers: z.array(z.looseObject({ start: z.int().min(0), price: amount })) })
const modelPrice = z.record(z.string(), z.union([amount, tiered]).nullish())
const conditionalPrice = z.looseObject({
  constraint: z.looseObject({ start_date: z.string().optional() }).nullish(),
  prices: modelPrice,
})
const providerList = z.array(
  z.looseObject({
    id: z.string().min(1),
    pricing_urls: z.array(z.string()).nullish(),
    models: z.array(
      z.looseObject({
        id: z.string().min(1),
        match: z.record(z.string(), z.unknown()),
        prices: z.union([z.array(conditionalPrice).min(1), modelPrice]),
      }),
    ),
  }),
)
type ModelPrice = z.infer<typeof modelPrice>
type Model = z.infer<typeof providerList>[number]['models'][number]

/** Units of genai-prices that are one of our meters: https://github.com/pydantic/genai-prices (prices/units.yml). */
const units: Readonly<Record<string, { meter: Meter; per: number }>> = {
  input_mtok: { meter: 'inputTokens', per: 1_000_000 },
  cache_read_mtok: { meter: 'cacheReadTokens', per: 1_000_000 },
  cache_write_mtok: { meter: 'cacheWrite5mTokens', per: 1_000_000 },
  cache_write_1h_mtok: { meter: 'cacheWrite1hTokens', per: 1_000_000 },
  output_mtok: { meter: 'outputTokens', per: 1_000_000 },
  output_reasoning_mtok: { meter: 'reasoningTokens', per: 1_000_000 },
  input_audio_mtok: { meter: 'audioInputTokens', per: 1_000_000 },
  cache_audio_read_mtok: { meter: 'audioCacheReadTokens', per: 1_000_000 },
  output_audio_mtok: { meter: 'audioOutputTokens', per: 1_000_000 },
  input_image_mtok: { meter: 'imageInputTokens', per: 1_000_000 },
  cache_image_read_mtok: { meter: 'imageCacheReadTokens', per: 1_000_000 },
  output_image_mtok: { meter: 'imageOutputTokens', per: 1_000_000 },
  input_video_mtok: { meter: 'videoInputTokens', per: 1_000_000 },
  output_video_mtok: { meter: 'videoOutputTokens', per: 1_000_000 },
  web_searches_kcount: { meter: 'searches', per: 1000 },
  requests_kcount: { meter: 'requests', per: 1000 },
  input_document_kpages: { meter: 'pages', per: 1000 },
  audio_hours: { meter: 'audioSeconds', per: 3600 },
  input_audio_hours: { meter: 'audioSeconds', per: 3600 },
}

/**
 * Cards from the provider list of genai-prices (its `data.json`, or what its npm package gives out).
 * Prices per million become rates per 1,000,000; a tier holds above (`>`) its start, for the whole request; a price
 * from a start date becomes a card of its own, and ends the one before it. What has no meter of ours, depends on the
 * hour, or is no price at all is named in `skipped`.
 * @param options.checkedAt ISO date of the list, which carries none itself.
 * @throws PURSER_CATALOG_REJECTED when the list does not have the shape of genai-prices.
 */
export function fromGenaiPrices(providers: unknown, options: { readonly checkedAt: string }): SourceCards {
  const parsed = providerList.safeParse(providers)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue === undefined ? '' : ` At ${issue.path.join('.') || 'the top'}: ${issue.message}.`
    throw new PurserError('PURSER_CATALOG_REJECTED', `This is not the provider list of genai-prices.${where} Nothing was applied.`)
  }
  const cards: Card[] = []
  const skipped: SkippedPrice[] = []
  for (const provider of parsed.data) {
    const source = provider.pricing_urls?.[0] ?? 'https://github.com/pydantic/genai-prices'
    for (const model of provider.models) {
      const skip = (key: string, reason: string) => skipped.push({ provider: provider.id, model: model.id, key, reason })
      const notSold = whyNotSold(provider.id, model.id)
      if (notSold !== undefined) skip('model', notSold)
      const periods = notSold === undefined ? readPeriods(model, skip) : []
      if (periods.length === 0) continue
      const names = readNames(model, skip)
      for (const { prices, ...period } of periods) {
        const rates = readRates(model.id, prices, skip).map((rate) => atPublishedStart(provider.id, rate, skip))
        if (rates.length === 0) continue
        const tier = rates.some((rate) => rate.from !== undefined) ? ({ tier: { mode: 'whole', comparison: '>' } } as const) : {}
        cards.push({
          provider: provider.id,
          model: model.id,
          ...names,
          ...period,
          rates,
          ...tier,
          unrated: isMediaWithoutMediaRates(model.id, rates) ? 'partial' : unratedRule(provider.id),
          source,
          checkedAt: options.checkedAt,
        })
      }
    }
  }
  return { cards, skipped }
}

function atPublishedStart(provider: string, rate: Rate, skip: Skip): Rate {
  if (rate.from === undefined) return rate
  const from = tierStart(provider, rate.from)
  if (from === rate.from) return rate
  skip(rate.meter, `starts above ${rate.from} tokens in the list; read as above ${from}, as the vendor publishes it`)
  return { ...rate, from }
}

type Skip = (key: string, reason: string) => void
interface Period {
  readonly prices: ModelPrice
  readonly validFrom?: string
  readonly validUntil?: string
}

/** The later of two prices with a start date ends the earlier one. */
function readPeriods(model: Model, skip: Skip): Period[] {
  if (!Array.isArray(model.prices)) return [{ prices: model.prices }]
  const dated: { from: string | undefined; prices: ModelPrice }[] = []
  for (const { constraint, prices } of model.prices) {
    if (constraint == null) dated.push({ from: undefined, prices })
    else if (constraint.start_date !== undefined) dated.push({ from: constraint.start_date, prices })
    else {
      skip('prices', 'has a price by the time of day, which the list cannot tell by date and weekday; the whole model is left out')
      return []
    }
  }
  dated.sort((a, b) => (a.from ?? '').localeCompare(b.from ?? ''))
  return dated.map(({ from, prices }, index) => toPeriod(prices, from, dated[index + 1]?.from))
}

function toPeriod(prices: ModelPrice, from: string | undefined, until: string | undefined): Period {
  return { ...(from === undefined ? {} : { validFrom: from }), ...(until === undefined ? {} : { validUntil: until }), prices }
}

function readRates(model: string, prices: ModelPrice, skip: Skip): Rate[] {
  const entries = Object.entries(prices).filter((entry) => entry[1] != null)
  if (entries.length === 0) {
    if (model.endsWith(':free')) return freeTokenRates
    skip('prices', 'gives no price, which may mean free or unknown')
    return []
  }
  const rates: Rate[] = []
  for (const [key, price] of entries) {
    const unit = units[key]
    if (unit === undefined || price == null) skip(key, 'no meter counts this unit')
    else {
      const own = toRates(unit, price)
      if (!rates.some((rate) => rate.meter === unit.meter)) rates.push(...own)
      else if (!rates.some((rate) => rate.meter === unit.meter && rate.usd === own[0]?.usd)) {
        skip(key, `names another price for ${unit.meter}, which has one already`)
      }
    }
  }
  return rates
}

const freeTokenRates: Rate[] = [
  { meter: 'inputTokens', usd: '0', per: 1_000_000 },
  { meter: 'outputTokens', usd: '0', per: 1_000_000 },
]

function toRates(unit: { meter: Meter; per: number }, price: NonNullable<ModelPrice[string]>): Rate[] {
  if (typeof price !== 'object') return [{ meter: unit.meter, usd: decimalText(price), per: unit.per }]
  const tiers = price.tiers.map((tier) => ({ meter: unit.meter, usd: decimalText(tier.price), per: unit.per, from: tier.start }))
  return [{ meter: unit.meter, usd: decimalText(price.base), per: unit.per }, ...tiers]
}

/**
 * The list rates a quantity without price at its parent's price. Where a model's name says that it deals in audio or
 * images and the list has none of those prices, the parent is text, and text's price would be a wrong one.
 */
function isMediaWithoutMediaRates(model: string, rates: readonly Rate[]): boolean {
  const lacks = (medium: string) => !rates.some((rate) => rate.meter.startsWith(medium))
  return (/audio|realtime|voice/.test(model) && lacks('audio')) || (/image/.test(model) && lacks('image'))
}

function readNames(model: Model, skip: Skip): { aliases?: string[]; patterns?: NamePattern[] } {
  const aliases: string[] = []
  const patterns: NamePattern[] = []
  for (const rule of alternatives(model.match)) {
    const pattern = toPattern(rule)
    if (typeof rule['equals'] === 'string') {
      if (rule['equals'] !== model.id && !aliases.includes(rule['equals'])) aliases.push(rule['equals'])
    } else if (pattern === undefined) skip('match', `cannot be told from other models safely: ${JSON.stringify(rule)}`)
    else patterns.push(pattern)
  }
  return { ...(aliases.length > 0 ? { aliases } : {}), ...(patterns.length > 0 ? { patterns } : {}) }
}

type MatchRule = Readonly<Record<string, unknown>>

function alternatives(rule: MatchRule): MatchRule[] {
  return Array.isArray(rule['or']) ? (rule['or'] as MatchRule[]).flatMap(alternatives) : [rule]
}

function toPattern(rule: MatchRule): NamePattern | undefined {
  if (typeof rule['starts_with'] === 'string') return { prefix: rule['starts_with'] }
  if (typeof rule['contains'] === 'string') return { contains: rule['contains'] }
  if (typeof rule['ends_with'] === 'string') return { contains: rule['ends_with'] }
  if (typeof rule['regex'] === 'string') return isAnchored(rule['regex']) ? { regex: rule['regex'] } : undefined
  if (Array.isArray(rule['and'])) return toConjunction(rule['and'] as MatchRule[])
  return undefined
}

/** A prefix that excludes some endings: our prefix takes no other ending than a date, version or region anyway. */
function toConjunction(rules: readonly MatchRule[]): NamePattern | undefined {
  const prefix = rules.find((rule) => typeof rule['starts_with'] === 'string')
  const others = rules.filter((rule) => rule !== prefix)
  const onlyExcludes = others.every((rule) => typeof rule['regex'] === 'string' && rule['regex'].startsWith('^(?!'))
  return prefix !== undefined && onlyExcludes ? toPattern(prefix) : undefined
}

function isAnchored(regex: string): boolean {
  return regex.startsWith('^') && regex.endsWith('$') && !regex.includes('|')
}
