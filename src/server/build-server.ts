import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import etag from '@fastify/etag'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { assertRight, owner } from '../access/principal.ts'
import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import { Authentication } from './authenticate.ts'
import { LedgerViews } from './ledger-views.ts'
import { made, sendProblem } from './problem.ts'
import { apiRoutes } from './routes/api-routes.ts'
import { healthRoutes } from './routes/health.ts'
import type { Server, ServerContext } from './server-context.ts'
import { Sessions } from './sessions.ts'

/** How a server is built. */
export interface ServerOptions {
  readonly version: string
  /** ISO weekday on which weeks begin; Monday unless said otherwise. */
  readonly weekStart?: number
  readonly logger?: FastifyServerOptions['logger']
  /** Sites whose pages may ask; none unless said otherwise. */
  readonly corsOrigins?: readonly string[]
  /** Whether a key is asked for also where there is none; where others can reach the server, it is. */
  readonly asksForKeys?: boolean
  /** Requests that one key, or without keys one address, may make in a minute. */
  readonly requestsPerMinute?: number
  /** The largest body of a request, in bytes. */
  readonly bodyLimit?: number
}

// A program that connects asks for every hold and every charge.
const defaultRequestsPerMinute = 60_000
const defaultBodyLimit = 16 * 1024 * 1024
/** An id of 200 characters, each of up to four bytes that are escaped. */
const maxParamLength = 200 * 4 * 3

/** A server over an open ledger, which stays its caller's to close. It does not listen yet. */
export async function buildServer(purser: Purser, options: ServerOptions): Promise<Server> {
  const app = Fastify({
    logger: options.logger ?? false,
    bodyLimit: options.bodyLimit ?? defaultBodyLimit,
    // What a client sends as such a header is its own word.
    requestIdHeader: false,
    routerOptions: { maxParamLength },
    frameworkErrors: sendProblem,
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => {
    const problem = made(
      'PURSER_NOT_FOUND',
      `There is no ${request.method} ${request.url.split('?')[0] ?? ''}. /docs shows what there is.`,
      request.id,
    )
    void reply.status(404).type('application/problem+json; charset=utf-8').send(JSON.stringify(problem))
  })
  const context: ServerContext = {
    whole: purser,
    views: new LedgerViews(purser),
    sessions: new Sessions(),
    version: options.version,
    weekStart: options.weekStart ?? 1,
  }
  await registerPlugins(app, options)
  registerAccess(app, context, options.asksForKeys ?? false)
  await app.register(async (open) => healthRoutes(open.withTypeProvider<ZodTypeProvider>(), context), { prefix: '/api/v1' })
  await app.register(async (api) => apiRoutes(api.withTypeProvider<ZodTypeProvider>(), context))
  return app
}

async function registerPlugins(app: Server, { corsOrigins = [], requestsPerMinute, version }: ServerOptions): Promise<void> {
  await app.register(helmet, { contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } })
  await app.register(cookie)
  await app.register(etag)
  await app.register(compress, { encodings: ['gzip', 'identity'] })
  if (corsOrigins.length > 0) await app.register(cors, { origin: [...corsOrigins], credentials: false })
  await app.register(rateLimit, {
    max: requestsPerMinute ?? defaultRequestsPerMinute,
    timeWindow: '1 minute',
    hook: 'preHandler',
    keyGenerator: (request) => request.principal.key ?? request.ip,
    errorResponseBuilder: (_, { max, after }) =>
      new PurserError('PURSER_RATE_LIMITED', `More than ${max} requests in a minute; try again in ${after}.`),
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'purser', version, description: 'The ledger and the gate for AI spend.' },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform: jsonSchemaTransform,
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
}

/** Tells who asks before anything else is done, and refuses what they may not. */
function registerAccess(app: Server, { whole, views, sessions }: ServerContext, asksForKeys: boolean): void {
  const authentication = new Authentication(whole, sessions, asksForKeys)
  app.decorateRequest('principal', null as never)
  app.decorateRequest('purser', null as never)
  app.addHook('onRequest', async (request) => {
    const { right } = request.routeOptions.config
    request.principal = right === undefined ? owner : await authentication.principalOf(request)
    if (right !== undefined) assertRight(request.principal, right)
    request.purser = right === undefined ? whole : views.of(request.principal)
  })
}
