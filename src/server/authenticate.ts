import type { FastifyRequest } from 'fastify'
import { owner, type Principal, principalOf } from '../access/principal.ts'
import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import type { Sessions } from './sessions.ts'

export const sessionCookie = 'purser_session'

/** Methods that change nothing; all others need more than a cookie, which a browser sends along by itself. */
const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Names of this machine, by which a browser reaches its owner's server; a site that gave itself its address has another. */
const ownHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

/** Tells who asks: by the key that a program sends, or by the session of a browser. */
export class Authentication {
  readonly #purser: Purser
  readonly #sessions: Sessions
  #asksForKeys: boolean

  /** @param asksForKeys also where there is no key yet, as where others can reach the server */
  constructor(purser: Purser, sessions: Sessions, asksForKeys: boolean) {
    this.#purser = purser
    this.#sessions = sessions
    this.#asksForKeys = asksForKeys
  }

  /** @throws PURSER_UNAUTHENTICATED, PURSER_FORBIDDEN for a change that another site asks for */
  async principalOf(request: FastifyRequest): Promise<Principal> {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const cookie = request.cookies[sessionCookie]
    if (bearer === undefined && cookie === undefined) return this.#owner(request)
    if (bearer === undefined) assertSameSite(request)
    const text = bearer ?? this.#sessions.keyOf(cookie ?? '')
    const key = text === undefined ? undefined : await this.#purser.access.keys.find(text)
    if (key === undefined) throw unauthenticated('The key is unknown, or was revoked. `purser keys list` shows those that count.')
    return principalOf(key)
  }

  /** Without any key the server is its owner's. Once there was one it asks for keys, also when the last is revoked. */
  async #owner(request: FastifyRequest): Promise<Principal> {
    this.#asksForKeys ||= await this.#purser.access.keys.isAny()
    if (this.#asksForKeys) {
      throw unauthenticated('This server asks for a key: send it as `Authorization: Bearer KEY`. `purser keys create` makes one.')
    }
    if (!ownHost.test(request.headers.host ?? '')) {
      throw unauthenticated(
        `Without keys this server answers as localhost alone, and was asked as ${JSON.stringify(request.headers.host)}.`,
      )
    }
    if (request.headers['sec-fetch-site'] !== undefined) assertSameSite(request)
    return owner
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
