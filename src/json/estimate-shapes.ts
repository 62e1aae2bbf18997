import { z } from 'zod'
import { estimatedCallFields, unpricedCalls } from '../reports/schemas/estimate-schemas.ts'
import { count, instant, nanosText, usd } from '../reports/schemas/schema-fields.ts'
import { estimateSources } from '../runs/cost-estimate.ts'

// What `purser estimate` prints with --json.

const name = z.string().nullable()

const spread = { p50Usd: usd, p50Nanos: nanosText, p90Usd: usd, p90Nanos: nanosText, samples: count }

const estimateFields = {
  source: z.enum(estimateSources),
  costUsd: usd.describe('what is foreseen, with the buffer'),
  costNanos: nanosText,
  isLowerBound: z.boolean().describe('whether calls are left out because nobody knows their price'),
  bufferPercent: z.number(),
  factor: z.number().nullable().describe('the learned factor by which it was corrected before the buffer'),
  calls: count.nullable(),
  tokens: count.nullable(),
  parts: z.array(
    z.strictObject({
      ...estimatedCallFields,
      costUsd: usd.nullable().describe('without the buffer; null where nobody knows a price'),
      costNanos: nanosText.nullable(),
    }),
  ),
  unpriced: unpricedCalls,
  quantiles: z.strictObject(spread).nullable().describe('what half, and nine of ten, of past runs came to'),
  profile: name.describe('whose models it counts with'),
  catalog: name.describe('revision of the price catalog'),
  madeAt: instant,
}

const learned = z
  .strictObject({ p50: z.number(), p90: z.number(), samples: count })
  .nullable()
  .describe('what earlier runs came to for each dollar that was estimated; null where fewer than three say it')

export const estimateShape = z.strictObject({
  ...estimateFields,
  learned,
  stages: z
    .array(z.strictObject({ stage: name, ...spread }))
    .optional()
    .describe('with --history: by stage, where at least three runs had it'),
  leftOut: count.optional().describe('with --history: runs that do not count, because calls of theirs have no price'),
  actual: z
    .strictObject({ costUsd: usd, costNanos: nanosText, unpricedCalls: count, planCalls: count })
    .optional()
    .describe('with --run: what it cost'),
  saved: name.describe('the run that it is kept with'),
})

export const noHistoryShape = z.strictObject({
  source: z.literal('history'),
  costUsd: z.null(),
  samples: count,
  leftOut: count,
  message: z.string(),
})

export const comparisonShape = z.strictObject({
  names: z.array(z.string()).describe('the profiles, in the order in which they were asked for'),
  estimates: z.array(z.strictObject(estimateFields)),
  rows: z.array(z.strictObject({ stage: name, costNanos: z.array(nanosText.nullable()), isLowerBound: z.array(z.boolean()) })),
  differenceNanos: z.array(nanosText.nullable()).describe('to the first; null where either of the two is a lower bound'),
  actual: z.strictObject({ costUsd: usd, costNanos: nanosText, unpricedCalls: count, planCalls: count }).optional().describe('with --run'),
  learned,
})
