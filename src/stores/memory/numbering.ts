import { invariant } from '../../errors.ts'

/** Numbers from 1 for what recurs, in the order in which it is first met. */
export class Numbering<T> {
  readonly #numbers = new Map<string, number>()
  readonly #values: T[] = []

  /** The number of what the key stands for, given out now if it is new. */
  numberOf(key: string, value: () => T): number {
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#values.push(value())
      this.#numbers.set(key, number)
    }
    return number
  }

  valueOf(number: number): T {
    const value = this.#values[number - 1]
    invariant(value !== undefined, `Number ${number} stands for nothing in this ledger.`)
    return value
  }

  /** More than any number that was given out. */
  get next(): number {
    return this.#values.length + 1
  }
}
