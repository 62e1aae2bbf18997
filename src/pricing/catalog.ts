import type { Card, CardOrigin } from './card.ts'
import { type CardSource, digest, toCardSource } from './card-source.ts'
import type { CompiledCard } from './compile-card.ts'
import { cardInForce, compiledCards, findOnRung, indexNames, type NameIndex } from './match-name.ts'
import type { Match, MatchRung } from './priced.ts'
import { canonicalProvider } from './provider-names.ts'

/** The cards of a catalog by where they come from. On each rung of name matching the owner's win, then the refreshed. */
export interface CatalogLayers {
  readonly owner: readonly Card[]
  readonly refreshed: readonly Card[]
  readonly shipped: readonly Card[] | CardSource
}

/** A model of the catalog to which a name in the wild leads, with its cards for every period. */
export interface Candidate {
  readonly cards: readonly CompiledCard[]
  readonly match: Match
  readonly undatedMatch: Match
}

/** A card found by name and time, and how. */
export interface FoundCard {
  readonly card: Card
  readonly origin: CardOrigin
  readonly match: Match
}

/** All price cards in force, and the way from a provider and a model's name to them. */
export interface Catalog {
  /** A hash of the content: equal for equal cards, kept on every charge. */
  readonly revision: string
  /** The card in force for a model at an instant (milliseconds since 1970), by whatever name it goes. */
  readonly find: (provider: string, model: string, at: number) => FoundCard | undefined
  /** The models to which a name leads, at most one for each layer, the first choice first. */
  readonly candidates: (provider: string, model: string) => readonly Candidate[]
  /** Every card, the owner's first. */
  readonly cards: (origin?: CardOrigin) => readonly Card[]
  /** Every card of a provider, by any of its names. */
  readonly cardsOf: (provider: string) => readonly Card[]
  /** Providers that have cards, by their canonical names. */
  readonly providers: () => readonly string[]
}

const origins = ['owner', 'refreshed', 'shipped'] as const satisfies readonly CardOrigin[]
const rungs = ['exact', 'alias', 'normalised', 'pattern'] as const satisfies readonly MatchRung[]

/** Names come from outside without number; beyond this many, those asked before are looked up anew. */
const maxRemembered = 20_000

/**
 * Builds a catalog over three layers of cards. Cheap: names are indexed when their provider is first asked for, and
 * cards are compiled when a call first needs them.
 */
export function createCatalog(layers: CatalogLayers): Catalog {
  const sources: Record<CardOrigin, CardSource> = {
    owner: toCardSource(layers.owner),
    refreshed: toCardSource(layers.refreshed),
    shipped: 'cardsOf' in layers.shipped ? layers.shipped : toCardSource(layers.shipped),
  }
  const indexes = new Map<string, { origin: CardOrigin; index: NameIndex }[]>()
  const remembered = new Map<string, Map<string, readonly Candidate[]>>()
  let rememberedCount = 0
  let revision: string | undefined

  function indexesOf(provider: string): { origin: CardOrigin; index: NameIndex }[] {
    let found = indexes.get(provider)
    if (found === undefined) {
      found = origins.flatMap((origin) => {
        const cards = sources[origin].cardsOf(provider)
        return cards.length === 0 ? [] : { origin, index: indexNames(cards) }
      })
      if (found.length > 0) indexes.set(provider, found)
    }
    return found
  }

  function climb(provider: string, model: string): Candidate[] {
    const candidates: Candidate[] = []
    const answered = new Set<CardOrigin>()
    for (const rung of rungs) {
      for (const { origin, index } of indexesOf(provider)) {
        const found = answered.has(origin) ? undefined : findOnRung(index, rung, provider, model)
        if (found === undefined) continue
        answered.add(origin)
        candidates.push({ cards: compiledCards(found, origin, catalog.revision), match: rung, undatedMatch: `${rung}-undated` })
      }
    }
    return candidates
  }

  const catalog: Catalog = {
    get revision() {
      return (revision ??= digest(origins.map((origin) => sources[origin].revision)))
    },
    candidates(provider, model) {
      const known = remembered.get(provider)?.get(model)
      if (known !== undefined) return known
      if (rememberedCount >= maxRemembered) {
        remembered.clear()
        rememberedCount = 0
      }
      const candidates = climb(canonicalProvider(provider), model)
      let models = remembered.get(provider)
      if (models === undefined) remembered.set(provider, (models = new Map()))
      models.set(model, candidates)
      rememberedCount += 1
      return candidates
    },
    find(provider, model, at) {
      for (const { cards, match, undatedMatch } of catalog.candidates(provider, model)) {
        const found = cardInForce(cards, at)
        if (found !== undefined) {
          return { card: found.card, origin: found.reference.origin, match: at < found.undatedBefore ? undatedMatch : match }
        }
      }
      return undefined
    },
    cards(origin) {
      const asked = origin === undefined ? origins : [origin]
      return asked.flatMap((each) => sources[each].providers().flatMap((provider) => sources[each].cardsOf(provider)))
    },
    cardsOf: (provider) => origins.flatMap((origin) => sources[origin].cardsOf(canonicalProvider(provider))),
    providers: () => [...new Set(origins.flatMap((origin) => sources[origin].providers()))].toSorted(),
  }
  return catalog
}
