import type { Card } from '../pricing/card.ts'
import type { Catalog } from '../pricing/catalog.ts'
import { loadShippedCatalog } from '../pricing/load-shipped.ts'
import { priceUsage } from '../pricing/price-usage.ts'
import type { Priced, PriceRequest } from '../pricing/priced.ts'
import type { Store } from '../stores/store.ts'
import { parseUsage } from '../usage/usage.ts'
import { authorOf } from './access/change-document.ts'

const refreshedKind = 'catalog'
const refreshedKey = 'refreshed'

/** A usage to be priced as of now, unless a time is given. */
export type PriceQuestion = Omit<PriceRequest, 'at'> & { readonly at?: number }

/** The cards of a ledger beside the shipped ones. */
export interface CatalogCards {
  readonly owner: readonly Card[]
  readonly refreshed: readonly Card[]
}

/** The price cards that a ledger goes by: the owner's, those of the last update, the shipped ones. */
export class CatalogInForce {
  readonly #store: Store
  readonly #owner: readonly Card[]
  #refreshed: readonly Card[]
  #catalog: Catalog | undefined

  private constructor(store: Store, owner: readonly Card[], refreshed: readonly Card[]) {
    this.#store = store
    this.#owner = owner
    this.#refreshed = refreshed
  }

  static async load(store: Store, owner: readonly Card[] = []): Promise<CatalogInForce> {
    return new CatalogInForce(store, owner, await refreshedCards(store))
  }

  /** Prices whose cards are known already. */
  static of(store: Store, { owner, refreshed }: CatalogCards): CatalogInForce {
    return new CatalogInForce(store, owner, refreshed)
  }

  /** The cards that win over the shipped ones, as the ledger has them now. */
  async cards(): Promise<CatalogCards> {
    return { owner: this.#owner, refreshed: await refreshedCards(this.#store) }
  }

  /** Read on first use. */
  get catalog(): Catalog {
    return (this.#catalog ??= loadShippedCatalog({ owner: this.#owner, refreshed: this.#refreshed }))
  }

  price(request: PriceQuestion): Priced {
    return priceUsage(this.catalog, { ...request, at: request.at ?? Date.now(), usage: parseUsage(request.usage) })
  }

  /** Replaces the cards of the last update; the shipped ones stay beneath them. */
  async refresh(cards: readonly Card[], source: string, author?: string): Promise<void> {
    await this.#store.transact({
      documents: [{ kind: refreshedKind, key: refreshedKey, body: cards }],
      events: [
        { kind: 'catalog.updated', body: { source, cards: cards.length, author: authorOf(author === undefined ? {} : { author }) } },
      ],
    })
    this.#refreshed = cards
    this.#catalog = undefined
  }
}

async function refreshedCards(store: Store): Promise<readonly Card[]> {
  return ((await store.document(refreshedKind, refreshedKey))?.body as Card[] | undefined) ?? []
}
