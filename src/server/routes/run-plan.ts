import { z } from 'zod'
import type { PlanChange } from '../../facade/runs/run-book.ts'
import type { PlanInput } from '../../runs/estimates/plan.ts'
import type { Purser } from '../../purser.ts'

const amount = z.union([z.string(), z.number()])

const cap = z
  .union([amount, z.strictObject({ cost: amount, tokens: z.int().min(0), calls: z.int().min(0) }).partial()])
  .describe('what it may spend at most: dollars, or amounts by metric')

const planned = {
  estimate: amount.nullable().describe('what it is foreseen to cost, in dollars').optional(),
  plan: z
    .looseObject({ calls: z.array(z.looseObject({})) })
    .describe('its calls, of which the estimate is made, as POST /estimates takes them; in place of `estimate`')
    .optional(),
  budget: cap.nullable().optional(),
  profile: z.string().nullable().describe('that it begins with; the one in force unless given').optional(),
}

export const planInput = z.strictObject({
  project: z.string().optional(),
  labels: z.record(z.string(), z.string()).describe('of all its calls').optional(),
  ...planned,
})

export const replanInput = z.strictObject(planned)

type Planned = z.infer<typeof replanInput>

/** What is said of the estimate, cap and profile of a run: a plan is estimated with the models of the run's profile. */
export async function planChange(purser: Purser, { estimate, plan, budget, profile }: Planned, project?: string): Promise<PlanChange> {
  if (typeof profile === 'string') purser.profiles.get(profile)
  const asked = { ...(typeof profile === 'string' && { profile }), ...(project !== undefined && { project }) }
  const made = plan === undefined ? estimate : await purser.estimate(plan as unknown as PlanInput, asked)
  return {
    ...(made !== undefined && { estimate: made }),
    ...(budget !== undefined && { budget: budget as PlanChange['budget'] & {} }),
    ...(profile !== undefined && { profile }),
  }
}
