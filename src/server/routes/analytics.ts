import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Filter } from '../../ledger/cost-query.ts'
import { toUsd } from '../../money/nanos.ts'
import type { Purser } from '../../purser.ts'
import { startOf, zonedDate } from '../../time/periods.ts'
import { loadTemporal } from '../../time/temporal.ts'
import type { Server, ServerContext } from '../server-context.ts'

const costs = {
  costs_by_service: z.record(z.string(), z.number()).describe('dollars; services of which no call has a price are left out'),
  total: z.number().describe('dollars, of the calls that have a price; the header purser-unpriced-calls counts the others'),
}
const year = z.coerce.number().int().min(2000).max(9999)
const month = z.coerce.number().int().min(1).max(12)

const dailyShape = z.strictObject({ date: z.iso.date(), ...costs })
const monthlyShape = z.strictObject({ year: z.int(), month: z.int(), ...costs })
const videoShape = z.strictObject({ video_id: z.string(), ...costs })

/** Costs by service as dashboards of video pipelines ask for them, at the root and in their own names. */
export function analyticsRoutes(app: Server, { weekStart }: ServerContext): void {
  const ask = async (purser: Purser, reply: FastifyReply, asked: Asked): Promise<CostsByService> => {
    const { unpricedCalls, ...sums } = await costsByService(purser, asked, weekStart)
    if (unpricedCalls > 0) reply.header('purser-unpriced-calls', unpricedCalls)
    return sums
  }
  app.get(
    '/analytics/costs/daily',
    {
      config: { right: 'see' },
      schema: {
        tags: ['analytics'],
        summary: 'What a day of the ledger’s zone cost by service; today unless another is given.',
        querystring: z.strictObject({ target_date: z.iso.date().optional() }),
        response: { 200: dailyShape },
      },
    },
    async ({ query: { target_date: asked }, purser }, reply) => {
      const day = asked === undefined ? zonedDate(Date.now(), purser.timezone) : loadTemporal().PlainDate.from(asked)
      return { date: day.toString(), ...(await ask(purser, reply, between(day, day.add({ days: 1 }), purser))) }
    },
  )
  app.get(
    '/analytics/costs/monthly',
    {
      config: { right: 'see' },
      schema: {
        tags: ['analytics'],
        summary: 'What a month of the ledger’s zone cost by service.',
        querystring: z.strictObject({ year, month }),
        response: { 200: monthlyShape },
      },
    },
    async ({ query, purser }, reply) => {
      const first = loadTemporal().PlainDate.from({ ...query, day: 1 })
      return { ...query, ...(await ask(purser, reply, between(first, first.add({ months: 1 }), purser))) }
    },
  )
  app.get(
    '/analytics/costs/video/:id',
    {
      config: { right: 'see' },
      schema: {
        tags: ['analytics'],
        summary: 'What a video cost by service; one that no call is labelled with cost nothing.',
        params: z.strictObject({ id: z.string() }),
        response: { 200: videoShape },
      },
    },
    async ({ params: { id }, purser }, reply) => {
      const where: Filter[] = [{ field: 'video', op: 'equals', values: [id] }]
      return { video_id: id, ...(await ask(purser, reply, { where, sinceMs: undefined, untilMs: undefined })) }
    },
  )
}

interface Asked {
  readonly where: readonly Filter[]
  readonly sinceMs: number | undefined
  readonly untilMs: number | undefined
}

interface CostsByService {
  costs_by_service: Record<string, number>
  total: number
}

function between(first: Temporal.PlainDate, end: Temporal.PlainDate, { timezone }: Purser): Asked {
  return { where: [], sinceMs: startOf(first, timezone), untilMs: startOf(end, timezone) }
}

async function costsByService(purser: Purser, asked: Asked, weekStart: number): Promise<CostsByService & { unpricedCalls: number }> {
  const { rows, total } = await purser.costs({ ...asked, groupBy: ['service'], timezone: purser.timezone, weekStart })
  const known = rows.filter(({ costNanos, calls, unpricedCalls }) => costNanos !== 0n || unpricedCalls < calls)
  return {
    costs_by_service: Object.fromEntries(known.map(({ key, costNanos }) => [key[0] ?? '', toUsd(costNanos)])),
    total: toUsd(total.costNanos),
    unpricedCalls: total.unpricedCalls,
  }
}
