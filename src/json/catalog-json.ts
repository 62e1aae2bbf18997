import type { z } from 'zod'
import type { Card, CardOrigin } from '../pricing/card.ts'
import type { Catalog } from '../pricing/catalog.ts'
import type { catalogListShape } from './json-shapes.ts'
import type { modelCardsShape } from './catalog-shapes.ts'

/** The providers of a catalog, as JSON. */
export function providerListJson(catalog: Catalog): z.infer<typeof catalogListShape> {
  const modelsOf = (provider: string): number => new Set(catalog.cardsOf(provider).map(({ model }) => model)).size
  return { revision: catalog.revision, providers: catalog.providers().map((provider) => ({ provider, models: modelsOf(provider) })) }
}

/** Cards of a catalog without their rates, as JSON. */
export function modelListJson(catalog: Catalog, cards: readonly Card[]): z.infer<typeof catalogListShape> {
  const own = new Set(catalog.cards('owner'))
  const refreshed = new Set(catalog.cards('refreshed'))
  const originOf = (card: Card): CardOrigin => (own.has(card) ? 'owner' : refreshed.has(card) ? 'refreshed' : 'shipped')
  const models = cards.map((card) => ({
    provider: card.provider,
    model: card.model,
    origin: originOf(card),
    validFrom: card.validFrom ?? null,
    checkedAt: card.checkedAt,
  }))
  return { revision: catalog.revision, models }
}

/** The cards of a catalog whose name, or another name of whose model, contains a text. */
export function searchCards(catalog: Catalog, text: string): Card[] {
  const wanted = text.toLowerCase()
  return catalog.cards().filter((card) => namesOf(card).some((name) => name.toLowerCase().includes(wanted)))
}

function namesOf({ provider, model, aliases = [] }: Card): string[] {
  return [`${provider}/${model}`, ...aliases]
}

/** Every card to which a model's name leads, over time and by layer, as JSON; undefined where there is none. */
export function modelCardsJson(
  catalog: Catalog,
  { provider, model, at }: { readonly provider: string; readonly model: string; readonly at: number },
): z.infer<typeof modelCardsShape> | undefined {
  const found = catalog.candidates(provider, model)
  if (found.length === 0) return undefined
  const inForce = catalog.find(provider, model, at)
  return {
    revision: catalog.revision,
    inForce: inForce === undefined ? null : { origin: inForce.origin, match: inForce.match, card: inForce.card },
    layers: found.flatMap(({ cards, match }) => {
      const [first] = cards
      const byTime = cards.toSorted((a, b) => a.from - b.from).map(({ card }) => card)
      return first === undefined ? [] : [{ origin: first.reference.origin, match, cards: byTime }]
    }),
  } as z.infer<typeof modelCardsShape>
}
