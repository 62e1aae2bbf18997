import { closest } from '../text/closest.ts'
import { type Meter, meters } from '../usage/meters.ts'
import { quantities } from '../usage/usage.ts'
import { unknownValues } from './attribute-values.ts'
import type { Card } from './card.ts'
import type { Catalog } from './catalog.ts'
import type { ServiceLevel } from './conditions.ts'
import type { Candidate } from './name-ladder.ts'
import type { PriceRequest } from './priced.ts'

/** Why a model has no price, which known names are near, and the YAML that gives it one. */
export function explainUnknownModel(catalog: Catalog, request: PriceRequest): string {
  const { provider, model } = request
  return `No price is known for model "${model}" of provider "${provider}".${suggestions(catalog, provider, model)}${ownPrice(request)}`
}

export function explainNoCardAtDate(candidates: readonly Candidate[], request: PriceRequest): string {
  const periods = candidates
    .flatMap(({ cards }) => cards.map(({ card }) => `${card.model} ${card.validFrom ?? '…'} to ${card.validUntil ?? '…'}`))
    .join(', ')
  const day = Number.isFinite(request.at) ? new Date(request.at).toISOString() : String(request.at)
  return `No card of model "${request.model}" of provider "${request.provider}" holds at ${day}; there are: ${periods}.${ownPrice(request)}`
}

/** The YAML repeats the card under the name that was called, so that it wins on every rung, and adds the level. */
export function explainUnknownLevel(
  card: Card,
  unknown: { readonly level: ServiceLevel; readonly value: string },
  request: PriceRequest,
): string {
  const { level, value } = unknown
  const word = level === 'serviceTier' ? 'service tier' : level
  const yaml = [
    ...head(request),
    ...(card.unrated === undefined ? [] : [`      unrated: ${card.unrated}`]),
    ...(card.defaults === undefined ? [] : [`      defaults: ${JSON.stringify(card.defaults)}`]),
    ...(card.alternatives === undefined ? [] : [`      alternatives: ${JSON.stringify(card.alternatives)}`]),
    ...(card.tier === undefined ? [] : [`      tier: ${JSON.stringify(card.tier)}`]),
    '      rates:',
    ...card.rates.map((rate) => `        - ${JSON.stringify(rate)}`),
    '      modifiers:',
    ...(card.modifiers ?? []).map((modifier) => `        - ${JSON.stringify(modifier)}`),
    `        - { when: { ${level}: ${quote(value)} }, factor: "…" }`,
  ]
  return (
    `The card of model "${card.model}" of provider "${card.provider}" has no price for ${word} "${value}". ` +
    `If tokens then cost a fixed multiple of the standard rates, say so in purser.yaml:\n${yaml.join('\n')}`
  )
}

export function explainUnrated(card: Card, unrated: readonly Meter[], request: PriceRequest): string {
  const attributes = Object.entries(request.usage.attributes ?? {}).map(([name, value]) => `${name} ${value}`)
  const served = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`
  return (
    `The card of model "${card.model}" of provider "${card.provider}" has no rate for ${unrated.join(', ')}${served} as served.` +
    unknownAttributes(card, unrated, request) +
    ownPrice(request)
  )
}

/** Which values of attributes no rate knows, and which are known. */
function unknownAttributes(card: Card, unrated: readonly Meter[], { usage }: PriceRequest): string {
  const unknown = unrated.flatMap((meter) => unknownValues(card, meter, (name) => usage.attributes?.[name]))
  const texts = unknown.map(({ name, values }) => ` It knows no ${name} "${usage.attributes?.[name]}", only ${values.join(', ')}.`)
  return [...new Set(texts)].join('')
}

/** Kept by the answer that the catalog remembers for a name, because an import may meet one unknown name a million times. */
const suggested = new WeakMap<readonly Candidate[], string>()

function suggestions(catalog: Catalog, provider: string, model: string): string {
  const candidates = catalog.candidates(provider, model)
  let text = suggested.get(candidates)
  if (text === undefined) {
    text = suggest(catalog, provider, model)
    suggested.set(candidates, text)
  }
  return text
}

function suggest(catalog: Catalog, provider: string, model: string): string {
  const cards = catalog.cardsOf(provider)
  if (cards.length === 0) {
    const near = closest(provider, catalog.providers())
    return ` No card names this provider.${near === undefined ? '' : ` Did you mean "${near}"?`}`
  }
  const near = nearest(model, new Set(cards.flatMap((card) => [card.model].concat(card.aliases ?? []))))
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

/** How the owner writes a price for each unit; every kind of token has the prices of input and output to begin with. */
const shortKeys: Partial<Record<Meter, string>> = {
  characters: 'per_1k_characters',
  audioSeconds: 'per_audio_second',
  videoSeconds: 'per_video_second',
  images: 'per_image',
  pages: 'per_page',
  searches: 'per_search',
  requests: 'per_request',
  fileSearches: 'per_1k_file_searches',
  containerSessions: 'per_container_session',
  containerHours: 'per_container_hour',
  mapGroundings: 'per_1k_map_groundings',
  codeExecutions: 'per_1k_code_executions',
  postsFetched: 'per_1k_posts',
  profilesFetched: 'per_1k_profiles',
}

function ownPrice(request: PriceRequest): string {
  const used = quantities(request.usage).map(([meter]) => meter)
  const keys = used.flatMap((meter) => shortKeys[meter] ?? [])
  if (keys.length === 0 || used.some((meter) => meters[meter].unit === 'token')) keys.unshift('input_per_million', 'output_per_million')
  return ` Give it one in purser.yaml:\n${[...head(request), ...keys.map((key) => `      ${key}: …`)].join('\n')}`
}

function head({ provider, model }: PriceRequest): string[] {
  return ['pricing:', '  models:', `    ${quote(model)}:`, `      provider: ${quote(provider)}`]
}

/** Plain where YAML reads it as text, else quoted. */
function quote(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text)
}
