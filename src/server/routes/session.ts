import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Principal, principalOf } from '../../access/principal.ts'
import { rightsOfRole, roles } from '../../access/roles.ts'
import { PurserError } from '../../errors.ts'
import { labels } from '../../reports/schemas/schema-fields.ts'
import { sessionCookie } from '../authenticate.ts'
import type { Server, ServerContext } from '../server-context.ts'

const sessionShape = z.strictObject({
  name: z.string().describe('as the log of changes names whoever asks'),
  role: z.enum(roles),
  labels: labels.describe('what is booked and seen carries these; none for the whole ledger'),
  member: z.string().nullable(),
  rights: z.array(z.enum(['enter', 'see', 'book', 'manage'])),
})
const tags = ['session']

/** Signing in with a browser, and who asks. */
export function sessionRoutes(app: Server, { whole, sessions }: ServerContext): void {
  app.post(
    '/session',
    {
      schema: {
        tags,
        security: [],
        summary: 'Signs a browser in with a key: sets a cookie that stands for it.',
        body: z.strictObject({ key: z.string().min(1).max(200) }),
        response: { 201: sessionShape },
      },
    },
    async (request, reply) => {
      const found = await whole.access.keys.find(request.body.key)
      if (found === undefined) throw new PurserError('PURSER_UNAUTHENTICATED', 'The key is unknown, or was revoked.')
      endSession(request)
      const { name, maxAgeSeconds } = sessions.begin(request.body.key)
      setCookie(request, reply, name, maxAgeSeconds)
      return reply.status(201).send(sessionJson(principalOf(found)))
    },
  )
  app.get(
    '/session',
    { config: { right: 'enter' }, schema: { tags, summary: 'Who asks, and what they may.', response: { 200: sessionShape } } },
    ({ principal }) => sessionJson(principal),
  )
  // Open to all, so that the session of a key that was revoked can be left too.
  app.delete(
    '/session',
    { schema: { tags, security: [], summary: 'Signs a browser out.', response: { 204: z.null() } } },
    async (request, reply) => {
      endSession(request)
      setCookie(request, reply, '', 0)
      return reply.status(204).send(null)
    },
  )

  function endSession({ cookies }: FastifyRequest): void {
    const before = cookies[sessionCookie]
    if (before !== undefined) sessions.end(before)
  }
}

function setCookie({ protocol, headers }: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
  // Behind a proxy that ends TLS only its header tells. Whoever sends it falsely keeps their own cookie from plain http.
  const secure = protocol === 'https' || headers['x-forwarded-proto'] === 'https'
  reply.setCookie(sessionCookie, value, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge })
}

function sessionJson({ name, role, labels: bound, member }: Principal): z.infer<typeof sessionShape> {
  return { name, role, labels: bound, member, rights: [...rightsOfRole(role)] }
}
