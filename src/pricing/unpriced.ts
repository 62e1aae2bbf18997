import { closest } from '../text/closest.ts'
import { type Meter, meters } from '../usage/meters.ts'
import { quantities, type Usage } from '../usage/usage.ts'
import type { Card, Rate } from './card.ts'
import type { Candidate, Catalog } from './catalog.ts'
import type { ServiceLevel } from './conditions.ts'
import type { PriceRequest } from './priced.ts'

/** Why a model has no price, which known names are near, and the YAML that gives it one. */
export function explainUnknownModel(catalog: Catalog, request: PriceRequest): string {
  const { provider, model, usage } = request
  return `No price is known for model "${model}" of provider "${provider}".${suggest(catalog, provider, model)}${ownPrice(request, usage)}`
}

export function explainNoCardAtDate(candidates: readonly Candidate[], request: PriceRequest): string {
  const periods = candidates
    .flatMap(({ cards }) => cards.map(({ card }) => `${card.model} ${card.validFrom ?? '…'} to ${card.validUntil ?? '…'}`))
    .join(', ')
  const day = Number.isFinite(request.at) ? new Date(request.at).toISOString() : String(request.at)
  return `No card of model "${request.model}" of provider "${request.provider}" holds at ${day}; there are: ${periods}.${ownPrice(request, request.usage)}`
}

export function explainUnknownLevel(card: Card, unknown: { readonly level: ServiceLevel; readonly value: string }): string {
  const { level, value } = unknown
  const word = level === 'serviceTier' ? 'service tier' : level
  const rates = card.rates.map((rate) => `        - ${flow(rate)}`)
  const modifiers = [...(card.modifiers ?? []).map(flow), `{ when: { ${level}: ${quote(value)} }, factor: "…" }`]
  const yaml = [...head(card.provider, card.model), '      rates:', ...rates, '      modifiers:', ...modifiers.map((text) => `        - ${text}`)]
  return (
    `The card of model "${card.model}" of provider "${card.provider}" has no price for ${word} "${value}". ` +
    `If the tokens cost a fixed multiple of the standard rates, say so in purser.yaml:\n${yaml.join('\n')}`
  )
}

export function explainUnrated(card: Card, unrated: readonly Meter[], request: PriceRequest): string {
  const attributes = Object.entries(request.usage.attributes ?? {}).map(([name, value]) => `${name} ${value}`)
  const served = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`
  return (
    `The card of model "${card.model}" of provider "${card.provider}" has no rate for ${unrated.join(', ')}${served} as served.` +
    ownPrice({ provider: card.provider, model: card.model }, request.usage)
  )
}

function suggest(catalog: Catalog, provider: string, model: string): string {
  const cards = catalog.cardsOf(provider)
  if (cards.length === 0) {
    const near = closest(provider, catalog.providers())
    return ` No card names this provider.${near === undefined ? '' : ` Did you mean "${near}"?`}`
  }
  const near = nearest(model, new Set(cards.flatMap((card) => [card.model, ...(card.aliases ?? [])])))
  return near.length === 0 ? '' : ` Nearest known: ${near.join(', ')}.`
}

/** At most three names that begin alike or are near in spelling. */
function nearest(model: string, names: Set<string>): string[] {
  const found: string[] = []
  for (let count = 0; count < 3; count += 1) {
    const near = closest(model, names)
    if (near === undefined) break
    found.push(near)
    names.delete(near)
  }
  if (found.length > 0) return found
  const alike = [...names].filter((name) => model.startsWith(name) || model.includes(name) || name.startsWith(model))
  return alike.toSorted((a, b) => b.length - a.length).slice(0, 3)
}

/** How the owner writes a price for each unit; tokens that are neither in nor out have the full form only. */
const shortKeys: Partial<Record<Meter, string>> = {
  characters: 'per_1k_characters',
  audioSeconds: 'per_audio_second',
  images: 'per_image',
  pages: 'per_page',
  searches: 'per_search',
  requests: 'per_request',
}

function ownPrice(request: { readonly provider: string; readonly model: string }, usage: Usage): string {
  const used = quantities(usage).map(([meter]) => meter)
  const keys = used.flatMap((meter) => shortKeys[meter] ?? [])
  const hasTokens = used.length === 0 || used.some((meter) => meters[meter].unit === 'token')
  if (hasTokens) keys.unshift('input_per_million', 'output_per_million')
  if (used.includes('videoSeconds')) {
    return ` Give it one in purser.yaml:\n${[...head(request.provider, request.model), '      rates:', '        - { meter: videoSeconds, usd: "…", per: 1 }'].join('\n')}`
  }
  return ` Give it one in purser.yaml:\n${[...head(request.provider, request.model), ...keys.map((key) => `      ${key}: …`)].join('\n')}`
}

function head(provider: string, model: string): string[] {
  return ['pricing:', '  models:', `    ${quote(model)}:`, `      provider: ${quote(provider)}`]
}

/** A rate or modifier in one line of YAML. */
function flow(entry: Rate | NonNullable<Card['modifiers']>[number]): string {
  return JSON.stringify(entry)
}

/** Plain where YAML reads it as text, else quoted. */
function quote(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text)
}
