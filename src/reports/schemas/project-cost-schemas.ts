import { z } from 'zod'
import { runStates } from '../../runs/run.ts'
import { count, doubtFields, nanosText, tokenFields, usd, usdByValue } from './schema-fields.ts'

const runCost = z.strictObject({
  run_id: z.string(),
  state: z.enum(runStates).nullable().describe('null for a run that is known by its label only'),
  started: z.string().describe('an instant in UTC; of a run that is known by its label only, the date of its first call'),
  cost_usd: usd.describe('of its calls that count here'),
  cost_nanos: nanosText,
  cumulative_usd: usd.describe('of this run and all before it'),
  cumulative_nanos: nanosText,
  cumulative_is_lower_bound: z.boolean(),
  is_lower_bound: z.boolean().describe('whether calls of the run that count here have no price, or none for a part of them'),
  estimate_usd: usd.nullable().describe('of the whole run'),
  variance_usd: usd.nullable().describe('of the whole run: actual minus estimated'),
  variance_percent: z.number().nullable(),
  variance_is_lower_bound: z.boolean().describe('whether calls of the whole run have no price'),
  estimate_is_lower_bound: z.boolean().describe('whether calls without a price are missing from the estimate'),
})

const trend = z.strictObject({
  runs: z.int().min(2).describe('runs that have ended and whose calls all have a price'),
  slope_usd_per_run: usd.describe('by how much a run costs more than the one before it: least squares over the runs in order'),
  slope_nanos_per_run: nanosText,
  direction: z.enum(['more expensive', 'less expensive', 'as before']).describe('the sign of the slope'),
  last_usd: usd.describe('the last run'),
  last_nanos: nanosText,
  average_before_usd: usd.describe('of all runs before it'),
  last_against_average_percent: z.number().nullable().describe('null where those cost nothing'),
})

export const projectCostSummarySchema = z
  .strictObject({
    label: z.string().describe('project, video, job, ticket, user, scene, experiment or any other'),
    value: z.string(),
    total_cost_usd: usd.describe('of all its calls'),
    total_cost_nanos: nanosText,
    calls: count,
    ...tokenFields,
    ...doubtFields,
    by_model: usdByValue,
    by_stage: usdByValue,
    by_service: usdByValue,
    run_count: count.describe('runs that have begun'),
    runs_cost_usd: usd.describe('of calls within runs'),
    runs_cost_nanos: nanosText,
    runs_is_lower_bound: z.boolean().describe('whether the cost of runs, and with it their average, is at least this'),
    average_per_run_usd: usd.nullable(),
    average_per_run_nanos: nanosText.nullable(),
    runs: z.array(runCost).describe('the first first'),
    trend: trend.nullable().describe('null before two such runs have ended'),
  })
  .describe('What a project, a video, a user or anything else cost, run by run.')
