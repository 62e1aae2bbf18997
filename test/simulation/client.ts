import type { Operation } from './operations.ts'
import type { Random } from './random.ts'

/** What a client heard of its request: an answer, an error, or nothing. */
export type Heard = 'answer' | 'error' | 'nothing'

/** How often a client asks again for the same thing, under the same id. */
const asksAgain: Readonly<Record<Heard, number>> = { answer: 0.07, error: 0.7, nothing: 0.9 }

/** Something that a client wants done, and from which step on. */
interface Wish {
  readonly operation: Operation
  readonly fromStep: number
}

/** A client does one thing after the other, some of them late, and tries again what had no answer. */
export class Client {
  readonly name: string
  readonly #random: Random
  #wishes: Wish[] = []

  constructor(name: string, random: Random) {
    this.name = name
    this.#random = random
  }

  /** What it asks for in this step, if anything. */
  ask(step: number, make: () => Operation): Operation | undefined {
    const due = this.#wishes.findIndex(({ fromStep }) => fromStep <= step)
    if (due >= 0) return this.#wishes.splice(due, 1)[0]?.operation
    if (!this.#random.chance(0.6)) return undefined
    const operation = make()
    if (!this.#random.chance(0.06)) return operation
    this.#wishes.push({ operation, fromStep: step + this.#random.between(1, 6) })
    return undefined
  }

  /** Mostly it asks again for what it has no answer to; sometimes although it has one. */
  heard(operation: Operation, heard: Heard, step: number): void {
    if (this.#random.chance(asksAgain[heard])) this.#wishes.push({ operation, fromStep: step + this.#random.between(1, 4) })
  }
}
