import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import { ledgerOf } from '../../facade/ledger-facts.ts'
import type { Server, ServerContext } from '../server-context.ts'
import { placeOf } from '../stream/listener.ts'
import { LiveLedger } from '../stream/live-ledger.ts'

const query = z.strictObject({
  kinds: z
    .string()
    .transform((text) => text.split(',').filter((each) => each !== ''))
    .describe('kinds of events, separated by commas, such as charges,threshold.crossed,run.*; all unless said otherwise')
    .optional(),
  where: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .describe('a label that what is told carries, such as project=film; several mean and')
    .optional(),
})

/** What happens in the ledger, as it happens. */
export function streamRoutes(app: Server, { whole }: ServerContext): void {
  const live = new LiveLedger(ledgerOf(whole).store, (error) => app.log.warn({ err: error }, 'The ledger could not be looked at.'))
  app.addHook('preClose', async () => live.close())
  app.get(
    '/stream',
    {
      config: { right: 'see' },
      compress: false,
      schema: {
        tags: ['stream'],
        summary:
          'Server-sent events: sums of charges, and the facts of the event log. A `Last-Event-ID` goes on where the last message ended.',
        querystring: query,
        headers: z.looseObject({ 'last-event-id': z.string().optional() }),
        response: { 200: z.unknown().describe('text/event-stream') },
      },
    },
    async ({ query: { kinds, where = [] }, headers, principal, purser }, reply) => {
      const id = headers['last-event-id']
      const since = id === undefined || id === '' ? undefined : placeOf(id)
      if (id !== undefined && id !== '' && since === undefined) {
        throw new PurserError(
          'PURSER_BAD_ARGUMENT',
          'Last-Event-ID is not the id of a message of this stream. Leave it out to begin with now.',
        )
      }
      const labels = Object.fromEntries(where.map(labelOf))
      const { stream } = await live.listen({ principal, kinds, where: labels }, ledgerOf(purser).store, since)
      return reply
        .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .send(stream)
    },
  )
}

function labelOf(text: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/su.exec(text) ?? []
  if (key === undefined || value === undefined) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'querystring.where: a label is given as project=film.')
  }
  return [key, value]
}
