import { PurserError } from '../../errors.ts'

/** Result codes of SQLite that purser tells apart (https://www.sqlite.org/rescode.html). */
const code = { busy: 5, locked: 6, readonly: 8, ioError: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const

/** What a strict table says where the sum of two integers overflows and becomes a float. */
const datatypeConstraint = 3091

function primaryCode(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | null)?.errcode
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** A sum that SQLite has added up, or a counter that it is handed, beyond the integers of a column. */
function isTooLarge(error: unknown): boolean {
  const { errcode, code: name, message } = (error ?? {}) as { errcode?: unknown; code?: unknown; message?: unknown }
  return errcode === datatypeConstraint || (name === 'ERR_INVALID_ARG_VALUE' && String(message).startsWith('BigInt value is too large'))
}

export function isBusy(error: unknown): boolean {
  const primary = primaryCode(error)
  return primary === code.busy || primary === code.locked
}

/** Whether an error says that the file cannot be written now, and not that something is wrong with it. */
export function isPassing({ code: name }: PurserError): boolean {
  return ['PURSER_LEDGER_LOCKED', 'PURSER_LEDGER_UNAVAILABLE', 'PURSER_LEDGER_READ_ONLY', 'PURSER_OUTCOME_UNKNOWN'].includes(name)
}

/** A failure of SQLite as an error of the registry; others are given back as they are. */
export function fromSqlite(error: unknown, path: string, doing: 'open' | 'read' | 'write' | 'commit'): unknown {
  if (error instanceof PurserError) return error
  const options = { cause: error }
  const said = error instanceof Error ? error.message : String(error)
  if (isTooLarge(error)) {
    return new PurserError(
      'PURSER_AMOUNT_OUT_OF_RANGE',
      `A sum in ${path} would no longer fit 64 bits (${said}). Nothing was written.`,
      options,
    )
  }
  const primary = primaryCode(error)
  if (primary === undefined) return error
  switch (primary) {
    case code.busy:
    case code.locked:
      return new PurserError('PURSER_LEDGER_LOCKED', `${path} is locked by another process. Nothing was written; try again.`, options)
    case code.readonly:
      return new PurserError(
        'PURSER_LEDGER_READ_ONLY',
        `${path} cannot be written: the file or its folder is read-only. Make both writable; reading goes on.`,
        options,
      )
    case code.full:
      return new PurserError(
        'PURSER_LEDGER_UNAVAILABLE',
        `The disk that holds ${path} is full. This was not written, what was answered before is; free space, then try again.`,
        options,
      )
    case code.cantOpen:
      return new PurserError(
        'PURSER_LEDGER_UNAVAILABLE',
        `${path} cannot be opened: ${said}. Check that its folder exists and may be written.`,
        options,
      )
    case code.corrupt:
    case code.notADatabase:
      return new PurserError(
        'PURSER_LEDGER_CORRUPT',
        `${path} is damaged or not a ledger (${said}). Keep the file, and restore a backup or choose another with --db.`,
        options,
      )
    case code.ioError:
      if (doing === 'commit') {
        return new PurserError(
          'PURSER_OUTCOME_UNKNOWN',
          `Writing ${path} failed (${said}); retry with the same id to learn the outcome.`,
          options,
        )
      }
      return new PurserError('PURSER_LEDGER_UNAVAILABLE', `Reading or writing ${path} failed: ${said}.`, options)
    default:
      return new PurserError('PURSER_LEDGER_UNAVAILABLE', `SQLite refused to ${doing} ${path}: ${said}.`, options)
  }
}
