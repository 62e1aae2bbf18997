import { readdir, readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { waitForUpdate } from '@pydantic/genai-prices'
import { parse } from 'yaml'
import type { Card, Rate } from '../src/pricing/card.ts'
import { digest } from '../src/pricing/card-source.ts'
import {
  defaultPer,
  type GeneratedCatalog,
  type GeneratedModel,
  type GeneratedMore,
  type GeneratedRate,
} from '../src/pricing/load-shipped.ts'
import { parseCards } from '../src/pricing/sources/card-schema.ts'
import { decimalText } from '../src/pricing/sources/decimal-text.ts'
import { extendCards } from '../src/pricing/sources/extend-cards.ts'
import { fromGenaiPrices } from '../src/pricing/sources/genai-prices.ts'
import { type Finding, validateCards } from '../src/pricing/validate-cards.ts'
import type { SkippedPrice } from '../src/pricing/sources/source-cards.ts'

/** The pinned release of the price list, and the day it was published: the list carries no date for its prices. */
const release = '@pydantic/genai-prices 0.1.8'
const releasedOn = '2026-09-23'

const root = new URL('../', import.meta.url)
const cardsFolder = new URL('src/pricing/cards/', root)
const shippedFolder = new URL('catalog/', root)

/** The files that the catalog is shipped in, by name, as text. */
export async function buildCatalog(): Promise<{
  readonly files: Record<string, string>
  readonly skipped: readonly SkippedPrice[]
  readonly findings: readonly Finding[]
}> {
  const list = fromGenaiPrices(await waitForUpdate(), { checkedAt: releasedOn })
  const skipped = [...list.skipped]
  const cards = list.cards.map((card) => withoutNoise(card, skipped))
  const { own, generated } = extendCards(cards, await readOwnEntries())
  const findings = validateCards(parseCards([...own, ...generated]))
  const providers = [...Map.groupBy(generated, (card) => card.provider)].map(([provider, models]) => ({
    provider,
    source: models[0]?.source ?? '',
    models: models.map(shorten),
  }))
  const revision = digest([own, providers])
  const short: GeneratedCatalog = { generatedFrom: release, checkedAt: releasedOn, revision, providers, skipped }
  return { files: { 'genai-prices.json': printGenerated(short), 'own-cards.json': printLines(own) }, skipped, findings }
}

async function readOwnEntries(): Promise<unknown[]> {
  const names = (await readdir(cardsFolder)).filter((name) => name.endsWith('.yaml')).toSorted()
  const lists = await Promise.all(names.map(async (name) => parse(await readFile(new URL(name, cardsFolder), 'utf8')) as unknown[]))
  return lists.flat()
}

/** An amount that has passed through binary arithmetic (0.18000000000000002) is read as the decimal it stands for, and named. */
function withoutNoise(card: Card, skipped: SkippedPrice[]): Card {
  const rates = card.rates.map((rate) => {
    const usd = decimalText(Number(Number(rate.usd).toPrecision(12)))
    // A twelfth (0.08333333333333334) is no shorter by that, and is meant.
    if (usd === rate.usd || usd.length > 10) return rate
    skipped.push({
      provider: card.provider,
      model: card.model,
      key: rate.meter,
      reason: `is ${rate.usd} by binary arithmetic; read as ${usd}`,
    })
    return { ...rate, usd }
  })
  return { ...card, rates }
}

function shorten(card: Card): GeneratedModel {
  const rates: Record<string, GeneratedRate> = {}
  for (const [meter, own] of Map.groupBy(card.rates, (rate) => rate.meter)) rates[meter] = shortenRates(own)
  const more: GeneratedMore = {
    ...(card.aliases === undefined ? {} : { aliases: card.aliases }),
    ...(card.patterns === undefined ? {} : { patterns: card.patterns }),
    ...(card.validFrom === undefined ? {} : { validFrom: card.validFrom }),
    ...(card.validUntil === undefined ? {} : { validUntil: card.validUntil }),
    ...(card.unrated === undefined || card.unrated === 'as-parent-but-audio' ? {} : { unrated: card.unrated }),
  }
  return Object.keys(more).length === 0 ? [card.model, rates] : [card.model, rates, more]
}

function shortenRates(rates: readonly Rate[]): GeneratedRate {
  const [base, ...tiers] = rates.toSorted((a, b) => (a.from ?? -1) - (b.from ?? -1))
  if (base === undefined) return []
  if (tiers.length === 0 && base.per === defaultPer(base.meter)) return base.usd
  return [base.usd, base.per, ...tiers.flatMap((tier) => [tier.from ?? 0, tier.usd])]
}

/** JSON with one model on a line, so that a new release shows as a diff of models. */
function printGenerated(catalog: GeneratedCatalog): string {
  const { generatedFrom, checkedAt, revision, providers, skipped } = catalog
  const head = JSON.stringify({ generatedFrom, checkedAt, revision }).slice(0, -1)
  const blocks = providers.map(
    ({ provider, source, models }) => `${JSON.stringify({ provider, source }).slice(0, -1)},"models":${printLines(models).trimEnd()}}`,
  )
  return `${head},\n"providers":[\n${blocks.join(',\n')}\n],\n"skipped":${printLines(skipped).trimEnd()}}\n`
}

function printLines(list: readonly unknown[]): string {
  return `[\n${list.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { files, skipped, findings } = await buildCatalog()
  for (const [name, text] of Object.entries(files)) {
    await writeFile(new URL(name, shippedFolder), text)
    console.log(`catalog/${name}: ${text.split('\n').length} lines, ${text.length} bytes`)
  }
  console.log(`\nNot converted (${skipped.length}):`)
  for (const { provider, model, key, reason } of skipped) console.log(`  ${provider}/${model} ${key}: ${reason}`)
  console.log(`\nTo look at (${findings.length}):`)
  for (const { severity, message } of findings) console.log(`  ${severity}: ${message}`)
}
