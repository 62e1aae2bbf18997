import { hash } from 'node:crypto'
import { z } from 'zod'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import { noBudget } from '../../facade/known-budgets.ts'
import type { WarnedDefinition } from '../../facade/budget-book.ts'
import { changedNames, changeJson } from '../../json/budget-change-json.ts'
import { statusJson } from '../../json/budget-status-json.ts'
import { budgetHistoryShape, budgetRemovedShape, budgetStatusShape } from '../../json/gate-shapes.ts'
import { iso } from '../../json/iso.ts'
import type { Purser } from '../../purser.ts'
import { expectedVersion } from '../expected-version.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'
import { apiBudgetJson, apiBudgetListShape, apiBudgetSetShape, apiBudgetShowShape, budgetInput, givenFields } from './budget-shapes.ts'

const tags = ['budgets']
const params = z.strictObject({ name: z.string().min(1).max(200) })
const expecting = z.strictObject({
  expected: z.coerce.number().int().min(0).describe('the version that was seen, 0 for none; as `If-Match` with an ETag').optional(),
})
const see = { right: 'see' } as const
const manage = { right: 'manage' } as const

/** Budgets: read by whoever sees all that they count, changed by administrators. */
export function budgetRoutes(app: Server, context: ServerContext): void {
  readingRoutes(app)
  changingRoutes(app, context)
}

function readingRoutes(app: Server): void {
  app.get(
    '/budgets',
    { config: see, schema: { tags, summary: 'The budgets in force.', response: { 200: apiBudgetListShape } } },
    async ({ purser }) => {
      const [records, source] = [await purser.budgets.list(), await purser.budgets.source()]
      return { budgets: records.map((record) => apiBudgetJson(record, source)) }
    },
  )
  app.get(
    '/budgets/status',
    {
      config: see,
      schema: {
        tags,
        summary: 'What is spent, held and presumed of each, and when it begins anew.',
        querystring: z.strictObject({
          name: z
            .union([z.string(), z.array(z.string())])
            .describe('only these')
            .optional(),
        }),
        response: { 200: budgetStatusShape },
      },
    },
    async ({ query: { name }, purser }) => {
      if (!purser.isReadOnly) await purser.budgets.seedAll()
      const rows = await purser.budgets.status(typeof name === 'string' ? [name] : name)
      return rows.map(statusJson)
    },
  )
  app.get(
    '/budgets/:name',
    { config: see, schema: { tags, summary: 'Everything of one budget.', params, response: { 200: apiBudgetShowShape } } },
    async ({ params: { name }, purser }, reply) => {
      const record = await budgetNamed(purser, name)
      const shown = await shownBudget(purser, record)
      // Its figures change while its version stays, and an ETag is of all that is answered.
      return reply.header('etag', `"${record.version}.${hash('sha256', JSON.stringify(shown)).slice(0, 24)}"`).send(shown)
    },
  )
  app.get(
    '/budgets/:name/history',
    { config: see, schema: { tags, summary: 'Who changed what of a budget, and when.', params, response: { 200: budgetHistoryShape } } },
    async ({ params: { name }, purser }) => {
      const changes = await purser.budgets.history(name)
      if (changes.length === 0) await budgetNamed(purser, name)
      return { changes: changes.map(changeJson) }
    },
  )
}

function changingRoutes(app: Server, { weekStart }: ServerContext): void {
  const change = (summary: string) => ({
    config: manage,
    schema: {
      tags,
      summary,
      params,
      querystring: expecting,
      body: budgetInput,
      response: { 200: apiBudgetSetShape, 201: apiBudgetSetShape },
    },
  })
  app.put(
    '/budgets/:name',
    change('Puts a budget into force, in place of one of that name.'),
    async ({ params: { name }, body, query: { expected: asked }, headers, purser, principal }, reply) => {
      const before = await found(purser, name)
      const expected = expectedVersion(headers, asked)
      const options = { author: authorOf({ principal }), origin: 'api', weekStart, ...(expected !== undefined && { expected }) } as const
      const input = Object.fromEntries(Object.entries(givenFields(body)).filter(([, value]) => value !== null))
      const definition = await purser.budgets.set(name, input, options)
      return reply.status(definition.outcome === 'created' ? 201 : 200).send(await setJson(purser, definition, before))
    },
  )
  app.patch(
    '/budgets/:name',
    change('Changes fields of a budget; the others stay, and null takes one away.'),
    async ({ params: { name }, body, query: { expected: asked }, headers, purser, principal }) => {
      const before = await found(purser, name)
      const expected = expectedVersion(headers, asked)
      const options = { author: authorOf({ principal }), origin: 'api', weekStart, ...(expected !== undefined && { expected }) } as const
      return setJson(purser, await purser.budgets.change(name, givenFields(body), options), before)
    },
  )
  app.delete(
    '/budgets/:name',
    {
      config: manage,
      schema: {
        tags,
        summary: 'Takes a budget out of force, with what it counted.',
        params,
        querystring: expecting,
        response: { 200: budgetRemovedShape },
      },
    },
    async ({ params: { name }, query: { expected: asked }, headers, purser, principal }) => {
      const expected = expectedVersion(headers, asked)
      await purser.budgets.remove(name, { author: authorOf({ principal }), ...(expected !== undefined && { expected }) })
      return { removed: name }
    },
  )
}

async function found(purser: Purser, name: string): Promise<BudgetRecord | undefined> {
  return (await purser.budgets.list()).find(({ budget }) => budget.name === name)
}

/** @throws PURSER_NOT_FOUND naming the nearest one */
async function budgetNamed(purser: Purser, name: string): Promise<BudgetRecord> {
  const records = await purser.budgets.list()
  const record = records.find(({ budget }) => budget.name === name)
  if (record !== undefined) return record
  throw noBudget(
    name,
    records.map(({ budget }) => budget.name),
  )
}

async function shownBudget(purser: Purser, record: BudgetRecord): Promise<z.infer<typeof apiBudgetShowShape>> {
  const { name } = record.budget
  const last = (await purser.budgets.history(name)).at(-1)
  const learned = await purser.budgets.learned(name)
  return {
    budget: apiBudgetJson(record, await purser.budgets.source()),
    counters: (await purser.budgets.status([name])).map(statusJson),
    lastChange: last === undefined ? null : { at: iso(last.at), author: last.author },
    learned: learned.map((each) => ({ ...each, overshoot: String(each.overshoot) })) as z.infer<typeof apiBudgetShowShape>['learned'],
  }
}

async function setJson(
  purser: Purser,
  { outcome, record, warnings }: WarnedDefinition,
  before: BudgetRecord | undefined,
): Promise<z.infer<typeof apiBudgetSetShape>> {
  return {
    outcome,
    changed: before === undefined ? [] : changedNames(before.budget, record.budget),
    budget: apiBudgetJson(record, await purser.budgets.source()),
    warnings: [...warnings],
  }
}
