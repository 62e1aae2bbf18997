import type { FastifyRequest } from 'fastify'
import { PurserError } from '../errors.ts'

/**
 * The version that a change was made for: by `If-Match`, with an ETag whose first part is the version; by
 * `If-None-Match: *`, null for one that must be new; or by `expected`, 0 for one that must be new. Undefined where any will do.
 * @throws PURSER_BAD_ARGUMENT
 */
export function expectedVersion(
  { 'if-match': match, 'if-none-match': none }: FastifyRequest['headers'],
  asked: number | undefined,
): number | null | undefined {
  if (match !== undefined) {
    const version = /^(?:W\/)?"(\d+)(?:\.[\w-]+)?"$/.exec(match.trim())?.[1]
    if (version === undefined) {
      throw new PurserError('PURSER_BAD_ARGUMENT', `If-Match is ${match}; it must be one ETag, as it was answered.`)
    }
    return Number(version)
  }
  if (none?.trim() === '*') return null
  return asked === 0 ? null : asked
}
