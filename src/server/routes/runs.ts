import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import type { RunOptions } from '../../facade/runs/run-options.ts'
import { listedRunJson } from '../../json/run-json.ts'
import { listedRunShape, runShape, runShowShape } from '../../json/run-shapes.ts'
import { runJson } from '../../json/run-state-json.ts'
import { stageJson } from '../../json/stage-json.ts'
import { runCostSummarySchema, runReportSchema } from '../../reports/schemas/run-cost-schemas.ts'
import { type Run, type RunState, runStates } from '../../runs/run.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'
import { planChange, planInput, replanInput } from './run-plan.ts'
import { steeringRoutes } from './run-steering.ts'

const tags = ['runs']
const params = z.strictObject({ id: z.string().min(1).max(200) })
const see = { right: 'see' } as const
const book = { right: 'book' } as const
const markdownType = 'text/markdown'

const listQuery = z.strictObject({
  project: z.string().optional(),
  state: z
    .string()
    .describe(`only runs in these states, separated by commas: ${runStates.join(', ')}`)
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().describe('`next` of the page before').optional(),
})

const listShape = z.strictObject({
  runs: z.array(listedRunShape),
  next: z.string().nullable().describe('the cursor of the next page; null where there is none'),
})

/** Executions of pipelines and agents. */
export function runRoutes(app: Server, _context: ServerContext): void {
  readingRoutes(app)
  reportRoutes(app)
  planningRoutes(app)
  steeringRoutes(app)
}

function readingRoutes(app: Server): void {
  app.get(
    '/runs',
    {
      config: see,
      schema: { tags, summary: 'Runs, the last to begin first.', querystring: listQuery, response: { 200: listShape } },
    },
    async ({ query: { project, state, limit, cursor }, purser }) => {
      const states = state?.split(',').map((name) => stateNamed(name.trim()))
      const runs = await purser.reports.list({ ...(project !== undefined && { project }), ...(states !== undefined && { states }) })
      const after = cursor === undefined ? -1 : runs.findIndex(({ id }) => id === cursor)
      if (cursor !== undefined && after === -1) {
        throw new PurserError('PURSER_BAD_ARGUMENT', 'The cursor names no run of this list. Begin without one.')
      }
      const page = runs.slice(after + 1, after + 1 + limit)
      const hasMore = after + 1 + limit < runs.length
      return { runs: page.map(listedRunJson), next: hasMore ? (page.at(-1)?.id ?? null) : null }
    },
  )
  app.get(
    '/runs/:id',
    { config: see, schema: { tags, summary: 'How a run stands, with its stages.', params, response: { 200: runShowShape } } },
    async ({ params: { id }, purser }) => {
      const run = await purser.runs.get(id)
      if (run === undefined) {
        throw new PurserError('PURSER_NOT_FOUND', `The ledger keeps no run "${id}". Of one that only its calls tell of there is a summary.`)
      }
      return { run: runJson(run), stages: (await purser.runs.stages(id)).map(stageJson) }
    },
  )
}

function reportRoutes(app: Server): void {
  app.get(
    '/runs/:id/summary',
    {
      config: see,
      schema: {
        tags,
        summary: 'What a run cost as of now, against its estimate and its limit.',
        params,
        querystring: z.strictObject({ by: z.string().describe('further labels to go by, separated by commas').optional() }),
        response: { 200: runCostSummarySchema },
      },
    },
    async ({ params: { id }, query: { by }, purser }) => purser.reports.summary(id, by === undefined ? {} : { by: by.split(',') }),
  )
  app.get(
    '/runs/:id/report',
    {
      config: see,
      schema: {
        tags,
        summary: `The report of a run, as it was kept when the run ended; for people with Accept: ${markdownType}.`,
        params,
        response: { 200: runReportSchema },
      },
    },
    async ({ params: { id }, headers, purser }, reply) => {
      const { report, markdown } = await purser.reports.report(id)
      if (headers.accept?.includes(markdownType) !== true) return report
      return reply.type(`${markdownType}; charset=utf-8`).send(markdown as never)
    },
  )
}

function planningRoutes(app: Server): void {
  app.put(
    '/runs/:id',
    {
      config: book,
      schema: {
        tags,
        summary: 'Plans a run, which waits until it is approved: before that its program cannot begin it.',
        params,
        body: planInput,
        response: { 201: runShape },
      },
    },
    async ({ params: { id }, body: { project, labels, ...planned }, purser, principal }, reply) => {
      const change = await planChange(purser, planned, project)
      const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null)) as Partial<RunOptions>
      const options = { id, ...(project !== undefined && { project }), ...(labels !== undefined && { labels }), ...said }
      const plan = (): Promise<Run> => purser.runs.plan(options, { waits: true, author: authorOf({ principal }) })
      return reply.status(201).send(runJson(await purser.withLabels(principal.labels, plan)))
    },
  )
  app.patch(
    '/runs/:id',
    {
      config: book,
      schema: {
        tags,
        summary: 'Changes what is planned of a run that has not begun; one that was approved waits again.',
        params,
        body: replanInput,
        response: { 200: runShape },
      },
    },
    async ({ params: { id }, body, purser, principal }) => {
      const run = await purser.runs.get(id)
      const change = await planChange(purser, body, run?.project ?? undefined)
      return runJson(await purser.runs.replan(id, change, { author: authorOf({ principal }) }))
    },
  )
}

function stateNamed(name: string): RunState {
  const state = runStates.find((each) => each === name)
  if (state !== undefined) return state
  throw new PurserError('PURSER_BAD_ARGUMENT', `"${name}" is no state of a run. A run is ${runStates.join(', ')}.`)
}
