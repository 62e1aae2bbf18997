import { PurserError } from '../../errors.ts'
import { type Step, stepText } from '../../runs/profiles/step-down.ts'
import type { Store } from '../../stores/store.ts'

const documentKind = 'profile-step'
const maxRemembered = 10_000

/** Tells that a profile has stepped down, once for a counter and window, by whichever process sees it first. */
export class StepDownNews {
  readonly #store: Store
  /** By counter, the mark of the last telling: see `markOf`. */
  readonly #told = new Map<string, number>()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Writes the event unless it was written within the window. Where the ledger cannot be written now, the model is wanted
   * all the same, and the next call tries again.
   */
  async tell(step: Step): Promise<void> {
    if (this.#store.isReadOnly) return
    const { from, to, status } = step
    const key = JSON.stringify([from, to, status.budget, status.scope])
    const windowStart = status.windowStart ?? 0
    if ((this.#told.get(key) ?? Number.NEGATIVE_INFINITY) >= windowStart) return
    try {
      const document = await this.#store.document(documentKind, key)
      const before = (document?.body as { mark: number } | undefined)?.mark ?? Number.NEGATIVE_INFINITY
      const mark = before >= windowStart ? before : markOf(status)
      if (before < windowStart) {
        await this.#store.transact({
          documents: [{ kind: documentKind, key, body: { mark }, expectedVersion: document?.version ?? 0 }],
          events: [{ kind: 'profile.stepped-down', body: bodyOf(step) }],
        })
      }
      if (this.#told.size >= maxRemembered) this.#told.clear()
      this.#told.set(key, mark)
    } catch (error) {
      if (!(error instanceof PurserError) || !passing.has(error.code)) throw error
    }
  }
}

/**
 * What the start of a later window is compared with: the start of the window that was told of. A rolling window began as
 * long ago as it lasts, so there it is the instant of telling: nothing is told again until that has left the window.
 */
function markOf({ windowStart, resetsAt }: Step['status']): number {
  return windowStart === null || resetsAt === null ? Date.now() : windowStart
}

/** Somebody else tells it, or it is told later. */
const passing: ReadonlySet<string> = new Set([
  'PURSER_CONFLICT',
  'PURSER_LEDGER_LOCKED',
  'PURSER_LEDGER_UNAVAILABLE',
  'PURSER_LEDGER_READ_ONLY',
  'PURSER_OUTCOME_UNKNOWN',
])

/** Amounts are text, in the metric's unit. */
function bodyOf(step: Step): Record<string, unknown> {
  const { from, to, atPercent, status } = step
  const { budget, metric, scope, spent, presumed, limit, resetsAt } = status
  const amounts = { spent: String(spent), presumed: String(presumed), limit: String(limit) }
  return { profile: from, to, atPercent, budget, metric, scope, ...amounts, resetsAt, message: stepText(step) }
}
