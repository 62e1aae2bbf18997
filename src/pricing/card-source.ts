import type { Card } from './card.ts'
import { canonicalProvider } from './provider-names.ts'

/** Where a catalog takes the cards of a layer from: by provider, so that a big list is only read where it is asked. */
export interface CardSource {
  /** A hash of the content: equal for equal cards. */
  readonly revision: string
  /** The canonical names of the providers that have cards. */
  readonly providers: () => readonly string[]
  readonly cardsOf: (provider: string) => readonly Card[]
}

/** A list of cards, which is never changed, as a source. */
export function toCardSource(cards: readonly Card[]): CardSource {
  const groups = Map.groupBy(cards, (card) => canonicalProvider(card.provider))
  let revision: string | undefined
  return {
    get revision() {
      return (revision ??= digest(cards))
    },
    providers: () => [...groups.keys()],
    cardsOf: (provider) => groups.get(provider) ?? [],
  }
}

/** A short hash over JSON content. The module for it is loaded on first use: the shipped cards bring theirs along. */
export function digest(content: unknown): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(content)).slice(0, 12)
}
