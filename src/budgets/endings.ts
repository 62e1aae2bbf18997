/** How a call that was held ended. */
export const endings = ['ok', 'refused', 'rejected', 'rate-limited', 'cut', 'aborted', 'timeout', 'server-error'] as const
export type Ending = (typeof endings)[number]

/**
 * What becomes of the hold. `release`: nothing was sent, or the provider charges nothing for it. `settle`: the answer says
 * what it cost. `settle-delivered`: what arrived is booked as an estimate, and the rest stays presumed in strict budgets.
 * `keep`: the provider may have done the work, so the hold stays until it runs out and is presumed, or until somebody knows.
 */
export type HoldEnding = 'release' | 'settle' | 'settle-delivered' | 'keep'

/**
 * `refused`: no connection; `rejected`: a 4xx answer; `rate-limited`: 429; `cut`: the stream broke off; `aborted`: the
 * client ended it; `timeout`: no answer in time; `server-error`: 5xx after the request was sent.
 */
export const holdEndings: Readonly<Record<Ending, HoldEnding>> = {
  ok: 'settle',
  refused: 'release',
  rejected: 'release',
  'rate-limited': 'release',
  cut: 'settle-delivered',
  aborted: 'settle-delivered',
  timeout: 'keep',
  'server-error': 'keep',
}

/** The ending that an HTTP status says. */
export function endingOfStatus(status: number): Ending {
  if (status === 429) return 'rate-limited'
  if (status >= 500) return 'server-error'
  return status >= 400 ? 'rejected' : 'ok'
}
