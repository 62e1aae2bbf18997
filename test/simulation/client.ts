import { PurserError } from '../../src/errors.ts'
import type { Store } from '../../src/stores/store.ts'
import type { Operation } from './operations.ts'
import type { Random } from './random.ts'

/** What goes wrong with one request: nothing, it never arrives, or its answer does not. */
export type Fault = 'none' | 'before' | 'lost'

/** Two methods by which everything is written. */
export type Writer = Pick<Store, 'gate' | 'transact'>

/** A store whose requests or answers get lost; `onSent` is told of those that arrive. */
export function faulty(store: Writer, fault: Fault, onSent: (answer: Promise<unknown>) => void): Writer {
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    if (fault === 'before') throw new PurserError('PURSER_LEDGER_UNAVAILABLE', 'The simulated disk is full.')
    const answering = call()
    onSent(answering)
    const answer = await answering
    if (fault === 'lost') throw new PurserError('PURSER_OUTCOME_UNKNOWN', 'The simulated line was cut.')
    return answer
  }
  return {
    gate: (operation, input) => through(() => store.gate(operation, input)),
    transact: (transaction) => through(() => store.transact(transaction)),
  }
}

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

  fault(): Fault {
    return this.#random.weighted({ none: 92, before: 3, lost: 5 })
  }

  /** Mostly it asks again for what it has no answer to, under the same id; sometimes although it has one. */
  answered(operation: Operation, fault: Fault, step: number): void {
    const again = fault === 'none' ? 0.02 : fault === 'lost' ? 0.9 : 0.6
    if (this.#random.chance(again)) this.#wishes.push({ operation, fromStep: step + this.#random.between(1, 4) })
  }
}
