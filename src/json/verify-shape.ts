import { z } from 'zod'
import { count } from '../reports/schemas/schema-fields.ts'

/** What `purser verify --json` prints. */
export const verifyShape = z.strictObject({
  charges: count,
  rows: count.describe('sums that were compared'),
  counters: count.describe('counters of budgets that were compared'),
  holds: count.describe('open and presumed holds that they were compared with'),
  discrepancies: z.array(
    z.strictObject({
      table: z.string(),
      key: z.string(),
      stored: z.string(),
      expected: z.string(),
      of: z
        .strictObject({
          labels: z.record(z.string(), z.string()),
          sku: z.record(z.string(), z.string().nullable()).describe('provider, model, tier and so on'),
          subject: z.strictObject({ kind: z.string(), value: z.string() }).optional(),
        })
        .optional()
        .describe('whose sums they are'),
      when: z.string().nullable().describe('the date, or the quarter of an hour, that they are of'),
      differences: z.array(z.strictObject({ measure: z.string(), stored: z.string().nullable(), expected: z.string().nullable() })),
    }),
  ),
  repaired: z.boolean(),
})
