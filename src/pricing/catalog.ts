import type { Card, CardOrigin } from './card.ts'
import { type CardSource, digest, toCardSource } from './card-source.ts'
import { cardInForce } from './match-name.ts'
import { type Candidate, createNameLadder } from './name-ladder.ts'
import type { Match } from './priced.ts'
import { canonicalProvider } from './provider-names.ts'

/** The cards of a catalog by where they come from. On each rung of name matching the owner's win, then the refreshed. */
export interface CatalogLayers {
  readonly owner: readonly Card[]
  readonly refreshed: readonly Card[]
  readonly shipped: readonly Card[] | CardSource
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

/**
 * Builds a catalog over three layers of cards. Cheap: names are indexed when their provider is first asked for, and
 * cards are compiled when a call first needs them.
 */
export function createCatalog({ owner, refreshed, shipped }: CatalogLayers): Catalog {
  const layers = [
    { origin: 'owner', source: toCardSource(owner) },
    { origin: 'refreshed', source: toCardSource(refreshed) },
    { origin: 'shipped', source: 'cardsOf' in shipped ? shipped : toCardSource(shipped) },
  ] as const
  const isOnlyShipped = owner.length === 0 && refreshed.length === 0
  let known: string | undefined
  const revision = () => (known ??= isOnlyShipped ? layers[2].source.revision : digest(layers.map(({ source }) => source.revision)))
  const candidates = createNameLadder(layers, revision)

  return {
    get revision() {
      return revision()
    },
    candidates,
    find(provider, model, at) {
      for (const { cards, match, undatedMatch } of candidates(provider, model)) {
        const found = cardInForce(cards, at)
        if (found !== undefined) {
          return { card: found.card, origin: found.reference.origin, match: at < found.undatedBefore ? undatedMatch : match }
        }
      }
      return undefined
    },
    cards: (origin) =>
      layers
        .filter((layer) => origin === undefined || layer.origin === origin)
        .flatMap(({ source }) => source.providers().flatMap((provider) => source.cardsOf(provider))),
    cardsOf: (provider) => layers.flatMap(({ source }) => source.cardsOf(canonicalProvider(provider))),
    providers: () => [...new Set(layers.flatMap(({ source }) => source.providers()))].toSorted(),
  }
}
