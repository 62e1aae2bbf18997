import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Denial, Grant } from '../../budgets/denial.ts'
import type { HoldOutcome } from '../../budgets/find-hold.ts'
import { outcomeCharges } from '../../facade/outcome-charges.ts'
import type { Unavailable } from '../../facade/unavailable.ts'
import { grantJson } from '../../json/denial-json.ts'
import { grantShape, holdListShape, holdOutcomeShape, holdShape, whyShape } from '../../json/gate-shapes.ts'
import { holdJson } from '../../json/hold-json.ts'
import { outcomeJson } from '../../json/hold-outcome-json.ts'
import { whyJson } from '../../json/why-json.ts'
import type { Purser } from '../../purser.ts'
import type { Server, ServerContext } from '../server-context.ts'
import {
  deniedProblem,
  deniedShape,
  heldCallOf,
  holdInput,
  holdRequestOf,
  resolveInput,
  settleInput,
  unavailableProblem,
  unavailableProblemShape,
} from './hold-shapes.ts'

const tags = ['holds']
const params = z.strictObject({ id: z.string().min(1).max(200) })
const see = { right: 'see' } as const
const book = { right: 'book' } as const
const granted = { 201: grantShape, 402: deniedShape, 503: unavailableProblemShape }
const outcome = { 200: holdOutcomeShape }

/** Money set aside before calls. */
export function holdRoutes(app: Server, _context: ServerContext): void {
  askingRoutes(app)
  readingRoutes(app)
  endingRoutes(app)
}

function askingRoutes(app: Server): void {
  app.post(
    '/holds',
    {
      config: book,
      schema: { tags, summary: 'Asks every budget that applies to set money aside for a call.', body: holdInput, response: granted },
    },
    async ({ body, purser, principal, id }, reply) =>
      answer(await purser.withLabels(principal.labels, () => purser.holds.reserve(holdRequestOf(body))), id, reply),
  )
  app.post(
    '/holds/:id/split',
    {
      config: book,
      schema: { tags, summary: 'Makes part of an open hold a hold of its own.', params, body: holdInput, response: granted },
    },
    async ({ params: { id: from }, body, purser, principal, id }, reply) =>
      answer(await purser.withLabels(principal.labels, () => purser.holds.split(from, holdRequestOf(body))), id, reply),
  )
  app.post(
    '/holds/why',
    {
      config: see,
      schema: {
        tags,
        summary: 'Whether a hold would be granted now; if not, which budget refuses, and who holds what. Grants nothing.',
        body: holdInput,
        response: { 200: whyShape },
      },
    },
    async ({ body, purser, principal }) => {
      if (!purser.isReadOnly) await purser.budgets.seedAll()
      return whyJson(await purser.withLabels(principal.labels, () => purser.holds.why(holdRequestOf(body))))
    },
  )
}

function readingRoutes(app: Server): void {
  app.get(
    '/holds',
    {
      config: see,
      schema: {
        tags,
        summary: 'Holds that are open, and those that are presumed spent.',
        querystring: z.strictObject({ budget: z.string().describe('only those that this budget counts').optional() }),
        response: { 200: holdListShape },
      },
    },
    async ({ query: { budget }, purser }) => ({ holds: (await purser.holds.list(budget)).map(holdJson) }),
  )
  app.get(
    '/holds/:id',
    { config: see, schema: { tags, summary: 'A hold, also one that has ended.', params, response: { 200: holdShape } } },
    async ({ params: { id }, purser }) => holdJson(await purser.holds.get(id)),
  )
}

function endingRoutes(app: Server): void {
  app.post(
    '/holds/:id/settle',
    {
      config: book,
      schema: { tags, summary: 'Books what a held call came to, and gives the rest back.', params, body: settleInput, response: outcome },
    },
    async ({ params: { id }, body: { partial, ...call }, purser }) =>
      outcomeOf(purser, await purser.holds.settle(id, heldCallOf(call), partial === undefined ? {} : { partial })),
  )
  app.post(
    '/holds/:id/release',
    {
      config: book,
      schema: { tags, summary: 'Gives a hold back: its call was not made, or the provider refused it.', params, response: outcome },
    },
    async ({ params: { id }, purser }) => outcomeOf(purser, await purser.holds.release(id)),
  )
  app.post(
    '/holds/:id/extend',
    {
      config: book,
      schema: {
        tags,
        summary: 'Keeps a hold open for so many milliseconds from now; never shortens.',
        params,
        body: z.strictObject({ ttlMs: z.int().min(1) }),
        response: outcome,
      },
    },
    async ({ params: { id }, body: { ttlMs }, purser }) => outcomeOf(purser, await purser.holds.extend(id, ttlMs)),
  )
  app.post(
    '/holds/:id/resolve',
    {
      config: book,
      schema: {
        tags,
        summary: 'Says what became of a hold that is presumed spent: what it cost, or that its call was not sent.',
        params,
        body: resolveInput,
        response: outcome,
      },
    },
    async ({ params: { id }, body: { notSent, ...call }, purser }) =>
      outcomeOf(purser, await purser.holds.resolve(id, notSent === true ? 'not-sent' : heldCallOf(call))),
  )
}

/** A grant, or the refusal as a problem with its explanation. */
function answer(decided: Grant | Denial | Unavailable, instance: string, reply: FastifyReply): FastifyReply {
  if (decided.granted) return reply.status(201).send(grantJson(decided))
  const { retryAfterMs } = decided
  if (retryAfterMs !== null) void reply.header('retry-after', Math.ceil(retryAfterMs / 1000))
  void reply.type('application/problem+json; charset=utf-8')
  if (decided.budget === null) return reply.status(503).send(unavailableProblem(decided, instance))
  return reply.status(402).send(deniedProblem(decided, instance))
}

async function outcomeOf(purser: Purser, ended: HoldOutcome): Promise<z.infer<typeof holdOutcomeShape>> {
  return outcomeJson(ended, await outcomeCharges(purser, ended)) as z.infer<typeof holdOutcomeShape>
}
