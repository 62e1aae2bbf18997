import { z } from 'zod'

// Fields that occur in many reports.

export const usd = z.number().describe('dollars, for people')
export const nanosText = z
  .string()
  .regex(/^-?\d+$/)
  .describe('billionths of a dollar, exact')
export const instant = z.iso.datetime().describe('an instant in UTC')
export const count = z.int().min(0)
export const labels = z.record(z.string(), z.string())
/** Dollars by the values of a label; calls without it stand under `none`, so that they sum to the cost. */
export const usdByValue = z.record(z.string(), z.number())

/** Tokens in disjoint groups. */
export const tokenFields = {
  input_tokens: z.int().describe('not read from a cache and not written to one'),
  cache_read_tokens: z.int(),
  cache_write_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int().describe('the sum of the four'),
}

/** What is not known in full, or not spent. */
export const doubtFields = {
  unpriced_calls: z.int().describe('calls that nobody knows a price of; they add nothing to the cost'),
  partial_calls: z.int().describe('calls of which a part has no price'),
  is_lower_bound: z
    .boolean()
    .describe('whether there are such calls, or cost tracking is off and none was booked: then the cost is at least this'),
  plan_cost_usd: usd.describe('list price of what a subscription covers, in dollars; no part of the cost'),
  plan_cost_nanos: nanosText,
  plan_calls: z.int(),
}
