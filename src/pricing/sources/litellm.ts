import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import type { Card, Conditions, Modifier, Rate } from '../card.ts'
import { decimalText } from './decimal-text.ts'
import { isPriceKey, readPriceKey } from './litellm-keys.ts'
import { type LiteLlmName, readName } from './litellm-names.ts'
import type { SkippedPrice, SourceCards } from './source-cards.ts'

const listSchema = z.record(z.string(), z.looseObject({ litellm_provider: z.string().optional(), mode: z.string().optional() }))
const amount = z.number().min(0)
const searchSchema = z.strictObject({
  search_context_size_low: amount,
  search_context_size_medium: amount,
  search_context_size_high: amount,
})
const bandSchema = z.looseObject({ range: z.tuple([z.number(), z.number()]) })
type Entry = z.infer<typeof listSchema>[string]
type Skip = (key: string, reason: string) => void

interface Draft {
  readonly name: LiteLlmName
  readonly source: string | undefined
  readonly rates: Rate[]
  readonly modifiers: Modifier[]
}

/** Modes whose entries are padded with zeros for what they do not bill. */
const tokenModes = new Set(['chat', 'completion', 'responses', 'realtime'])

/**
 * Cards from LiteLLM's `model_prices_and_context_window.json`. Amounts per token become amounts per 1,000,000, exactly
 * as the JSON numbers name them; entries that differ only in an image's size and quality become one card. What is not
 * understood is named in `skipped`, and errors of the list are kept for validation to find.
 * @param options.checkedAt ISO date of the list, which carries none itself.
 * @throws PURSER_CATALOG_REJECTED when the list does not have the shape of LiteLLM's.
 */
export function fromLiteLlm(list: unknown, options: { readonly checkedAt: string }): SourceCards {
  const parsed = listSchema.safeParse(list)
  if (!parsed.success || Object.keys(parsed.data).length === 0) {
    throw new PurserError(
      'PURSER_CATALOG_REJECTED',
      'This is not the price list of LiteLLM, an object of models by name. Nothing was applied.',
    )
  }
  const drafts = new Map<string, Draft>()
  const skipped: SkippedPrice[] = []
  for (const [key, entry] of Object.entries(parsed.data)) {
    if (key === 'sample_spec') continue
    const name = readName(key, entry.litellm_provider ?? 'unknown')
    const skip: Skip = (what, reason) => skipped.push({ provider: name.provider, model: name.model, key: what, reason })
    const read = readEntry(name, entry, skip)
    if (read.rates.length === 0) {
      skip('prices', 'gives no price that a meter counts')
      continue
    }
    const id = `${name.provider}\u0000${name.model}`
    const before = drafts.get(id)
    if (before === undefined) drafts.set(id, read)
    else mergeInto(before, read, skip)
  }
  return { cards: [...drafts.values()].map((draft) => toCard(draft, options.checkedAt)), skipped }
}

function readEntry(name: LiteLlmName, entry: Entry, skip: Skip): Draft {
  const source = entry['source']
  const draft: Draft = { name, source: typeof source === 'string' && source !== '' ? source : undefined, rates: [], modifiers: [] }
  const mode = entry.mode ?? 'chat'
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'search_context_cost_per_query') draft.rates.push(...toSearchRates(value, skip))
    else if (key === 'tiered_pricing') draft.rates.push(...toBandRates(value, mode, skip))
    else if (key === 'provider_specific_entry' || key.startsWith('regional_processing_uplift_multiplier_'))
      draft.modifiers.push(...toModifiers(key, value, skip))
    else if (isPriceKey(key)) addRate(draft, key, value, mode, skip)
  }
  if (!tokenModes.has(mode) && draft.rates.some((rate) => rate.usd !== '0')) removeZeros(draft.rates)
  return draft
}

