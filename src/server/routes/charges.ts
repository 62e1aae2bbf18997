import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { chargeJson } from '../../json/charge-json.ts'
import { chargeShape } from '../../json/json-shapes.ts'
import { PurserError } from '../../errors.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { count } from '../../reports/schemas/schema-fields.ts'
import { linesType, recordLines } from '../record-lines.ts'
import type { Server, ServerContext } from '../server-context.ts'

const recordsAtOnce = 1000

/** What a call is told as; the ledger checks it in full. */
const recordShape = z
  .looseObject({
    provider: z.string().optional(),
    model: z.string().optional(),
    usage: z.record(z.string(), z.unknown()).optional().describe('quantities by meter, such as { "inputTokens": 1000 }'),
    labels: z.record(z.string(), z.string()).optional(),
    id: z.string().optional().describe('the same id with the same call is booked once'),
  })
  .describe('a call, as `purser record --json` and `purser.record` take it')

const bookedShape = z.strictObject({ charges: z.array(chargeShape) })
const linesShape = z.strictObject({ booked: count, duplicates: count.describe('calls whose id was booked before') })

/** Charges: what calls came to, booked and read. */
export function chargeRoutes(app: Server, _context: ServerContext): void {
  // Lines are booked as they arrive, so their number has no bound.
  app.addContentTypeParser(linesType, (_request, payload, done) => done(null, { lines: payload }))
  app.post(
    '/charges',
    {
      config: { right: 'book' },
      schema: {
        tags: ['charges'],
        summary:
          'Books a call, or up to 1,000 in one transaction: all of them or none. As application/x-ndjson any number, a call a line. With `Prefer: return=minimal` it answers with counts alone, in half the time.',
        body: z.union([recordShape, z.array(recordShape).min(1).max(recordsAtOnce)]),
        response: { 201: z.union([bookedShape, linesShape]) },
      },
    },
    async ({ body, purser, principal, headers }, reply) => {
      const lines = Array.isArray(body) ? undefined : body['lines']
      if (lines instanceof Readable) {
        try {
          return await reply.status(201).send(await purser.withLabels(principal.labels, () => recordLines(purser, lines)))
        } catch (error) {
          // What is still to come is not read by anybody.
          void reply.header('connection', 'close')
          lines.resume()
          throw error
        }
      }
      const records = (Array.isArray(body) ? body : [body]) as readonly CallRecord[]
      if (wantsCounts(headers)) {
        void reply.header('preference-applied', 'return=minimal')
        return reply.status(201).send(await purser.withLabels(principal.labels, () => purser.recordMany(records)))
      }
      const charges = await purser.withLabels(principal.labels, () => purser.recordAll(records))
      return reply.status(201).send({ charges: charges.map((charge) => chargeJson(charge)) } as z.infer<typeof bookedShape>)
    },
  )
  app.get(
    '/charges/:id',
    {
      config: { right: 'see' },
      schema: { tags: ['charges'], summary: 'One charge.', params: z.strictObject({ id: z.string() }), response: { 200: chargeShape } },
    },
    async ({ params, purser }) => {
      const charge = await purser.charge(params.id)
      if (charge === undefined) throw new PurserError('PURSER_NOT_FOUND', `There is no charge "${params.id}".`)
      return chargeJson(charge) as z.infer<typeof chargeShape>
    },
  )
}

/** Whoever books many has no use for the charges (RFC 7240). */
function wantsCounts({ prefer }: IncomingHttpHeaders): boolean {
  return /(?:^|[,;\s])return=minimal(?:$|[,;\s])/i.test(String(prefer ?? ''))
}
