import { z } from 'zod'
import { count, doubtFields, nanosText, tokenFields, usd, usdByValue } from './schema-fields.ts'

export const costsBlockSchema = z
  .strictObject({
    costs: z.strictObject({
      estimated_before: usd.nullable().describe('in dollars; null without an estimate'),
      actual: usd,
      variance: usd.nullable().describe('actual minus estimated'),
      variance_percent: z.number().nullable().describe('of the estimate, to one decimal'),
      breakdown: usdByValue.describe('by operation; by stage where a call has none'),
      by_model: usdByValue,
    }),
  })
  .describe('What a generator writes into its own output about a run.')

export const costDataSchema = z
  .strictObject({
    model: z.string().nullable().describe('that most of it was spent on; null without calls'),
    models: z.array(z.string()),
    ...tokenFields,
    estimated_cost_usd: usd.describe('what the calls cost by the price list, in dollars'),
    cost_nanos: nanosText,
    call_count: count,
    ...doubtFields,
    charge_ids: z.array(z.string()),
  })
  .describe('What an artifact cost, for its own metadata.')

const runPart = z.strictObject({
  run_id: z.string(),
  estimated_usd: usd.nullable(),
  estimated_nanos: nanosText.nullable(),
  estimated_is_lower_bound: z.boolean().describe('whether calls without a price are missing from the estimate'),
  actual_usd: usd,
  actual_nanos: nanosText,
  variance_percent: z.number().nullable(),
  ...doubtFields,
})

export const costReportSchema = z
  .strictObject({
    run: runPart.nullable().describe('null where the ledger knows no run, as with cost tracking off'),
    group: z
      .strictObject({
        label: z.string().describe('experiment, else project'),
        value: z.string(),
        runs: count,
        total_cost_usd: usd.describe('of its runs'),
        total_cost_nanos: nanosText,
        average_per_run_usd: usd.nullable(),
        average_per_run_nanos: nanosText.nullable(),
        is_lower_bound: z.boolean(),
      })
      .nullable()
      .describe('null where the run has neither label'),
    budget: z
      .strictObject({
        name: z.string(),
        window: z.string(),
        limit_usd: usd,
        limit_nanos: nanosText,
        used_usd: usd,
        used_nanos: nanosText,
        held_usd: usd,
        held_nanos: nanosText,
        presumed_usd: usd,
        presumed_nanos: nanosText,
        remaining_usd: usd,
        remaining_nanos: nanosText,
        used_percent: z.number().nullable().describe('to one decimal; null of a limit of zero'),
      })
      .nullable()
      .describe('null where no budget on cost applies'),
    notes: z.array(z.string()).describe('what is left out, and why'),
  })
  .describe('A run, its experiment and its budget at one glance.')
