/** Every error that purser raises, in one place: code, exit code of the CLI, HTTP status, and what it means. */
export const errorRegistry = {
  PURSER_AMOUNT_OUT_OF_RANGE: { exitCode: 2, status: 400, meaning: 'An amount of money does not fit the ledger.' },
  PURSER_BAD_ARGUMENT: { exitCode: 2, status: 400, meaning: 'A command or call was given an argument it does not take.' },
  PURSER_BAD_NUMBER: {
    exitCode: 2,
    status: 400,
    meaning: 'A number is malformed, negative, fractional or not finite where it must not be.',
  },
  PURSER_UNKNOWN_METER: { exitCode: 2, status: 400, meaning: 'A usage names a quantity that purser does not know.' },
  PURSER_UNKNOWN_READER: { exitCode: 2, status: 400, meaning: 'No usage reader exists for the provider and API named.' },
  PURSER_UNREADABLE_USAGE: { exitCode: 2, status: 400, meaning: 'A provider response carries no usage that purser can read.' },
  PURSER_BAD_TIME: { exitCode: 2, status: 400, meaning: 'A time is malformed, or lies outside the years that a ledger books.' },
  PURSER_BAD_LABEL: { exitCode: 2, status: 400, meaning: 'A label breaks a rule on keys, values or their number.' },
  PURSER_SECRET_IN_LABEL: { exitCode: 2, status: 400, meaning: 'A label value or metadata looks like a credential and was refused.' },
  PURSER_BAD_METADATA: { exitCode: 2, status: 400, meaning: 'Metadata is not a JSON object of at most 4 KB.' },
  PURSER_BAD_QUERY: { exitCode: 2, status: 400, meaning: 'A cost query names something that cannot be asked.' },
  PURSER_BAD_CARD: { exitCode: 2, status: 400, meaning: 'A price card is malformed.' },
  PURSER_BAD_CONFIG: { exitCode: 2, status: 400, meaning: 'purser.yaml or an environment variable does not validate.' },
  PURSER_BAD_RECORD: { exitCode: 2, status: 400, meaning: 'A record given to purser is not of the documented shape.' },
  PURSER_ID_CONFLICT: { exitCode: 2, status: 409, meaning: 'An id was booked before with other content.' },
  PURSER_CONFLICT: { exitCode: 2, status: 409, meaning: 'What was to be changed is no longer as the caller saw it.' },
  PURSER_HOLD_ENDED: {
    exitCode: 2,
    status: 409,
    meaning: 'A hold was settled, released or ran out, and what was asked needs an open one.',
  },
  PURSER_UNAUTHENTICATED: { exitCode: 2, status: 401, meaning: 'No key, or none that counts, was given to a server that asks for one.' },
  PURSER_RATE_LIMITED: { exitCode: 4, status: 429, meaning: 'A key has asked more often than the server allows.' },
  PURSER_FORBIDDEN: { exitCode: 2, status: 403, meaning: 'Whoever asked may not see or change what was asked for.' },
  PURSER_CALL_DENIED: { exitCode: 4, status: 402, meaning: 'A budget refused a call of a wrapped client; nothing was sent.' },
  PURSER_RUN_BUSY: { exitCode: 2, status: 409, meaning: 'Another process is executing the run.' },
  PURSER_NOT_FOUND: { exitCode: 2, status: 404, meaning: 'The thing named does not exist.' },
  PURSER_CATALOG_REJECTED: { exitCode: 2, status: 422, meaning: 'A price source failed validation and was not applied.' },
  PURSER_LEDGER_UNAVAILABLE: { exitCode: 4, status: 503, meaning: 'The ledger cannot be opened, read or written.' },
  PURSER_LEDGER_READ_ONLY: { exitCode: 4, status: 403, meaning: 'The ledger can only be looked at, and was asked to write.' },
  PURSER_LEDGER_LOCKED: { exitCode: 4, status: 503, meaning: 'Another process held the ledger for longer than purser waits.' },
  PURSER_LEDGER_CORRUPT: { exitCode: 4, status: 500, meaning: 'The ledger file is not a ledger, or is damaged.' },
  PURSER_LEDGER_NEWER: { exitCode: 4, status: 500, meaning: 'The ledger was written by a newer purser.' },
  PURSER_OUTCOME_UNKNOWN: { exitCode: 4, status: 503, meaning: 'A write may or may not have become durable; retry it with the same id.' },
  PURSER_OUTPUT_FAILED: { exitCode: 4, status: 500, meaning: 'An answer could not be written out; what was booked stays booked.' },
  PURSER_INVARIANT: { exitCode: 1, status: 500, meaning: 'An invariant of purser itself is broken; nothing was written.' },
} as const satisfies Record<string, { exitCode: number; status: number; meaning: string }>

export type ErrorCode = keyof typeof errorRegistry

/** The one exception class: a code of the registry, and a message with the numbers and the next step. */
export class PurserError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PurserError'
    this.code = code
  }
}

/** Stops what cannot be right. On in production, because a wrong ledger is worse than a stopped one. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new PurserError('PURSER_INVARIANT', `${message} This is a bug in purser; nothing was written.`)
}
