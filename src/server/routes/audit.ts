import { Readable } from 'node:stream'
import { z } from 'zod'
import type { AuditEntry } from '../../facade/access/audit-log.ts'
import { auditEntryShape } from '../../json/access-shapes.ts'
import { auditJson } from '../../json/audit-json.ts'
import { askedPeriod } from '../../reports/asked-period.ts'
import type { Server, ServerContext } from '../server-context.ts'

const query = z.strictObject({
  since: z.string().describe('from this date or instant on').optional(),
  until: z.string().describe('up to and with this date, or up to this instant').optional(),
  cursor: z.coerce.number().int().min(0).describe('`next` of the page before').optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

const pageShape = z.strictObject({
  entries: z.array(auditEntryShape),
  next: z.string().nullable().describe('the cursor of the next page; null where there is none'),
})

const linesType = 'application/x-ndjson'

/** Who changed what, the first change first. */
export function auditRoutes(app: Server, { weekStart }: ServerContext): void {
  app.get(
    '/audit',
    {
      config: { right: 'manage' },
      schema: {
        tags: ['audit'],
        summary: `Every change: who, what, before, after. All of it at once, a line each, with Accept: ${linesType}.`,
        querystring: query,
        response: { 200: pageShape },
      },
    },
    async ({ query: { since, until, cursor, limit }, headers, purser }, reply) => {
      const asked = { ...(since && { since }), ...(until && { until }) }
      const { sinceMs, untilMs } = askedPeriod(asked, { period: 'all', timezone: purser.timezone, weekStart })
      const selection = { sinceMs, untilMs, afterSeq: cursor }
      const { audit } = purser.access
      if (headers.accept?.includes(linesType) === true) {
        return reply.type(`${linesType}; charset=utf-8`).send(Readable.from(lines(audit.entries(selection))) as never)
      }
      const { entries, next } = await audit.page(selection, limit)
      return { entries: entries.map(auditJson), next: next === null ? null : String(next) }
    },
  )
}

async function* lines(entries: AsyncIterable<AuditEntry>): AsyncIterable<string> {
  for await (const entry of entries) yield `${JSON.stringify(auditJson(entry))}\n`
}
