import { z } from 'zod'
import { statusJson } from '../../json/budget-status-json.ts'
import { budgetStatusShape } from '../../json/gate-shapes.ts'
import { isLimit, limitBlockOf, type LimitBlock, limitBudgets } from '../../facade/limit-block.ts'
import { agentLimits, globalLimits, type LimitKey, limitKinds, projectLimits } from '../../config/limit-kinds.ts'
import type { Purser } from '../../purser.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'

const tags = ['limits']

function blockShape<Amount extends z.ZodType>(amount: Amount) {
  const limits = <Key extends LimitKey>(keys: readonly Key[]) =>
    z.strictObject(Object.fromEntries(keys.map((key) => [key, amount.optional().describe(limitKinds[key].meaning)])))
  const project = limits(projectLimits)
  return {
    limits: z.strictObject({
      global: limits(globalLimits).optional(),
      per_project: z.strictObject({ default: project.optional() }).optional(),
      per_agent: z.strictObject({ default: limits(agentLimits).optional() }).optional(),
    }),
    projects: z.record(z.string(), z.strictObject({ limits: project.optional() })),
  }
}

const shown = z.strictObject(blockShape(z.number()))
const asked = z.strictObject(blockShape(z.union([z.number().min(0), z.string()]))).partial()

/** Limits in short: the blocks `limits` and `projects` of purser.yaml, as a view of the budgets that they stand for. */
export function limitRoutes(app: Server, { weekStart }: ServerContext): void {
  app.get(
    '/limits',
    { config: { right: 'see' }, schema: { tags, summary: 'The limits in force, in dollars and tokens.', response: { 200: shown } } },
    async ({ purser }) => block(purser),
  )
  app.get(
    '/limits/status',
    { config: { right: 'see' }, schema: { tags, summary: 'What is used of each limit.', response: { 200: budgetStatusShape } } },
    async ({ purser }) => {
      if (!purser.isReadOnly) await purser.budgets.seedAll()
      const names = (await purser.budgets.list()).filter(({ budget }) => isLimit(budget)).map(({ budget }) => budget.name)
      return names.length === 0 ? [] : (await purser.budgets.status(names)).map(statusJson)
    },
  )
  app.put(
    '/limits',
    {
      config: { right: 'manage' },
      schema: {
        tags,
        summary: 'Puts these limits into force, and takes those away that are left out. Other budgets stay.',
        body: asked,
        response: { 200: shown },
      },
    },
    async ({ body, purser, principal }) => {
      await putLimits(purser, body as LimitBlock, { author: authorOf({ principal }), weekStart })
      return block(purser)
    },
  )
}

async function block(purser: Purser): Promise<z.infer<typeof shown>> {
  return limitBlockOf(await purser.budgets.list()) as z.infer<typeof shown>
}

/** All of it is checked before the first budget changes. */
async function putLimits(
  purser: Purser,
  given: LimitBlock,
  { author, weekStart }: { readonly author: string; readonly weekStart: number },
): Promise<void> {
  const budgets = limitBudgets(given, { origin: 'api', zone: purser.timezone, weekStart })
  const before = (await purser.budgets.list()).filter(({ budget }) => isLimit(budget))
  for (const budget of budgets) {
    const known = before.find((record) => record.budget.name === budget.name)
    // A block says how much, and nothing of when somebody is told.
    const thresholds = known?.budget.thresholds ?? budget.thresholds
    await purser.budgets.put({ ...budget, thresholds }, { author, origin: 'api' })
  }
  const names = new Set(budgets.map(({ name }) => name))
  for (const { budget } of before) if (!names.has(budget.name)) await purser.budgets.remove(budget.name, { author })
}
