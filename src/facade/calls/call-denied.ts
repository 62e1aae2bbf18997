import type { Denial } from '../../budgets/denial.ts'
import { PurserError } from '../../errors.ts'
import type { Unavailable } from '../unavailable.ts'

/**
 * What a wrapped client throws where a budget refuses the call: nothing was sent. Everywhere else a denial is a value; a
 * provider's client has no other way to say it.
 */
export class CallDenied extends PurserError {
  readonly denial: Denial | Unavailable

  constructor(denial: Denial | Unavailable) {
    super('PURSER_CALL_DENIED', denial.message)
    this.name = 'CallDenied'
    this.denial = denial
  }
}

const deepest = 6

/**
 * Why a budget refused a call, from whatever a client threw for it; undefined where that was something else. Clients hand
 * on the `CallDenied` itself, or an error of their own that it caused.
 * @example
 * try { await openai.chat.completions.create(request) } catch (error) {
 *   const denial = denialOf(error)
 *   if (denial === undefined) throw error
 *   console.warn(denial.message)
 * }
 */
export function denialOf(error: unknown): Denial | Unavailable | undefined {
  return findDenied(error, deepest)?.denial
}

function findDenied(error: unknown, depth: number): CallDenied | undefined {
  if (error instanceof CallDenied) return error
  if (typeof error !== 'object' || error === null || depth === 0) return undefined
  // The AI SDK gathers what its attempts threw; two copies of this package have two classes.
  const { cause, lastError, code, denial } = error as { cause?: unknown; lastError?: unknown; code?: unknown; denial?: unknown }
  if (code === 'PURSER_CALL_DENIED' && denial !== undefined) return error as CallDenied
  return findDenied(cause, depth - 1) ?? findDenied(lastError, depth - 1)
}
