import { PurserError } from '../errors.ts'

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

/**
 * The ending that an HTTP status says: of the answer, 2xx, or of an error, 4xx and 5xx.
 * @throws PURSER_BAD_ARGUMENT for what ends no call, such as 100 and a redirect, and for what is no status
 */
export function endingOfStatus(status: number): Ending {
  const kind = Number.isInteger(status) ? Math.floor(status / 100) : 0
  if (status === 429) return 'rate-limited'
  if (kind === 2) return 'ok'
  if (kind === 4) return 'rejected'
  if (kind === 5) return 'server-error'
  throw new PurserError('PURSER_BAD_ARGUMENT', `${status} is not the HTTP status of an answer or an error, 200 to 299 or 400 to 599.`)
}

/** Codes of Node and undici that mean that nothing was sent (https://nodejs.org/api/errors.html, undici's lib/core/errors.js). */
export const notConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_INVALID_URL',
])