function addRate(draft: Draft, key: string, value: unknown, mode: string, skip: Skip): void {
  if (value === null) return
  const price = readPriceKey(key, mode)
  if (price === undefined) {
    if (value !== 0) skip(key, 'no meter counts this unit')
    return
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return skip(key, `is ${JSON.stringify(value)}, which is no amount`)
  const { meter, per, scale, from, when: condition } = price
  const when: Conditions = { ...condition, ...(draft.name.attributes === undefined ? {} : { attributes: draft.name.attributes }) }
  const rate: Rate = {
    meter,
    usd: decimalText(value, scale),
    per,
    ...(from === undefined ? {} : { from }),
    ...(Object.keys(when).length === 0 ? {} : { when }),
  }
  const at = draft.rates.findIndex((other) => slot(other) === slot(rate))
  const before = draft.rates[at]
  if (before === undefined) draft.rates.push(rate)
  else if (before.usd === '0') draft.rates[at] = rate
  else if (before.usd !== rate.usd && rate.usd !== '0') skip(key, `names another price for ${meter}: ${rate.usd} beside ${before.usd}`)
}

/** Web search by the query: one price, or one by how much context is searched for. */
function toSearchRates(value: unknown, skip: Skip): Rate[] {
  const parsed = searchSchema.safeParse(value)
  if (!parsed.success) {
    skip('search_context_cost_per_query', 'is not of the form low, medium, high')
    return []
  }
  const { search_context_size_low: low, search_context_size_medium: medium, search_context_size_high: high } = parsed.data
  const rates: Rate[] = [{ meter: 'searches', usd: decimalText(medium, 3), per: 1000 }]
  for (const [size, usd] of Object.entries({ low, high })) {
    if (usd === medium) continue
    rates.push({ meter: 'searches', usd: decimalText(usd, 3), per: 1000, when: { attributes: { searchContext: size } } })
  }
  return rates
}

/** Prices by bands of prompt length, each from the end of the one before. */
function toBandRates(value: unknown, mode: string, skip: Skip): Rate[] {
  const parsed = z.array(bandSchema).safeParse(value)
  if (!parsed.success) {
    skip('tiered_pricing', 'is not by ranges of prompt tokens')
    return []
  }
  const rates: Rate[] = []
  for (const { range, ...prices } of parsed.data) {
    const band = range[0] === 0 ? {} : { from: range[0] }
    for (const [key, price] of Object.entries(prices)) {
      const read = readPriceKey(key, mode)
      if (read === undefined || typeof price !== 'number' || !Number.isFinite(price))
        skip(`tiered_pricing.${key}`, 'no meter counts this unit')
      else rates.push({ meter: read.meter, usd: decimalText(price, read.scale), per: read.per, ...band })
    }
  }
  return rates
}

function toModifiers(key: string, value: unknown, skip: Skip): Modifier[] {
  if (key !== 'provider_specific_entry') {
    if (typeof value !== 'number') return []
    return [{ when: { region: key.slice(key.lastIndexOf('_') + 1) }, factor: decimalText(value) }]
  }
  const modifiers: Modifier[] = []
  for (const [name, factor] of Object.entries(typeof value === 'object' && value !== null ? value : {})) {
    if (typeof factor !== 'number') continue
    if (name === 'fast') modifiers.push({ when: { speed: 'fast' }, factor: decimalText(factor) })
    else if (name === 'us') modifiers.push({ when: { region: 'us' }, factor: decimalText(factor) })
    else skip(`provider_specific_entry.${name}`, 'is a factor that no condition of a card describes')
  }
  return modifiers
}

/** Sizes and qualities of one image model come together; of two entries for one thing the first counts. */
function mergeInto(draft: Draft, other: Draft, skip: Skip): void {
  const isRepeated = other.name.attributes === undefined && draft.name.attributes === undefined
  for (const rate of other.rates) {
    const before = draft.rates.find((known) => slot(known) === slot(rate))
    if (before?.usd === rate.usd) continue
    if (before === undefined && !isRepeated) draft.rates.push(rate)
    else skip(rate.meter, `another entry of the same model gives ${before?.usd ?? 'no price'}, this one ${rate.usd}`)
  }
}

/** Values for which the list has no key of its own where they cost what the plain key says. */
const unnamedValues: Readonly<Record<string, readonly string[]>> = { searchContext: ['low', 'medium', 'high'], resolution: ['720p'] }

function toCard({ name, source, rates, modifiers }: Draft, checkedAt: string): Card {
  const tier = rates.some((rate) => rate.from !== undefined) ? ({ tier: { mode: 'whole', comparison: '>' } } as const) : {}
  const attributes = new Set(rates.flatMap((rate) => Object.keys(rate.when?.attributes ?? {})))
  const defaults = Object.fromEntries(Object.entries(unnamedValues).filter(([attribute]) => attributes.has(attribute)))
  const drawsByTokens = (['images', 'imageOutputTokens'] as const).every((meter) => rates.some((rate) => rate.meter === meter))
  return {
    provider: name.provider,
    model: name.model,
    rates,
    ...(modifiers.length > 0 ? { modifiers } : {}),
    ...tier,
    ...(Object.keys(defaults).length > 0 ? { defaults } : {}),
    ...(drawsByTokens ? { alternatives: [{ meter: 'images', billedBy: ['imageOutputTokens'] }] as const } : {}),
    source: source ?? 'https://github.com/BerriAI/litellm',
    checkedAt,
  }
}

function slot(rate: Rate): string {
  return JSON.stringify([rate.meter, rate.from ?? 0, rate.when ?? {}])
}

function removeZeros(rates: Rate[]): void {
  for (let index = rates.length - 1; index >= 0; index -= 1) if (rates[index]?.usd === '0') rates.splice(index, 1)
}
