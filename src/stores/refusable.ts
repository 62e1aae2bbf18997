import { type ErrorCode, PurserError } from '../errors.ts'

/** Errors that an operation raises before it has changed anything, so that others in its transaction need not be undone. */
const harmless: ReadonlySet<ErrorCode> = new Set([
  'PURSER_NOT_FOUND',
  'PURSER_HOLD_ENDED',
  'PURSER_ID_CONFLICT',
  'PURSER_CONFLICT',
  'PURSER_BAD_ARGUMENT',
])

/** Runs an operation of the gate; what it refuses is a value, everything else undoes the transaction. */
export function refusable<T>(run: () => T): { readonly answer: T } | { readonly refused: PurserError } {
  try {
    return { answer: run() }
  } catch (error) {
    if (error instanceof PurserError && harmless.has(error.code)) return { refused: error }
    throw error
  }
}
