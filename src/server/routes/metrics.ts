import { z } from 'zod'
import { seesAll } from '../../access/principal.ts'
import { ledgerMetrics } from '../metrics/ledger-metrics.ts'
import { measureRequests } from '../metrics/request-metrics.ts'
import type { Server, ServerContext } from '../server-context.ts'

/** Figures for Prometheus. Whoever sees a part of the ledger is told of that part, and nothing of the process. */
export function metricsRoutes(app: Server, _context: ServerContext): void {
  const requests = measureRequests(app)
  app.get(
    '/metrics',
    {
      config: { right: 'see' },
      schema: {
        tags: ['health'],
        summary: 'Figures of the ledger, the process and its requests, as Prometheus reads them.',
        response: { 200: z.string().describe('text/plain; version=0.0.4') },
      },
    },
    async ({ purser, principal }, reply) => {
      const ledger = await ledgerMetrics(purser)
      const text = seesAll(principal) ? `${ledger}\n${await requests.metrics()}` : ledger
      return reply.type(requests.contentType).serializer(String).send(text)
    },
  )
}
