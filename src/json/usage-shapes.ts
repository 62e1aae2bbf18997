import { z } from 'zod'
import { budgetStatusRowShape } from './gate-shapes.ts'
import { chargeShape, costTotalShape, costsShape, periodShape } from './json-shapes.ts'

// What the API answers about usage.

export const chargePageShape = z.strictObject({
  charges: z.array(chargeShape).describe('as they were booked: a correction is a charge of its own, which says what it `corrects`'),
  next: z
    .string()
    .nullable()
    .describe('the cursor of what follows; null at the end. A page may hold fewer than asked for, or none, and have one'),
})

export const usageSummaryShape = z.strictObject({
  period: periodShape,
  total: costTotalShape,
  unresolved: costsShape.shape.unresolved,
  budget: budgetStatusRowShape
    .nullable()
    .describe('of the budgets on cost that are yours to see, the one of which most is spent; null without any'),
})

export const dailyUsageShape = z.strictObject({
  period: periodShape,
  days: z.array(costTotalShape.extend({ date: z.iso.date() })).describe('every day of the period, also those without calls'),
  total: costTotalShape,
})
