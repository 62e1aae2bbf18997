/** A table in memory. What is set shows at once to the one who sets it, and is kept or forgotten as a whole. */
export class StagedMap<K, V> {
  readonly #kept = new Map<K, V>()
  /** Undefined stands for what is deleted. */
  readonly #staged = new Map<K, V | undefined>()

  get(key: K): V | undefined {
    return this.#staged.has(key) ? this.#staged.get(key) : this.#kept.get(key)
  }

  set(key: K, value: V): void {
    this.#staged.set(key, value)
  }

  delete(key: K): void {
    this.#staged.set(key, undefined)
  }

  /** In the order in which their keys were first set. */
  *values(): Generator<V, void> {
    for (const key of new Set([...this.#kept.keys(), ...this.#staged.keys()])) {
      const value = this.get(key)
      if (value !== undefined) yield value
    }
  }

  /** A copy of all that is there. */
  entries(): Map<K, V> {
    const keys = new Set([...this.#kept.keys(), ...this.#staged.keys()])
    return new Map(
      [...keys].flatMap((key) => {
        const value = this.get(key)
        return value === undefined ? [] : [[key, value] as const]
      }),
    )
  }

  keep(): void {
    for (const [key, value] of this.#staged) {
      if (value === undefined) this.#kept.delete(key)
      else this.#kept.set(key, value)
    }
    this.#staged.clear()
  }

  forget(): void {
    this.#staged.clear()
  }
}
