import { z } from 'zod'
import { parseFilter, sortKeys } from '../../ledger/cost-query.ts'
import { costsJson } from '../../json/cost-json.ts'
import { costsShape } from '../../json/json-shapes.ts'
import { unresolvedHolds } from '../../reports/unresolved-holds.ts'
import { askedSpan, listField, periodFields, whereField } from '../asked-fields.ts'
import type { Server, ServerContext } from '../server-context.ts'

const costQuery = z.strictObject({
  by: listField('what rows go by, separated by commas, such as project,model').optional(),
  where: whereField,
  ...periodFields,
  sort: z.enum(sortKeys).optional(),
  descending: z.stringbool().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).describe('the first rows only; the others are summed in one').optional(),
})

/** The full question about costs. */
export function costRoutes(app: Server, { weekStart }: ServerContext): void {
  app.get(
    '/costs',
    {
      config: { right: 'see' },
      schema: {
        tags: ['costs'],
        summary: 'What calls cost, by any of their labels and properties.',
        querystring: costQuery,
        response: { 200: costsShape },
      },
    },
    async ({ query, purser }) => {
      const { by: groupBy = [], where = [], period, since, until, timezone, sort, descending, limit } = query
      const span = askedSpan({ period, since, until, timezone }, purser, { period: 'all', weekStart })
      const filters = where.map(parseFilter)
      const question = { groupBy, where: filters, sinceMs: span.sinceMs, untilMs: span.untilMs, timezone: span.timezone, weekStart }
      const order = { ...(sort && { sort }), ...(descending !== undefined && { descending }), ...(limit && { limit }) }
      const table = await purser.costs({ ...question, ...order })
      const unresolved = unresolvedHolds(await purser.holds.list(), question, purser.subjects)
      return costsJson(span, groupBy, table, unresolved) as z.infer<typeof costsShape>
    },
  )
}
