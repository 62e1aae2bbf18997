import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Principal } from '../access/principal.ts'
import type { Right } from '../access/roles.ts'
import type { Purser } from '../purser.ts'
import type { LedgerViews } from './ledger-views.ts'
import type { Sessions } from './sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before any handler runs. */
    principal: Principal
    /** The ledger as whoever asks sees it. */
    purser: Purser
  }
  interface FastifyContextConfig {
    /** What whoever asks must be allowed to do; a route without it is open to all. */
    readonly right?: Right
  }
}

/** The server with the shapes of requests and answers as types. */
export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** What routes need beside the request. */
export interface ServerContext {
  /** The whole ledger; routes use `request.purser`, which is what whoever asks may see. */
  readonly whole: Purser
  readonly views: LedgerViews
  readonly sessions: Sessions
  readonly version: string
  /** ISO weekday on which weeks begin, 1 = Monday. */
  readonly weekStart: number
}

/** Who changes something, for the audit log. */
export function authorOf({ principal }: Pick<FastifyRequest, 'principal'>): string {
  return `api:${principal.name}`
}
