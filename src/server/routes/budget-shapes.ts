import { z } from 'zod'
import { actions, metrics, modes } from '../../budgets/budget.ts'
import type { BudgetRecord } from '../../budgets/budget-record.ts'
import type { BudgetAmendment } from '../../facade/amend-budget.ts'
import { originOf } from '../../json/budget-json.ts'
import { budgetSetShape, budgetShowShape, ledgerBudgetShape } from '../../json/gate-shapes.ts'
import { ledgerBudgetJson } from '../../json/ledger-budget-json.ts'

const amount = z.union([z.string(), z.number()]).describe('dollars for cost, else a count: 5, "5.00", "200k"')
const names = z.union([z.string(), z.array(z.string())])

/** A budget as it is asked for; the facade checks it in full. */
export const budgetInput = z
  .strictObject({
    limit: amount,
    window: z.string().describe('run, hour, day, week, month, quarter, year, total, month@15, week@sunday, 24h, 7d'),
    metric: z.enum(metrics).describe('cost unless said otherwise'),
    mode: z.enum(modes).describe('strict unless said otherwise'),
    tolerance: amount,
    onLimit: z.enum(actions),
    thresholds: z.union([z.string(), z.array(z.unknown())]).describe('percents of the limit, like [50, 80, 95]'),
    timezone: z.string(),
    where: names.nullable().describe('only calls with these labels, like ["project=atlas"]'),
    each: names.nullable().describe('each value of these labels has the whole limit'),
    overrides: z
      .array(z.looseObject({ match: z.record(z.string(), z.string()) }))
      .nullable()
      .describe('other terms for named values: { "match": { "project": "atlas" }, "limit": 30 }'),
    increase: z.strictObject({ by: amount, until: z.string() }).nullable(),
    countsPlan: z.boolean(),
    countsCacheReads: z.boolean(),
    ceiling: amount.nullable(),
    learnBy: names.nullable(),
    quantile: z.union([z.string(), z.number()]),
  })
  .partial()

/** What was asked for, without what was left out. */
export function givenFields(input: z.infer<typeof budgetInput>): BudgetAmendment {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as BudgetAmendment
}

const version = z.int().describe('what `If-Match` and `expected` name')

/** A budget of the API: with its version, so that a change can say what was seen. */
export const apiBudgetShape = ledgerBudgetShape.extend({ version })
export const apiBudgetListShape = z.strictObject({ budgets: z.array(apiBudgetShape) })
export const apiBudgetShowShape = budgetShowShape.extend({ budget: apiBudgetShape })
export const apiBudgetSetShape = budgetSetShape.extend({
  budget: apiBudgetShape,
  warnings: z.array(z.string()).describe('what was added to it, or is doubtful'),
})

export function apiBudgetJson(record: BudgetRecord, source: string | undefined): z.infer<typeof apiBudgetShape> {
  return { ...ledgerBudgetJson(record, originOf(record.budget, source)), version: record.version }
}
