import { z } from 'zod'
import type { Server, ServerContext } from '../server-context.ts'

const insightsShape = z.strictObject({ insights: z.array(z.never()), message: z.string() })
const alertsShape = z.strictObject({ alerts: z.array(z.never()), message: z.string() })

/** What nothing computes yet: the answers say so, and invent nothing. */
export function insightRoutes(app: Server, _context: ServerContext): void {
  app.get(
    '/insights',
    {
      config: { right: 'see' },
      schema: { tags: ['insights'], summary: 'Recommendations and forecasts; none are computed yet.', response: { 200: insightsShape } },
    },
    () => ({ insights: [], message: 'This version computes no insights, so an empty list does not mean that there is nothing to save.' }),
  )
  app.get(
    '/alerts',
    {
      config: { right: 'see' },
      schema: { tags: ['alerts'], summary: 'Alerts and their delivery; none are kept yet.', response: { 200: alertsShape } },
    },
    () => ({
      alerts: [],
      message:
        'This version keeps no alerts, so an empty list does not mean that all is well. GET /api/v1/usage/summary says how much of the tightest budget is spent.',
    }),
  )
}
