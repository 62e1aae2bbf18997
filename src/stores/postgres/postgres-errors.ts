import { PurserError } from '../../errors.ts'

/** What was being done when Postgres failed. After `commit` nobody knows whether it is written. */
export type Doing = 'open' | 'read' | 'write' | 'commit'

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** What pg says itself, without a code, where a connection broke or could not be had in time. */
const brokenConnection =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed)/

/** What pg says of connections that were closed by us. */
const usedAfterEnd = 'Cannot use a pool after calling end on the pool'

/**
 * Whether the connection is what failed, so that another one may do: the socket, or a server that shuts down, starts
 * up, or ends the session (SQLSTATE classes 08 and 57P, https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error)
  if (code === undefined) return error instanceof Error && brokenConnection.test(error.message)
  return socketCodes.has(code) || /^(?:08|57P0[1235]|25P03)/.test(code)
}

/** What Node and pg say of a connection that cannot be encrypted as the URL asks. */
function isInsecure(error: unknown): boolean {
  const code = codeOf(error)
  if (code === undefined) return error instanceof Error && error.message === 'The server does not support SSL connections'
  return /CERT_|_CERT|^UNABLE_TO_(?:GET|VERIFY)/.test(code)
}

const say = {
  readOnly: '%s cannot be written: the server is a read-only copy, or this role may only read. Connect to the primary.',
  full: 'The disk of the server of %s is full. This was not written, what was answered before is; free space, then try again.',
  connections: 'The server of %s takes no more connections. Raise max_connections, or close other programs.',
  password: 'The server of %s refuses this user or password. Check the URL and the server’s pg_hba.conf.',
  database: 'There is no database %s. Create it first: createdb NAME',
  role: 'This role may not use %s. Grant it the schema and its tables, or connect as its owner.',
  locked: '%s has been locked by another process for 15 seconds. Nothing was written; try again, or end that process.',
  foreign: '%s holds tables of another program, or of a damaged ledger. Choose another schema.',
  gone: '%s is no longer there: its tables were dropped while it was open.',
  cancelled: 'The server of %s cancelled a statement, by its statement_timeout or by hand. Nothing was written; try again.',
} as const

/** SQLSTATE codes whose cause a person can do something about. */
const known: Readonly<Record<string, readonly [PurserError['code'], keyof typeof say]>> = {
  '25006': ['PURSER_LEDGER_READ_ONLY', 'readOnly'],
  '53100': ['PURSER_LEDGER_UNAVAILABLE', 'full'],
  '53300': ['PURSER_LEDGER_UNAVAILABLE', 'connections'],
  '28000': ['PURSER_LEDGER_UNAVAILABLE', 'password'],
  '28P01': ['PURSER_LEDGER_UNAVAILABLE', 'password'],
  '3D000': ['PURSER_NOT_FOUND', 'database'],
  '42501': ['PURSER_LEDGER_UNAVAILABLE', 'role'],
  '55P03': ['PURSER_LEDGER_LOCKED', 'locked'],
  '42P07': ['PURSER_LEDGER_CORRUPT', 'foreign'],
  '42703': ['PURSER_LEDGER_CORRUPT', 'foreign'],
  '42P01': ['PURSER_LEDGER_UNAVAILABLE', 'gone'],
  '3F000': ['PURSER_LEDGER_UNAVAILABLE', 'gone'],
  '57014': ['PURSER_LEDGER_UNAVAILABLE', 'cancelled'],
}

/** A failure of Postgres or of the way to it as an error of the registry; others are given back as they are. */
export function fromPostgres(error: unknown, location: string, doing: Doing): unknown {
  if (error instanceof PurserError) return error
  if (error instanceof Error && error.message === usedAfterEnd) {
    return new PurserError('PURSER_LEDGER_UNAVAILABLE', `${location} is closed. Open it again.`, { cause: error })
  }
  const options = { cause: error }
  const code = codeOf(error)
  const said = (error instanceof Error && error.message) || (code ?? String(error))
  if (isConnectionLost(error)) {
    if (doing === 'commit') {
      return new PurserError(
        'PURSER_OUTCOME_UNKNOWN',
        `The connection to ${location} broke in the middle of a commit (${said}); retry with the same id to learn the outcome.`,
        options,
      )
    }
    return new PurserError(
      'PURSER_LEDGER_UNAVAILABLE',
      `${location} cannot be reached (${said}). ${doing === 'write' ? 'Nothing was written. ' : ''}Check the server and the way to it.`,
      options,
    )
  }
  if (isInsecure(error)) {
    return new PurserError(
      'PURSER_LEDGER_UNAVAILABLE',
      `The connection to ${location} is not secure as its URL asks (${said}). Check sslmode and sslrootcert there, and the certificate of the server.`,
      options,
    )
  }
  const entry = code === undefined ? undefined : known[code]
  if (entry !== undefined) return new PurserError(entry[0], say[entry[1]].replace('%s', location), options)
  if (code === '22003') {
    return new PurserError(
      'PURSER_AMOUNT_OUT_OF_RANGE',
      `A sum in ${location} would no longer fit 64 bits (${said}). Nothing was written.`,
      options,
    )
  }
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return error
  return new PurserError('PURSER_LEDGER_UNAVAILABLE', `Postgres refused to ${doing} ${location}: ${said} (${code}).`, options)
}

/** The refusal to write a ledger that is only looked at. */
export function readOnlyLedger(location: string): PurserError {
  return new PurserError(
    'PURSER_LEDGER_READ_ONLY',
    `${location} is open for reading only, so nothing was written. Open it without readOnly.`,
  )
}
