import { readFileSync } from 'node:fs'
import { type Meter, meters } from '../usage/meters.ts'
import type { Card, NamePattern, Rate } from './card.ts'
import { type CardSource, toCardSource } from './card-source.ts'
import { type Catalog, type CatalogLayers, createCatalog } from './catalog.ts'
import { packageFile } from '../package-files.ts'

/** The generated file: one line for each model and period, without what is the same for most of them. */
export interface GeneratedCatalog {
  readonly generatedFrom: string
  readonly checkedAt: string
  /** Of all shipped cards, those of our own YAML too. */
  readonly revision: string
  readonly providers: readonly GeneratedProvider[]
  readonly skipped: readonly unknown[]
}

export interface GeneratedProvider {
  readonly provider: string
  readonly source: string
  readonly models: readonly GeneratedModel[]
}

/** A card in short: rates per million tokens (per unit for what is not tokens) where nothing else is said. */
export type GeneratedModel = readonly [model: string, rates: Readonly<Record<string, GeneratedRate>>, more?: GeneratedMore]
/** `usd`, or `[usd, per]`; tiers follow as `[usd, per, from, usd, from, usd, …]`. */
export type GeneratedRate = string | readonly (string | number)[]
export interface GeneratedMore {
  readonly aliases?: readonly string[]
  readonly patterns?: readonly NamePattern[]
  readonly validFrom?: string
  readonly validUntil?: string
  readonly unrated?: NonNullable<Card['unrated']>
}

let shipped: CardSource | undefined

/** The cards that come with purser, read from its own folder on first use; a provider's are unfolded when asked for. */
export function loadShippedCards(): CardSource {
  if (shipped !== undefined) return shipped
  const generated = readJson('genai-prices.json') as GeneratedCatalog
  const own = toCardSource(readJson('own-cards.json') as Card[])
  const listed = new Map(generated.providers.map((provider) => [provider.provider, provider]))
  const unfolded = new Map<string, readonly Card[]>()
  shipped = {
    revision: generated.revision,
    providers: () => [...new Set([...own.providers(), ...listed.keys()])],
    cardsOf(provider) {
      let cards = unfolded.get(provider)
      if (cards === undefined) {
        const list = listed.get(provider)
        cards = [...own.cardsOf(provider), ...(list === undefined ? [] : expandProvider(list, generated.checkedAt))]
        unfolded.set(provider, cards)
      }
      return cards
    },
  }
  return shipped
}

/** A catalog of the shipped cards, with the owner's and refreshed ones above them. */
export function loadShippedCatalog(above: Partial<Omit<CatalogLayers, 'shipped'>> = {}): Catalog {
  return createCatalog({ owner: above.owner ?? [], refreshed: above.refreshed ?? [], shipped: loadShippedCards() })
}

/** The cards of one provider of the generated file in full. */
export function expandProvider({ provider, source, models }: GeneratedProvider, checkedAt: string): Card[] {
  return models.map(([model, shortRates, more]) => {
    const rates: Rate[] = []
    for (const meter in shortRates) expandRate(rates, meter as Meter, shortRates[meter] ?? '')
    const tier = rates.some((rate) => rate.from !== undefined) ? { tier: { mode: 'whole', comparison: '>' } as const } : {}
    return { provider, model, rates, ...tier, unrated: 'as-parent-but-audio', ...more, source, checkedAt }
  })
}

function expandRate(rates: Rate[], meter: Meter, short: GeneratedRate): void {
  if (typeof short === 'string') {
    rates.push({ meter, usd: short, per: defaultPer(meter) })
    return
  }
  const [usd, per, ...tiers] = short
  rates.push({ meter, usd: String(usd), per: Number(per) })
  for (let index = 0; index < tiers.length; index += 2) {
    rates.push({ meter, usd: String(tiers[index + 1]), per: Number(per), from: Number(tiers[index]) })
  }
}

/** The units that a rate in short is for. */
export function defaultPer(meter: Meter): number {
  return meters[meter].unit === 'token' ? 1_000_000 : 1
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(packageFile(`catalog/${name}`), 'utf8'))
}
