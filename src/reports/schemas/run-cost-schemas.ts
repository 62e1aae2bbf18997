import { z } from 'zod'
import { runStates } from '../../runs/run.ts'
import { budgetConfigSchema, budgetLeftSchema } from './budget-config-schema.ts'
import { costEstimateSchema, costVarianceSchema } from './estimate-schemas.ts'
import { count, doubtFields, instant, labels, nanosText, tokenFields, usd, usdByValue } from './schema-fields.ts'

export const stageCostSchema = z
  .strictObject({
    stage_id: z.string().describe('the label stage; `none` for calls without it'),
    provider: z.string(),
    model: z.string(),
    ...tokenFields,
    estimated_cost_usd: usd.describe('what the calls cost by the price list, in dollars'),
    cost_nanos: nanosText,
    call_count: count,
    ...doubtFields,
  })
  .describe('What one model cost in one stage of a run.')

export const groupCostSchema = z
  .strictObject({ cost_usd: usd, cost_nanos: nanosText, calls: count, ...tokenFields, ...doubtFields })
  .describe('What the calls of a run with one value of a label cost.')

export const runCostSummarySchema = z
  .strictObject({
    run_id: z.string(),
    project: z.string().nullable(),
    state: z.enum(runStates).nullable().describe('null for a run that is known by its label only'),
    message: z.string().nullable().describe('why it is paused, what it failed with, or that cost tracking is off'),
    started_at: instant.nullable(),
    ended_at: instant.nullable().describe('when it ended or paused'),
    labels: labels.describe('labels of all its calls'),
    total_cost_usd: usd,
    total_cost_nanos: nanosText,
    calls: count,
    ...tokenFields,
    estimated_calls: z.int().describe('calls whose usage was estimated'),
    ...doubtFields,
    stages: z.array(stageCostSchema),
    by_stage: usdByValue,
    by_model: usdByValue,
    by_role: usdByValue,
    by_operation: usdByValue,
    by_scene: usdByValue.describe('empty where no call of the run has a scene'),
    by_label: z.record(z.string(), usdByValue).describe('by other labels that were asked for'),
    groups: z
      .record(z.string(), z.record(z.string(), groupCostSchema))
      .describe(
        'cost, calls and tokens by model, role, operation, and each label that was asked for, by the values of it; by scene in the report of a run, and in the summary of one of more than 1,000 calls only where that was asked for',
      ),
    estimate: costEstimateSchema.nullable().describe('made before the run; null without one'),
    variance: costVarianceSchema.nullable().describe('null without an estimate'),
    budget_limit_usd: usd.nullable().describe('the run’s own cap, else that of the budget with least left; null without any'),
    budget_remaining_usd: usd.nullable(),
    budget: budgetLeftSchema.nullable().describe('which limit that is'),
    held_usd: usd.describe('set aside for calls of the run under way'),
    held_nanos: nanosText,
    presumed_usd: usd.describe('of calls of the run that nobody knows the end of; no part of the cost'),
    presumed_nanos: nanosText,
    presumed_holds: count,
  })
  .describe('What a run cost, and against what was foreseen and allowed.')

export const runReportSchema = z
  .strictObject({
    report: z.literal('run'),
    version: z.literal(1),
    made_at: instant,
    summary: runCostSummarySchema,
    stage_runs: z
      .array(
        z.strictObject({
          stage_id: z.string(),
          key: z.string(),
          state: z.string(),
          attempt: count,
          started_at: instant,
          ended_at: instant.nullable(),
          labels,
          estimate_usd: usd.nullable(),
          message: z.string().nullable(),
        }),
      )
      .describe('how each stage went, in order'),
    budgets: z.array(budgetConfigSchema).describe('limits that the run was under, its own cap first'),
  })
  .describe('The report that is kept of a run when it ends.')
