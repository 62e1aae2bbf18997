import { errorRegistry, PurserError } from '../errors.ts'
import { printableLines } from '../text/display-width.ts'
import { paint } from './terminal.ts'

/** Exit codes that no error of the registry has. */
export const exitCodes = { badInput: 2, unpriced: 3, denied: 4, interrupted: 130 } as const

/**
 * Says on standard error what went wrong, with `json` as an object, and gives the exit code. What is not an error of
 * the registry is a bug; its stack is shown with PURSER_DEBUG.
 */
export function reportError(error: unknown, json: boolean): number {
  const { code, message } = describe(error)
  const stack = isSet(process.env['PURSER_DEBUG']) ? (error instanceof Error ? error.stack : String(error)) : undefined
  if (json) process.stderr.write(`${JSON.stringify({ error: { code, message, ...(stack !== undefined && { stack }) } })}\n`)
  else {
    process.stderr.write(`${paint('red', 'purser:', process.stderr)} ${printableLines(message)}\n`)
    if (stack !== undefined) process.stderr.write(`${printableLines(stack)}\n`)
    else if (code === 'PURSER_INVARIANT') process.stderr.write('Set PURSER_DEBUG=1 to see where.\n')
  }
  return errorRegistry[code].exitCode
}

/** An error as data: code and message. */
export function describe(error: unknown): { code: PurserError['code']; message: string } {
  if (error instanceof PurserError) return { code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'PURSER_INVARIANT', message: `Something went wrong inside purser: ${message}` }
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '' && text !== '0'
}
