/** Thrown where a decision needs a row that was not read yet; what is wanted stands in its table. */
export class NotLoaded extends Error {
  constructor() {
    super('A row is needed that was not loaded.')
    this.name = 'NotLoaded'
  }
}

/**
 * The rows of one table that a transaction has read, and what it changes in them. Deciding goes on in memory: a row that
 * is missing is noted, to be read together with all others that are missing, and the decision is made again.
 */
export class KnownRows<V> {
  /** Keys of rows to be read. */
  readonly wanted = new Set<string>()
  /** Null stands for a row that is not there. */
  readonly #stored = new Map<string, V | null>()
  readonly #changed = new Map<string, V | null>()

  want(key: string): void {
    if (!this.#stored.has(key)) this.wanted.add(key)
  }

  /** @throws NotLoaded */
  get(key: string): V | undefined {
    const changed = this.#changed.get(key)
    if (changed !== undefined) return changed ?? undefined
    const stored = this.#stored.get(key)
    if (stored !== undefined) return stored ?? undefined
    this.wanted.add(key)
    throw new NotLoaded()
  }

  /** The row as it is stored, if that was read. */
  peek(key: string): V | undefined {
    return this.#stored.get(key) ?? undefined
  }

  /** Whether it is known that a row is there, or that it is not. */
  isKnown(key: string): boolean {
    return this.#stored.has(key)
  }

  /** How many rows were read. */
  get size(): number {
    return this.#stored.size
  }

  set(key: string, value: V): void {
    this.#changed.set(key, value)
  }

  delete(key: string): void {
    this.#changed.set(key, null)
  }

  /** Takes in what was read. */
  learn(key: string, value: V | null): void {
    this.#stored.set(key, value)
    this.wanted.delete(key)
  }

  /** Keys that were wanted and not found are known not to be there. */
  learnRest(): void {
    for (const key of this.wanted) this.#stored.set(key, null)
    this.wanted.clear()
  }

  /** Keys that were asked for and not found are known not to be there. */
  learnAbsent(keys: Iterable<string>): void {
    for (const key of keys) {
      if (!this.#stored.has(key)) this.#stored.set(key, null)
      this.wanted.delete(key)
    }
  }

  /** What changed: how it is stored, as far as that was read, and how it is to be; null stands for no row. */
  *changes(): Generator<{ key: string; stored: V | null | undefined; now: V | null }, void> {
    for (const [key, now] of this.#changed) yield { key, stored: this.#stored.get(key), now }
  }

  /** Forgets the changes, not what was read. */
  undo(): void {
    this.#changed.clear()
  }
}
