import type { Card } from '../pricing/card.ts'
import type { Catalog } from '../pricing/catalog.ts'
import { loadShippedCatalog } from '../pricing/load-shipped.ts'
import { priceUsage } from '../pricing/price-usage.ts'
import type { Priced, PriceRequest } from '../pricing/priced.ts'
import type { Store } from '../stores/store.ts'
import { parseUsage } from '../usage/usage.ts'

const refreshedKind = 'catalog'
const refreshedKey = 'refreshed'

/** A usage to be priced as of now, unless a time is given. */
export type PriceQuestion = Omit<PriceRequest, 'at'> & { readonly at?: number }

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
    const refreshed = await store.document(refreshedKind, refreshedKey)
    return new CatalogInForce(store, owner, (refreshed?.body as Card[] | undefined) ?? [])
  }

  /** Read on first use. */
  get catalog(): Catalog {
    return (this.#catalog ??= loadShippedCatalog({ owner: this.#owner, refreshed: this.#refreshed }))
  }

  price(request: PriceQuestion): Priced {
    return priceUsage(this.catalog, { ...request, at: request.at ?? Date.now(), usage: parseUsage(request.usage) })
  }

  /** Replaces the cards of the last update; the shipped ones stay beneath them. */
  async refresh(cards: readonly Card[], source: string): Promise<void> {
    await this.#store.transact({
      documents: [{ kind: refreshedKind, key: refreshedKey, body: cards }],
      events: [{ kind: 'catalog.updated', body: { source, cards: cards.length } }],
    })
    this.#refreshed = cards
    this.#catalog = undefined
  }
}
