import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Server, ServerContext } from '../server-context.ts'
import { auditRoutes } from './audit.ts'
import { budgetRoutes } from './budgets.ts'
import { holdRoutes } from './holds.ts'
import { keyRoutes } from './keys.ts'
import { limitRoutes } from './limits.ts'
import { memberRoutes } from './members.ts'
import { runRoutes } from './runs.ts'
import { sessionRoutes } from './session.ts'
import { analyticsRoutes } from './analytics.ts'
import { catalogRoutes } from './catalog.ts'
import { estimateRoutes } from './estimates.ts'
import { exportRoutes } from './export.ts'
import { insightRoutes } from './insights.ts'
import { profileRoutes } from './profiles.ts'
import { projectRoutes } from './projects.ts'
import { usageRoutes } from './usage.ts'
import { chargeRoutes } from './charges.ts'
import { costRoutes } from './costs.ts'
import { ledgerRoutes } from './ledger.ts'
import { metricsRoutes } from './metrics.ts'
import { streamRoutes } from './stream.ts'

/** Everything that is asked of a ledger: below /api/v1, and at the root what hosts ask for by names of their own. */
export async function apiRoutes(app: Server, context: ServerContext): Promise<void> {
  analyticsRoutes(app.withTypeProvider<ZodTypeProvider>(), context)
  await app.register(
    async (scope) => {
      const api = scope.withTypeProvider<ZodTypeProvider>()
      for (const routes of [
        chargeRoutes,
        catalogRoutes,
        estimateRoutes,
        exportRoutes,
        insightRoutes,
        profileRoutes,
        projectRoutes,
        usageRoutes,
        costRoutes,
        ledgerRoutes,
        streamRoutes,
        metricsRoutes,
        auditRoutes,
        budgetRoutes,
        holdRoutes,
        keyRoutes,
        limitRoutes,
        memberRoutes,
        runRoutes,
        sessionRoutes,
      ])
        routes(api, context)
    },
    { prefix: '/api/v1' },
  )
}
