import { z } from 'zod'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import { PurserError } from '../../errors.ts'
import { chargeJson } from '../../json/charge-json.ts'
import { costsJson } from '../../json/cost-json.ts'
import { costsShape } from '../../json/json-shapes.ts'
import { dailyUsageJson, usageSummaryJson } from '../../json/usage-json.ts'
import { chargePageShape, dailyUsageShape, usageSummaryShape } from '../../json/usage-shapes.ts'
import { parseFilter } from '../../ledger/cost-query.ts'
import type { Purser } from '../../purser.ts'
import { unresolvedHolds } from '../../reports/unresolved-holds.ts'
import { checkZone } from '../../time/calendar.ts'
import { zonedDate } from '../../time/periods.ts'
import { askedSpan, periodFields, whereField } from '../asked-fields.ts'
import { chargeOrders, readChargePage } from '../charge-pages.ts'
import type { Server, ServerContext } from '../server-context.ts'

const pageQuery = z.strictObject({
  where: whereField,
  ...periodFields,
  order: z
    .enum(chargeOrders)
    .describe('`newest` or `oldest` call first, of one subject such as a run by booking; `booked`: in order of booking')
    .default('newest'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(100).describe('`next` of the page before').optional(),
})

const sumQuery = z.strictObject({ where: whereField, ...periodFields })
const byQuery = sumQuery.extend({
  limit: z.coerce.number().int().min(1).max(10_000).describe('the first rows only; the others are summed in one').default(1000),
})
const dailyQuery = z.strictObject({
  where: whereField,
  start: z.iso.date().describe('the first day; 29 days before the end unless given').optional(),
  end: z.iso.date().describe('the last day, inclusive; today unless given').optional(),
  timezone: z.string().optional(),
})

/** What calls came to: one by one, in sum, by a label, by day. */
export function usageRoutes(app: Server, { weekStart }: ServerContext): void {
  const month = { period: 'month', weekStart }
  pageRoute(app, weekStart)
  app.get(
    '/usage/summary',
    {
      config: { right: 'see' },
      schema: {
        tags: ['usage'],
        summary: 'What a period came to, and how much of the tightest budget is spent. This month unless another is asked for.',
        querystring: sumQuery,
        response: { 200: usageSummaryShape },
      },
    },
    async ({ query: { where = [], ...time }, purser }) => {
      const span = askedSpan(time, purser, month)
      const question = { groupBy: [], where: where.map(parseFilter), ...span, weekStart }
      const table = await purser.costs(question)
      const unresolved = unresolvedHolds(await purser.holds.list(), question, purser.subjects)
      return usageSummaryJson(span, table, { unresolved, budget: tightest(await purser.budgets.status()) })
    },
  )
  app.get(
    '/usage/by-:label',
    {
      config: { right: 'see' },
      schema: {
        tags: ['usage'],
        summary: 'What a period came to by agent, project, model or any other label. This month unless another is asked for.',
        params: z.strictObject({ label: z.string() }),
        querystring: byQuery,
        response: { 200: costsShape },
      },
    },
    async ({ params: { label }, query: { where = [], limit, ...time }, purser }) => {
      const span = askedSpan(time, purser, month)
      const question = { groupBy: [label], where: where.map(parseFilter), ...span, weekStart }
      const table = await purser.costs({ ...question, limit })
      const unresolved = unresolvedHolds(await purser.holds.list(), question, purser.subjects)
      return costsJson(span, [label], table, unresolved) as z.infer<typeof costsShape>
    },
  )
  dailyRoute(app, weekStart)
}

function pageRoute(app: Server, weekStart: number): void {
  app.get(
    '/usage',
    {
      config: { right: 'see' },
      // A thousand charges are not checked against their shape again: that takes longer than anything else of the answer.
      serializerCompiler: () => (page) => JSON.stringify(page),
      schema: {
        tags: ['usage'],
        summary: 'Charges, a page at a time.',
        querystring: pageQuery,
        response: { 200: chargePageShape },
      },
    },
    async ({ query: { where = [], order, limit, cursor, ...time }, purser }) => {
      const period = askedSpan(time, purser, { period: 'all', weekStart })
      const { charges, next } = await readChargePage(purser, { where: where.map(parseFilter), period, order, limit, cursor })
      return { charges: charges.map((charge) => chargeJson(charge)), next } as z.infer<typeof chargePageShape>
    },
  )
}

function dailyRoute(app: Server, weekStart: number): void {
  app.get(
    '/usage/daily',
    {
      config: { right: 'see' },
      schema: {
        tags: ['usage'],
        summary: 'What each day came to, from `start` to `end`, both inclusive.',
        querystring: dailyQuery,
        response: { 200: dailyUsageShape },
      },
    },
    async ({ query: { where = [], start, end, timezone }, purser }) => {
      const days = daysBetween(start, end ?? zonedDate(Date.now(), checkZone(timezone ?? purser.timezone)).toString())
      const span = askedSpan({ since: days[0], until: days.at(-1), timezone }, purser, { period: 'all', weekStart })
      const table = await purser.costs({ groupBy: ['day'], where: where.map(parseFilter), ...span, weekStart })
      return dailyUsageJson(span, days, table)
    },
  )
}

const dayMs = 86_400_000
const mostDays = 3660
const daysUnlessAsked = 30

/** The dates from the first to the last, both inclusive. @throws PURSER_BAD_QUERY */
function daysBetween(start: string | undefined, end: string): string[] {
  const last = Date.parse(end)
  const first = start === undefined ? last - (daysUnlessAsked - 1) * dayMs : Date.parse(start)
  const count = (last - first) / dayMs + 1
  if (count < 1) throw new PurserError('PURSER_BAD_QUERY', `start ${start} is after end ${end}.`)
  if (count > mostDays) {
    throw new PurserError('PURSER_BAD_QUERY', `From ${start} to ${end} are ${count} days; ask for at most ${mostDays} at once.`)
  }
  return Array.from({ length: count }, (_, day) => new Date(first + day * dayMs).toISOString().slice(0, 10))
}

type Standing = Awaited<ReturnType<Purser['budgets']['status']>>

/** The budget on cost of which most is spent; of those that others share nothing is told. */
function tightest(standing: Standing): BudgetStatus | undefined {
  return standing.filter(({ metric, isWithheld }) => metric === 'cost' && isWithheld !== true).toSorted((a, b) => b.share - a.share)[0]
}
