import { z } from 'zod'
import { actions, levels, metrics, modes } from '../budgets/budget.ts'

const amount = z.string().regex(/^\d+$/).describe('in the metric’s unit: nanos for cost, exact')

const terms = {
  limit: amount,
  mode: z.enum(modes),
  tolerance: amount.describe('how far the worst case may pass the limit'),
  onLimit: z.enum(actions),
  thresholds: z.array(
    z.strictObject({
      percent: z.number().describe('of the limit'),
      level: z.enum(levels),
      message: z.string().optional(),
      action: z.enum(actions).optional(),
    }),
  ),
}

/** A budget with everything that it left out filled in. */
export const budgetShape = z.strictObject({
  name: z.string(),
  from: z.string().describe('file, line and column, or the variable, that defines it'),
  metric: z.enum(metrics),
  ...terms,
  where: z.array(
    z.strictObject({
      field: z.string(),
      op: z.enum(['equals', 'not', 'anyOf', 'noneOf', 'prefix', 'absent', 'present']),
      values: z.array(z.string()),
    }),
  ),
  each: z.array(z.string()),
  window: z.string(),
  timezone: z.string(),
  overrides: z.array(z.strictObject({ match: z.record(z.string(), z.string()), ...z.object(terms).partial().shape })),
  increase: z.strictObject({ by: amount, until: z.iso.datetime().describe('exclusive') }).nullable(),
  countsPlan: z.boolean(),
  countsCacheReads: z.boolean(),
  ceiling: amount.nullable(),
  learnBy: z.array(z.string()),
  quantile: z.number(),
})
