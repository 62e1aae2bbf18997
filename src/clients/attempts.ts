import { randomUUID } from 'node:crypto'

/** One attempt of a call. */
export interface Attempt {
  readonly callId: string
  readonly attempt: number
}

/** A failed attempt is tried again by its client within so long, or not at all. */
const forgottenAfterMs = 10 * 60_000
/** Where a client does not say that it tries again, a request is taken for a second try only so soon after the first. */
const soonMs = 60_000
const most = 1000

/**
 * Ties the attempts of a call together: a client that tries again sends the very same request, and says so by a header or
 * not.
 */
export class Attempts {
  readonly #failed = new Map<string, { readonly attempt: Attempt; readonly at: number }[]>()

  /** `retries`: how often the client says that it has tried before; undefined where it does not say. */
  next(request: string, retries: number | undefined): Attempt {
    if (retries === 0) return { callId: randomUUID(), attempt: 1 }
    const waiting = this.#failed.get(request) ?? []
    const limit = retries === undefined ? soonMs : forgottenAfterMs
    const found = waiting.findIndex(({ at }) => performance.now() - at < limit)
    const [before] = found === -1 ? [] : waiting.splice(found, 1)
    if (waiting.length === 0) this.#failed.delete(request)
    if (before === undefined) return { callId: randomUUID(), attempt: (retries ?? 0) + 1 }
    return { callId: before.attempt.callId, attempt: before.attempt.attempt + 1 }
  }

  failed(request: string, attempt: Attempt): void {
    const now = performance.now()
    if (this.#failed.size >= most) {
      for (const [key, waiting] of this.#failed) if (waiting.every(({ at }) => now - at > soonMs)) this.#failed.delete(key)
      if (this.#failed.size >= most) this.#failed.clear()
    }
    this.#failed.set(request, [...(this.#failed.get(request) ?? []), { attempt, at: now }])
  }
}
