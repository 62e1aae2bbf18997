import { type ErrorCode, PurserError } from '../errors.ts'

/**
 * A hold that was refused because the ledger could not be asked: nothing is held, and nobody knows where the budgets stand.
 * Fields of a denial that only a ledger could fill in are null.
 */
export interface Unavailable {
  readonly granted: false
  readonly kind: 'unavailable'
  readonly budget: null
  readonly action: null
  readonly metric: null
  readonly scope: Readonly<Record<string, never>>
  readonly limit: null
  readonly spent: null
  readonly held: null
  readonly presumed: null
  readonly asked: null
  readonly room: null
  readonly resetsAt: null
  readonly retryAfterMs: number | null
  readonly also: readonly never[]
  /** The error that the ledger answered with. */
  readonly code: ErrorCode
  /** What is in the way, and what to do about it. */
  readonly message: string
}

/** How long a caller may wait before it asks again where another process had the ledger's lock, in milliseconds. */
const lockedRetryMs = 1000

/**
 * The refusal that an error of the ledger comes to, where nothing was granted; the error itself where it is not of that
 * kind: a damaged ledger, or a commit of which nobody knows whether it was written.
 */
export function toUnavailable(error: unknown): Unavailable {
  if (!(error instanceof PurserError) || (error.code !== 'PURSER_LEDGER_LOCKED' && error.code !== 'PURSER_LEDGER_UNAVAILABLE')) throw error
  return {
    granted: false,
    kind: 'unavailable',
    budget: null,
    action: null,
    metric: null,
    scope: {},
    limit: null,
    spent: null,
    held: null,
    presumed: null,
    asked: null,
    room: null,
    resetsAt: null,
    retryAfterMs: error.code === 'PURSER_LEDGER_LOCKED' ? lockedRetryMs : null,
    also: [],
    code: error.code,
    message: `Nothing is held, because the budgets could not be asked. ${error.message}`,
  }
}
