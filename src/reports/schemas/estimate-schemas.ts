import { z } from 'zod'
import { estimateSources } from '../../runs/cost-estimate.ts'
import { count, instant, nanosText, usd } from './schema-fields.ts'

const name = z.string().nullable()

/** Calls of one model in an estimate; what they cost stands beside. */
export const estimatedCallFields = {
  stage: name,
  role: name,
  pass: name,
  provider: name,
  model: name,
  calls: count,
  usage: z.record(z.string(), z.number()).describe('quantities of all its calls by meter'),
}

export const unpricedCalls = z
  .array(z.strictObject({ stage: name, role: name, provider: name, model: name, calls: count, message: z.string() }))
  .describe('calls that are left out, in whole or in part')

export const costEstimateSchema = z
  .strictObject({
    source: z.enum(estimateSources).describe('a figure of the owner, a plan, what such stages cost before, or a past run repriced'),
    cost_usd: usd.describe('what is foreseen, with the buffer, in dollars'),
    cost_nanos: nanosText,
    is_lower_bound: z.boolean().describe('whether calls are left out because nobody knows their price'),
    factor: z.number().optional().describe('the learned factor by which it was corrected before the buffer'),
    buffer_percent: z.number().describe('added to what the parts come to'),
    calls: count.nullable(),
    tokens: count.nullable(),
    parts: z.array(
      z.strictObject({
        ...estimatedCallFields,
        cost_usd: usd.nullable().describe('without the buffer; null without a price'),
        cost_nanos: nanosText.nullable(),
      }),
    ),
    unpriced: unpricedCalls,
    quantiles: z
      .strictObject({ p50_usd: usd, p50_nanos: nanosText, p90_usd: usd, p90_nanos: nanosText, samples: count })
      .nullable()
      .describe('what half, and nine of ten, of such runs came to'),
    profile: name,
    catalog: name.describe('revision of the price catalog'),
    made_at: instant,
  })
  .describe('A cost foreseen before a run.')

export const costVarianceSchema = z
  .strictObject({
    estimated_usd: usd,
    estimated_nanos: nanosText,
    actual_usd: usd,
    actual_nanos: nanosText,
    variance_usd: usd.describe('actual minus estimated, in dollars'),
    variance_nanos: nanosText,
    variance_percent: z.number().nullable().describe('of the estimate, to one decimal; null where the estimate is zero'),
    is_lower_bound: z
      .boolean()
      .describe('whether calls without a price are missing from the actual cost: the variance is then at least this'),
    estimated_is_lower_bound: z.boolean().describe('whether such calls are missing from the estimate: the variance is then at most this'),
  })
  .describe('What a run cost against what was foreseen.')
