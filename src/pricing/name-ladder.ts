import type { CardOrigin } from './card.ts'
import type { CardSource } from './card-source.ts'
import type { CompiledCard } from './compile-card.ts'
import { compiledCards, findOnRung, indexNames, isSameModel, type ModelCards, type NameIndex } from './match-name.ts'
import type { Match, MatchRung } from './priced.ts'
import { canonicalProvider } from './provider-names.ts'

/** A model of the catalog to which a name in the wild leads, with its cards for every period. */
export interface Candidate {
  readonly cards: readonly CompiledCard[]
  readonly match: Match
  readonly undatedMatch: Match
}

/** One layer of a catalog. */
export interface CatalogLayer {
  readonly origin: CardOrigin
  readonly source: CardSource
}

const rungs = ['exact', 'alias', 'normalised', 'pattern'] as const satisfies readonly MatchRung[]

/** Names come from outside without number; beyond this many, those asked before are looked up anew. */
const maxRemembered = 20_000

/**
 * Leads from a provider and a model's name to the models that may be meant: at most one for each layer, the first
 * choice first. Every rung is asked in all layers before the next, with one exception: a dated name of a model for
 * which a higher layer has a card (`gpt-4o-2024-08-06` where the owner prices `gpt-4o`) leads there first, although a
 * lower layer lists the dated name. Names are indexed when their provider is first
 * asked for, and answers are remembered, also that there is none.
 */
export function createNameLadder(
  layers: readonly CatalogLayer[],
  revision: () => string,
): (provider: string, model: string) => readonly Candidate[] {
  const indexes = new Map<string, { origin: CardOrigin; index: NameIndex }[]>()
  const remembered = new Map<string, Map<string, readonly Candidate[]>>()
  let rememberedCount = 0

  function indexesOf(provider: string): { origin: CardOrigin; index: NameIndex }[] {
    let found = indexes.get(provider)
    if (found === undefined) {
      found = layers.flatMap(({ origin, source }) => {
        const cards = source.cardsOf(provider)
        return cards.length === 0 ? [] : { origin, index: indexNames(cards) }
      })
      if (found.length > 0) indexes.set(provider, found)
    }
    return found
  }

  function climb(provider: string, model: string): Candidate[] {
    const candidates: Candidate[] = []
    const answered = new Set<CardOrigin>()
    const layersOfProvider = indexesOf(provider)
    const add = (origin: CardOrigin, found: ModelCards, match: MatchRung) => {
      answered.add(origin)
      candidates.push({ cards: compiledCards(found, origin, revision()), match, undatedMatch: `${match}-undated` })
    }
    for (const rung of rungs) {
      for (const [layer, { origin, index }] of layersOfProvider.entries()) {
        const found = answered.has(origin) ? undefined : findOnRung(index, rung, provider, model)
        if (found === undefined) continue
        for (const above of layersOfProvider.slice(0, layer)) {
          const own = answered.has(above.origin) ? undefined : findOnRung(above.index, 'normalised', provider, model)
          if (own !== undefined && isSameModel(index, rung, found, own)) add(above.origin, own, 'normalised')
        }
        add(origin, found, rung)
      }
    }
    return candidates
  }

  return (provider, model) => {
    let models = remembered.get(provider)
    const known = models?.get(model)
    if (known !== undefined) return known
    if (rememberedCount >= maxRemembered) {
      remembered.clear()
      rememberedCount = 0
      models = undefined
    }
    const candidates = climb(canonicalProvider(provider), model)
    if (models === undefined) remembered.set(provider, (models = new Map()))
    models.set(model, candidates)
    rememberedCount += 1
    return candidates
  }
}
