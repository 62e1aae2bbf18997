import { z } from 'zod'
import { projectCostSummarySchema } from '../../reports/schemas/project-cost-schemas.ts'
import type { Server, ServerContext } from '../server-context.ts'

/** What a project, or anything else that calls are labelled with, cost run by run. */
export function projectRoutes(app: Server, _context: ServerContext): void {
  app.get(
    '/projects/:id/summary',
    {
      config: { right: 'see' },
      schema: {
        tags: ['projects'],
        summary: 'What a project cost, run by run; one that no call is labelled with cost nothing.',
        params: z.strictObject({ id: z.string().min(1) }),
        response: { 200: projectCostSummarySchema },
      },
    },
    ({ params: { id }, purser }) => purser.reports.projectSummary(id),
  )
  app.get(
    '/subjects/:kind/:value/summary',
    {
      config: { right: 'see' },
      schema: {
        tags: ['projects'],
        summary: 'The same for a video, job, ticket, user, scene, experiment, or any other label.',
        params: z.strictObject({ kind: z.string().min(1).describe('the label, such as video'), value: z.string().min(1) }),
        response: { 200: projectCostSummarySchema },
      },
    },
    ({ params: { kind, value }, purser }) => purser.reports.subjectSummary(kind, value),
  )
}
