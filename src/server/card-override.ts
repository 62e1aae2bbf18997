import type { z } from 'zod'
import { PurserError } from '../errors.ts'
import type { cardsPutShape } from '../json/catalog-shapes.ts'
import type { Card } from '../pricing/card.ts'
import { validateCards } from '../pricing/validate-cards.ts'
import type { Purser } from '../purser.ts'

/** Puts cards into force beside those of earlier updates, one change after the other, so that none undoes another. */
export class CardOverride {
  readonly #purser: Purser
  #last: Promise<unknown> = Promise.resolve()

  constructor(purser: Purser) {
    this.#purser = purser
  }

  /**
   * Takes over all cards of the models that are named, in place of the cards of these models.
   * @throws PURSER_CATALOG_REJECTED for prices that cannot be right, PURSER_LEDGER_READ_ONLY
   */
  put(cards: readonly Card[], author: string): Promise<z.infer<typeof cardsPutShape>> {
    const wrong = validateCards(cards).find(({ severity }) => severity === 'error')
    if (wrong !== undefined) {
      throw new PurserError('PURSER_CATALOG_REJECTED', `${wrong.provider}/${wrong.model}: ${wrong.message} Nothing was taken over.`)
    }
    const done = this.#last.then(() => this.#put(cards, author))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #put(cards: readonly Card[], author: string): Promise<z.infer<typeof cardsPutShape>> {
    const before = this.#purser.catalog.cards('refreshed')
    const named = new Set(cards.map(nameOf))
    const kept = before.filter((card) => !named.has(nameOf(card)))
    await this.#purser.refreshCatalog([...kept, ...cards], 'api', author)
    return { revision: this.#purser.catalog.revision, cards: cards.length, replaced: before.length - kept.length }
  }
}

function nameOf({ provider, model }: Card): string {
  return `${provider}\n${model}`
}
