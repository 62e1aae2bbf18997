import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Server, ServerContext } from '../server-context.ts'
import { chargeRoutes } from './charges.ts'
import { costRoutes } from './costs.ts'

/** Everything that is asked of a ledger, below /api/v1. */
export async function apiRoutes(app: Server, context: ServerContext): Promise<void> {
  await app.register(
    async (scope) => {
      const api = scope.withTypeProvider<ZodTypeProvider>()
      for (const routes of [chargeRoutes, costRoutes]) routes(api, context)
    },
    { prefix: '/api/v1' },
  )
}
