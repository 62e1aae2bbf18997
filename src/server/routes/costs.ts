import { z } from 'zod'
import { parseFilter, sortKeys } from '../../ledger/cost-query.ts'
import { costsJson } from '../../json/cost-json.ts'
import { costsShape } from '../../json/json-shapes.ts'
import { askedPeriod } from '../../reports/asked-period.ts'
import { unresolvedHolds } from '../../reports/unresolved-holds.ts'
import type { Server, ServerContext } from '../server-context.ts'

const list = (what: string) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
    .describe(what)

const costQuery = z.strictObject({
  by: list('what rows go by, separated by commas, such as project,model').optional(),
  where: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .describe('a filter, such as project=film, agent!=tester, model=gpt-4*; several mean and')
    .optional(),
  period: z.string().describe('today, yesterday, week, month, year or all').optional(),
  since: z.string().describe('from this date or instant on').optional(),
  until: z.string().describe('up to and with this date, or up to this instant').optional(),
  timezone: z.string().optional(),
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
      const asked = { ...(period && { period }), ...(since && { since }), ...(until && { until }), ...(timezone && { timezone }) }
      const span = askedPeriod(asked, { period: 'all', timezone: purser.timezone, weekStart })
      const filters = where.map(parseFilter)
      const question = { groupBy, where: filters, sinceMs: span.sinceMs, untilMs: span.untilMs, timezone: span.timezone, weekStart }
      const order = { ...(sort && { sort }), ...(descending !== undefined && { descending }), ...(limit && { limit }) }
      const table = await purser.costs({ ...question, ...order })
      const unresolved = unresolvedHolds(await purser.holds.list(), question, purser.subjects)
      return costsJson(span, groupBy, table, unresolved) as z.infer<typeof costsShape>
    },
  )
}
