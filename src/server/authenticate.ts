import type { FastifyRequest } from 'fastify'
import { owner, type Principal, principalOf } from '../access/principal.ts'
import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import type { Sessions } from './sessions.ts'

export const sessionCookie = 'purser_session'

/** Methods that change nothing; all others need more than a cookie, which a browser sends along by itself. */
const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Tells who asks: by the key that a program sends, or by the session of a browser. */
export class Authentication {
  readonly #purser: Purser
  readonly #sessions: Sessions

  constructor(purser: Purser, sessions: Sessions) {
    this.#purser = purser
    this.#sessions = sessions
  }

  /** @throws PURSER_UNAUTHENTICATED, PURSER_FORBIDDEN for a change that another site asks for */
  async principalOf(request: FastifyRequest): Promise<Principal> {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const cookie = request.cookies[sessionCookie]
    if (bearer === undefined && cookie === undefined) {
      // Without any key the server listens on this machine alone.
      if (!(await this.#purser.access.keys.isAny())) return owner
      throw unauthenticated('This server asks for a key: send it as `Authorization: Bearer KEY`. `purser keys create` makes one.')
    }
    if (bearer === undefined) assertSameSite(request)
    const text = bearer ?? this.#sessions.keyOf(cookie ?? '')
    const key = text === undefined ? undefined : await this.#purser.access.keys.find(text)
    if (key === undefined) throw unauthenticated('The key is unknown, or was revoked. `purser keys list` shows those that count.')
    return principalOf(key)
  }
}

function unauthenticated(message: string): PurserError {
  return new PurserError('PURSER_UNAUTHENTICATED', message)
}

/** A browser says which site asks; another one than this may not change anything in the name of who signed in. */
function assertSameSite({ method, headers }: FastifyRequest): void {
  if (harmless.has(method)) return
  const site = headers['sec-fetch-site']
  if (site === 'same-origin' || site === 'none') return
  throw new PurserError('PURSER_FORBIDDEN', 'Changes by a session of a browser come from the pages of this server alone.')
}
