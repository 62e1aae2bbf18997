import type { Denial } from '../budgets/denial.ts'
import { CallDenied } from '../facade/calls/call-denied.ts'
import type { Unavailable } from '../facade/unavailable.ts'

/**
 * Stands for the answer to a request that was not sent. Clients try again on whatever `fetch` throws, and wrap it; what
 * reading an answer throws they hand to the caller as it is. So this answer throws the reason as soon as it is looked at.
 */
export function unsentResponse(reason: Error): Response {
  return new Proxy(new Response(null), {
    get: (response, name) => {
      // Whoever awaits it asks first whether it is a promise.
      if (name === 'then') return undefined
      // Clients look for a body while what is thrown still counts as a failed connection.
      if (name === 'body') return null
      if (typeof name === 'symbol') return Reflect.get(response, name) as unknown
      throw reason
    },
  })
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
