import { invariant } from '../../errors.ts'

/**
 * Numbers for what recurs, kept as JSON: series, skus, ways of pricing. Holds all of them that the ledger has, as of the last
 * transaction that took its lock; only there new ones are given out. What a transaction adds is forgotten again when it
 * is undone.
 */
export class Numbering<T> {
  readonly #keyOf: (value: T, body: string) => string
  readonly #idByKey = new Map<string, number>()
  readonly #byId = new Map<number, T>()
  #added: { key: string; id: number; body: string }[] = []
  #last = 0

  /** `keyOf` gives a text that two values share only if they are equal. */
  constructor(keyOf: (value: T, body: string) => string) {
    this.#keyOf = keyOf
  }

  /** The highest number that is known. */
  get last(): number {
    return this.#last
  }

  /** What this transaction added, to be written. */
  get added(): readonly { readonly id: number; readonly body: string }[] {
    return this.#added
  }

  /** Takes in a number of the ledger. */
  learn(id: number, body: string): void {
    const value = JSON.parse(body) as T
    this.#byId.set(id, value)
    this.#idByKey.set(this.#keyOf(value, body), id)
    this.#last = Math.max(this.#last, id)
  }

  /** The number of a key that is known. */
  numberOf(key: string): number | undefined {
    return this.#idByKey.get(key)
  }

  /** What a number stands for, where it is known. */
  find(id: number): T | undefined {
    return this.#byId.get(id)
  }

  /** The number of a key, given out now if it is new. Only where the ledger's lock is held. */
  idOf(key: string, body: () => string): number {
    const known = this.#idByKey.get(key)
    if (known !== undefined) return known
    const text = body()
    const id = this.#last + 1
    this.#added.push({ key, id, body: text })
    this.learn(id, text)
    return id
  }

  /** What a number stands for. */
  get(id: number): T {
    const value = this.#byId.get(id)
    invariant(value !== undefined, `Number ${id} stands for nothing that was read of this ledger.`)
    return value
  }

  keep(): void {
    this.#added = []
  }

  undo(): void {
    for (const { key, id } of this.#added) {
      this.#idByKey.delete(key)
      this.#byId.delete(id)
      this.#last = Math.min(this.#last, id - 1)
    }
    this.#added = []
  }
}
