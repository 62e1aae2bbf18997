import { z } from 'zod'
import { actions, levels, metrics, modes } from '../../budgets/budget.ts'
import { labels, nanosText, usd } from './schema-fields.ts'

export const budgetConfigSchema = z
  .strictObject({
    name: z.string(),
    metric: z.enum(metrics),
    limit: z.string().regex(/^\d+$/).describe('exact, in the metric’s unit: nanos for cost'),
    limit_usd: usd.nullable().describe('in dollars; null but for cost'),
    window: z.string().describe('hour, day, week, month, quarter, year, run, total, or rolling hours like 24h'),
    timezone: z.string().nullable().describe('in which days begin; null for the cap of a run'),
    where: z.array(z.string()).describe('labels that a call must have to count, like project=film'),
    each: z.array(z.string()).describe('labels by whose values it is counted apart'),
    mode: z.enum(modes),
    on_limit: z.enum(actions).describe('what happens where a call does not fit'),
    tolerance: z.string().regex(/^\d+$/),
    thresholds: z.array(
      z.strictObject({
        percent: z.number().describe('of the limit'),
        level: z.enum(levels),
        action: z.enum(actions).nullable(),
      }),
    ),
  })
  .describe('A limit: of a project, a run, a stage, or anything else that labels tell apart.')

export const budgetLeftSchema = z
  .strictObject({
    name: z.string().describe('`run` for the run’s own cap'),
    scope: labels.describe('the labels that it is counted for'),
    window: z.string(),
    limit_usd: usd,
    limit_nanos: nanosText,
    spent_usd: usd,
    spent_nanos: nanosText,
    held_usd: usd.describe('set aside for calls under way'),
    held_nanos: nanosText,
    presumed_usd: usd.describe('of calls that nobody knows the end of'),
    presumed_nanos: nanosText,
    remaining_usd: usd.describe('limit less spent, held and presumed; below zero where it is passed'),
    remaining_nanos: nanosText,
    resets_at: z.iso.datetime().nullable(),
  })
  .describe('What is left of a limit.')
