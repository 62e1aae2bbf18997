import type { LedgerEvent } from '../stores/store.ts'
import { messageOf } from '../text/sentence.ts'

type Listener = (event: LedgerEvent) => unknown

/**
 * A listener whose failure is told and stops nothing: what it is told of is booked already, and an error that nobody
 * catches would end the process of whoever booked it. So is one that it answers with later, as an async function does.
 */
export function contained(listener: Listener, warn: (message: string) => void): (event: LedgerEvent) => void {
  return (event) => {
    const failed = (error: unknown): void => {
      warn(`A listener failed at ${event.kind}, and the ledger has what it was told of: ${messageOf(error)}.`)
    }
    try {
      const answer = listener(event)
      if (answer instanceof Promise) answer.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
