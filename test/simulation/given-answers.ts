import type { Reply } from './apply.ts'
import { Mismatch, same } from './mismatch.ts'
import type { Operation } from './operations.ts'

interface Answer {
  readonly granted?: boolean
  readonly id?: string
  readonly reservedAt?: number
  readonly state?: string
}

/** What was told of each hold, without the model: the same id gets the same grant, and no hold ends twice or in two ways. */
export class GivenAnswers {
  readonly #reservedAt = new Map<string, number>()
  readonly #ended = new Map<string, string>()

  /** @throws Mismatch where an answer contradicts an earlier one */
  hear({ kind }: Operation, reply: Reply): void {
    if (!('answer' in reply) || !['reserve', 'split', 'settle', 'resolve', 'release', 'extend'].includes(kind)) return
    const { granted, id = '', reservedAt, state } = reply.answer as Answer
    const ended = this.#ended.get(id)
    if (granted === true && reservedAt !== undefined) {
      if (ended !== undefined) throw new Mismatch(kind, `${id} is ${ended}`, 'granted again')
      same(kind, { id, reservedAt: this.#reservedAt.get(id) ?? reservedAt }, { id, reservedAt })
      this.#reservedAt.set(id, reservedAt)
    }
    if (state !== undefined && ended !== undefined) same(kind, { id, state: ended }, { id, state })
    if (state === 'settled' || state === 'released') this.#ended.set(id, state)
  }
}
