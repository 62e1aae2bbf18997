import { Readable } from 'node:stream'
import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import { csvExport, type ExportChunk, jsonlExport } from '../../json/export-formats.ts'
import type { Charge } from '../../ledger/charge.ts'
import { askedSpan, periodFields } from '../asked-fields.ts'
import type { Server, ServerContext } from '../server-context.ts'

const formats = {
  csv: { type: 'text/csv; charset=utf-8', of: csvExport },
  jsonl: { type: 'application/x-ndjson; charset=utf-8', of: jsonlExport },
} as const

const exportQuery = z.strictObject({
  format: z.enum(['csv', 'jsonl']).default('jsonl'),
  ...periodFields,
  batch: z.string().describe('only what one import brought').optional(),
  corrections: z.stringbool().describe('each booking as it was made, corrections as rows of their own').default(false),
})

/** Charges as files, the same as `purser export` writes. */
export function exportRoutes(app: Server, { weekStart }: ServerContext): void {
  app.get(
    '/export',
    {
      config: { right: 'see' },
      schema: {
        tags: ['usage'],
        summary: 'All calls of a period as a stream of CSV or JSON lines, one for each call as it stands after corrections.',
        description: 'An export that breaks off ends the connection without its last chunk, so that no client takes it for whole.',
        produces: Object.values(formats).map(({ type }) => type),
        querystring: exportQuery,
      },
    },
    async ({ query: { format, batch, corrections, ...time }, purser }, reply) => {
      const { sinceMs, untilMs } = askedSpan(time, purser, { period: 'all', weekStart })
      if (batch !== undefined && !(await purser.imports()).some((each) => each.batch === batch)) {
        throw new PurserError('PURSER_NOT_FOUND', `There is no import "${batch}".`)
      }
      const selection = {
        ...(sinceMs !== undefined && { sinceMs }),
        ...(untilMs !== undefined && { untilMs }),
        ...(batch !== undefined && { batch }),
      }
      const read = (): AsyncIterable<Charge> => (corrections ? purser.charges(selection) : purser.standingCharges(selection))
      const gone = new AbortController()
      const { type, of } = formats[format]
      const stream = Readable.from(textOf(of(read, gone.signal)), { objectMode: false })
      stream.once('close', () => gone.abort())
      return reply.type(type).header('content-disposition', `attachment; filename="charges.${format}"`).send(stream)
    },
  )
}

async function* textOf(chunks: AsyncIterable<ExportChunk>): AsyncIterable<string> {
  for await (const { text } of chunks) yield text
}
