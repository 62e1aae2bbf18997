import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import type { EstimateOptions } from '../../facade/estimates/estimate-questions.ts'
import { actualJson, comparisonJson, estimateJson, learnedJson, spreadJson } from '../../json/estimate-json.ts'
import { comparisonShape, estimateShape, noHistoryShape } from '../../json/estimate-shapes.ts'
import { parseFilter } from '../../ledger/cost-query.ts'
import type { Purser } from '../../purser.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { PlanInput } from '../../runs/estimates/plan.ts'
import { askedSpan, listField, periodFields, whereField } from '../asked-fields.ts'
import { replacedModels } from '../replaced-models.ts'
import type { Server, ServerContext } from '../server-context.ts'

const buffer = z.union([z.number(), z.string()]).describe('a percent on top, like 10').optional()
const name = z.string().min(1).optional()
const most = 20

const planBody = z.strictObject({
  plan: z
    .looseObject({ calls: z.array(z.record(z.string(), z.unknown())) })
    .describe('as in a file of `purser estimate`: calls, counts, buffer, profile, project'),
  compare: z.array(z.string()).min(1).max(most).describe('side by side with the models of these profiles').optional(),
  profile: name.describe('whose models count; the one in force unless given'),
  project: name,
  buffer,
  corrected: z.boolean().describe('corrected by what earlier estimates of the project turned out to be').optional(),
})

const historyQuery = z.strictObject({ project: name, stage: name, role: name, where: whereField, ...periodFields, buffer: name })

const runQuery = z.strictObject({
  models: listField('other models for those that served it, such as gpt-4o=gpt-4o-mini, separated by commas').optional(),
  profile: name,
  compare: listField('profiles, separated by commas').optional(),
  buffer: name,
})

/** What runs will cost: from a plan, from the past, or from a past run under other models. Nothing is kept. */
export function estimateRoutes(app: Server, { weekStart }: ServerContext): void {
  app.post(
    '/estimates',
    {
      config: { right: 'see' },
      schema: {
        tags: ['estimates'],
        summary: 'What a plan will cost by the prices of now, also side by side with several profiles.',
        body: planBody,
        response: { 200: z.union([comparisonShape, estimateShape]) },
      },
    },
    async ({ body: { plan: written, compare, profile, ...given }, purser }) => {
      if (compare !== undefined && profile !== undefined) {
        throw new PurserError('PURSER_BAD_ARGUMENT', '`profile` does not go with `compare`, which names profiles.')
      }
      const plan = written as unknown as PlanInput
      const options = present(given) as EstimateOptions
      if (compare === undefined) {
        const made = await purser.estimates.plan(plan, { ...options, ...(profile !== undefined && { profile }) })
        return estimated(purser, made, given.project ?? plan.project)
      }
      const comparison = await purser.estimates.compare(plan, compare, options)
      return { ...comparisonJson(comparison), learned: await learned(purser, given.project ?? plan.project) }
    },
  )
  app.get(
    '/estimates/history',
    {
      config: { right: 'see' },
      schema: {
        tags: ['estimates'],
        summary: 'What such runs cost before: half of them, and nine of ten. With fewer than three there is no figure.',
        querystring: historyQuery,
        response: { 200: z.union([noHistoryShape, estimateShape]) },
      },
    },
    async ({ query: { project, stage, role, where = [], buffer: percent, ...time }, purser }) => {
      const { sinceMs, untilMs } = askedSpan(time, purser, { period: 'all', weekStart })
      const asked = present({ project, stage, role, sinceMs, untilMs, buffer: percent })
      const history = await purser.estimates.history({ ...asked, where: where.map(parseFilter) })
      if (!history.enough) {
        const { samples, leftOut, message } = history
        return { source: 'history' as const, costUsd: null, samples, leftOut, message }
      }
      const stages = history.stages.map(({ stage: each, ...spread }) => ({ stage: each, ...spreadJson(spread) }))
      return { ...(await estimated(purser, history.estimate, project, stage)), stages, leftOut: history.leftOut }
    },
  )
  repricedRoute(app)
}

function repricedRoute(app: Server): void {
  app.get(
    '/estimates/runs/:run',
    {
      config: { right: 'see' },
      schema: {
        tags: ['estimates'],
        summary: 'What a past run would cost with other models: `models`, those of a `profile`, or of several to `compare`.',
        params: z.strictObject({ run: z.string().min(1) }),
        querystring: runQuery,
        response: { 200: z.union([comparisonShape, estimateShape]) },
      },
    },
    async ({ params: { run }, query: { models, profile, compare, buffer: percent }, purser }) => {
      const terms = present({ buffer: percent })
      const choice = replacedModels({ models, profile, compare })
      if (!('compare' in choice)) {
        const repriced = await purser.estimates.repriced(run, { ...choice, ...terms })
        return { ...(await estimated(purser, repriced.estimate, undefined)), actual: actualJson(repriced) }
      }
      const comparison = await purser.estimates.compareRun(run, choice.compare, terms)
      const [first] = comparison.repriced
      const actual = first === undefined ? {} : { actual: actualJson(first) }
      return { ...comparisonJson(comparison), ...actual, learned: await learned(purser, undefined) }
    },
  )
}

async function estimated(purser: Purser, made: CostEstimate, project: string | undefined, stage?: string) {
  return { ...estimateJson(made), learned: await learned(purser, project, stage), saved: null }
}

async function learned(purser: Purser, project: string | undefined, stage?: string) {
  return learnedJson(await purser.estimates.learned(present({ project, stage })))
}

/** The fields that are given. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
