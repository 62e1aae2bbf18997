import type { LedgerEvent } from './store.ts'

/** Events of the running transaction, told to listeners once they are durable. */
export class CommittedEvents {
  readonly #listeners = new Set<(event: LedgerEvent) => void>()
  #waiting: LedgerEvent[] = []

  listen(listener: (event: LedgerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  add(event: LedgerEvent): void {
    this.#waiting.push(event)
  }

  /** A listener that throws fails on its own, and keeps nobody from being told. */
  committed(): void {
    const events = this.#waiting
    if (events.length === 0) return
    this.#waiting = []
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        for (const event of events) listener(event)
      })
    }
  }

  rolledBack(): void {
    this.#waiting = []
  }
}
