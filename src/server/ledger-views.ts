import type { Principal } from '../access/principal.ts'
import { seesAll } from '../access/principal.ts'
import type { Purser } from '../purser.ts'

/** The ledger as each of those sees it who ask: the whole, or what carries their labels. */
export class LedgerViews {
  readonly #whole: Purser
  readonly #confined = new Map<string, Purser>()

  constructor(whole: Purser) {
    this.#whole = whole
  }

  /** The ledger as somebody sees it. Whoever has the same labels shares a view. */
  of(principal: Principal): Purser {
    if (seesAll(principal)) return this.#whole
    const name = JSON.stringify(Object.entries(principal.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    let view = this.#confined.get(name)
    if (view === undefined) this.#confined.set(name, (view = this.#whole.confinedTo(principal.labels)))
    return view
  }
}
