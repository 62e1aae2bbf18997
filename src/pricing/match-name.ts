import type { Card, CardOrigin, NamePattern } from './card.ts'
import { type CompiledCard, compileCard } from './compile-card.ts'
import { matchPattern } from './name-pattern.ts'
import { normalisedNames, regionOf, withoutRegion, withoutWrapping } from './normalise-model.ts'
import type { MatchRung } from './priced.ts'

/** The cards of one model in one layer of the catalog, one for each period. */
export interface ModelCards {
  readonly model: string
  readonly cards: readonly Card[]
  /** Compiled when a call first needs them. */
  compiled: readonly CompiledCard[] | undefined
}

/** Names and patterns of one provider in one layer, ready to be asked. */
export interface NameIndex {
  readonly exact: ReadonlyMap<string, ModelCards>
  readonly alias: ReadonlyMap<string, ModelCards>
  /** Both of them in lower case, where that is another name. */
  readonly folded: ReadonlyMap<string, ModelCards>
  readonly patterns: readonly { readonly pattern: NamePattern; readonly model: ModelCards }[]
}

export function indexNames(cards: readonly Card[]): NameIndex {
  const periods = Map.groupBy(cards, (card) => card.model)
  const exact = new Map<string, ModelCards>()
  const alias = new Map<string, ModelCards>()
  const folded = new Map<string, ModelCards>()
  const patterns: { pattern: NamePattern; model: ModelCards }[] = []
  for (const [name, group] of periods) {
    const model: ModelCards = { model: name, cards: group, compiled: undefined }
    exact.set(name, model)
    for (const card of group) {
      for (const other of card.aliases ?? []) if (!alias.has(other)) alias.set(other, model)
      for (const pattern of card.patterns ?? []) patterns.push({ pattern, model })
    }
  }
  for (const [name, model] of [...exact, ...alias]) {
    const lower = name.toLowerCase()
    if (!folded.has(lower)) folded.set(lower, model)
  }
  return { exact, alias, folded, patterns }
}

/**
 * Looks a name up on one rung of the ladder. Rungs are asked from the surest to the loosest, each in every layer
 * before the next, so that an owner's entry wins on its rung.
 */
export function findOnRung(index: NameIndex, rung: MatchRung, provider: string, name: string): ModelCards | undefined {
  switch (rung) {
    case 'exact':
      return index.exact.get(name)
    case 'alias':
      return index.alias.get(name)
    case 'normalised':
      return findNormalised(index, provider, name)
    case 'pattern':
      return findByPattern(index, name)
  }
}

/**
 * A region prefix comes off last: where the cards tell regions apart (Bedrock's `global.` is cheaper than `us.`), the
 * card whose pattern names the region is the right one, and `global.` never falls back on a regional price.
 */
function findNormalised(index: NameIndex, provider: string, name: string): ModelCards | undefined {
  const names = normalisedNames(provider, name)
  const found = firstKnown(index, names) ?? index.folded.get(name.toLowerCase())
  if (found !== undefined) return found
  const regionless = [name, ...names].map(withoutRegion)
  const elsewhere = firstKnown(index, [...regionless, ...regionless.flatMap((other) => normalisedNames(provider, other))])
  const byRegion = elsewhere === undefined ? undefined : findByPattern(index, name)
  if (elsewhere === undefined || (byRegion !== undefined && byRegion !== elsewhere)) return undefined
  const isGlobal = regionOf(withoutWrapping(name)) === 'global'
  return isGlobal && elsewhere.model.startsWith('regional.') ? undefined : elsewhere
}

function firstKnown(index: NameIndex, names: readonly string[]): ModelCards | undefined {
  for (const name of names) {
    const found = index.exact.get(name) ?? index.alias.get(name) ?? index.folded.get(name.toLowerCase())
    if (found !== undefined) return found
  }
  return undefined
}

/** The pattern that covers most of the name; the first of equal ones. */
function findByPattern(index: NameIndex, name: string): ModelCards | undefined {
  const names = new Set([name.trim(), withoutWrapping(name)])
  let best: ModelCards | undefined
  let bestLength = -1
  for (const { pattern, model } of index.patterns) {
    for (const each of names) {
      const length = matchPattern(pattern, each)
      if (length !== undefined && length > bestLength) {
        best = model
        bestLength = length
      }
    }
  }
  return best
}

/**
 * Whether a layer takes the model that it found under a dated name for the same one that a higher layer found without
 * the date: it leads the undated name there too, or gives both the same rates. A dated model with a price of its own
 * (gpt-4o-2024-05-13) is another one.
 */
export function isSameModel(index: NameIndex, rung: MatchRung, found: ModelCards, above: ModelCards): boolean {
  if (rung !== 'exact' && rung !== 'alias') return false
  const names = [above.model, ...above.cards.flatMap((card) => card.aliases ?? [])]
  const known = names.flatMap((name) => index.exact.get(name) ?? index.alias.get(name) ?? [])
  if (known.length === 0) return rung === 'alias'
  return known.some((model) => model === found || standardRates(model) === standardRates(found))
}

function standardRates({ cards }: ModelCards): string {
  const rates = cards.map((card) => [card.validFrom, card.rates.filter((rate) => rate.when === undefined)])
  return JSON.stringify(rates)
}

export function compiledCards(model: ModelCards, origin: CardOrigin, revision: string): readonly CompiledCard[] {
  return (model.compiled ??= model.cards.map((card) => compileCard(card, origin, revision)))
}

/** The card in force at an instant: of several, the one that began last; of equals, the one written last. */
export function cardInForce(cards: readonly CompiledCard[], at: number): CompiledCard | undefined {
  let best: CompiledCard | undefined
  for (let index = 0; index < cards.length; index += 1) {
    const card = cards[index]
    if (card !== undefined && card.from <= at && at < card.until && (best === undefined || card.from >= best.from)) best = card
  }
  return best
}
