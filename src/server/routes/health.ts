import { z } from 'zod'
import { messageOf } from '../../text/sentence.ts'
import type { Server, ServerContext } from '../server-context.ts'

const healthShape = z.strictObject({ status: z.literal('ok'), version: z.string() })
const readyShape = z.strictObject({ status: z.enum(['ready', 'unavailable']), message: z.string().optional() })

/** Whether the process lives, and whether its ledger answers: open to all, and telling nothing else. */
export function healthRoutes(app: Server, { whole, version }: ServerContext): void {
  app.get('/health', { schema: { tags: ['health'], security: [], response: { 200: healthShape } } }, () => ({
    status: 'ok' as const,
    version,
  }))
  app.get(
    '/ready',
    { schema: { tags: ['health'], security: [], response: { 200: readyShape, 503: readyShape } } },
    async (request, reply) => {
      try {
        await whole.budgets.list()
        return { status: 'ready' as const }
      } catch (error) {
        request.log.warn({ err: error }, 'The ledger does not answer.')
        return reply.status(503).send({ status: 'unavailable' as const, message: messageOf(error) })
      }
    },
  )
}
