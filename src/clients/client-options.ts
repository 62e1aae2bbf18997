import type { CallOpener, CallStart } from '../facade/calls/open-call.ts'
import type { Basis } from '../ledger/charge.ts'

/** What a wrapped client asks before each request; a `Purser` is one. */
export interface Gatekeeper {
  readonly calls: CallOpener
}

/** How a wrapped client books its calls. */
export interface ClientOptions {
  /** Labels of its calls, where the code around them (`purser.withLabels`, a run) says nothing else. */
  readonly labels?: Readonly<Record<string, string>>
  /** Whose prices apply, such as `openrouter`, or `local` for a server of your own. Told from the address unless said. */
  readonly provider?: string
  /** Shortens the longest answer that a request allows until it fits into the budgets. */
  readonly shrink?: boolean
  /** Milliseconds that the hold of a call lives without a sign of life; ten minutes unless said otherwise. */
  readonly ttlMs?: number
  /** Milliseconds to wait for room while other calls hold theirs; none unless said otherwise. */
  readonly waitMs?: number
  /** `plan` for calls that a subscription covers. */
  readonly basis?: Basis
}

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What of it the hold of each call is asked with. */
export function startOf({ shrink, ttlMs, waitMs, basis }: ClientOptions): CallStart {
  return {
    ...(shrink !== undefined && { shrink }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(waitMs !== undefined && { waitMs }),
    ...(basis !== undefined && { basis }),
  }
}
