import { type Ending, endingOfStatus, notConnected } from '../budgets/endings.ts'

const timedOut: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
/** Names of what providers' SDKs and fetch throw. */
const aborts: ReadonlySet<string> = new Set(['AbortError', 'APIUserAbortError', 'ResponseAborted'])
const timeouts: ReadonlySet<string> = new Set(['TimeoutError', 'APIConnectionTimeoutError'])

/**
 * How a call ended that threw: by the HTTP status where the error has one, by its code or that of its causes, or by its
 * name. What tells nothing may have happened after the request was sent, and counts as an error of the server.
 */
export function endingOfError(error: unknown): Ending {
  for (const each of causesOf(error)) {
    const { name, constructor: made, status, statusCode, code } = each
    const names = [name, made?.name].filter((known) => typeof known === 'string')
    if (names.some((known) => aborts.has(known))) return 'aborted'
    if (names.some((known) => timeouts.has(known))) return 'timeout'
    const answered = [status, statusCode].find((known) => Number.isInteger(known) && Number(known) >= 400 && Number(known) < 600)
    if (typeof answered === 'number') return endingOfStatus(answered)
    if (typeof code === 'string' && notConnected.has(code)) return 'refused'
    if (typeof code === 'string' && timedOut.has(code)) return 'timeout'
  }
  return 'server-error'
}

interface Thrown {
  readonly name?: unknown
  readonly constructor?: { readonly name?: unknown }
  readonly status?: unknown
  readonly statusCode?: unknown
  readonly code?: unknown
  readonly cause?: unknown
}

const deepest = 5

/** The error, and what caused it. */
function causesOf(error: unknown): Thrown[] {
  const found: Thrown[] = []
  for (let each = error; typeof each === 'object' && each !== null && found.length < deepest; each = (each as Thrown).cause) {
    found.push(each as Thrown)
  }
  return found
}
