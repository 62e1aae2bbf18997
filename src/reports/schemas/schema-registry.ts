import { z } from 'zod'
import { budgetConfigSchema, budgetLeftSchema } from './budget-config-schema.ts'
import { costEstimateSchema, costVarianceSchema } from './estimate-schemas.ts'
import { costDataSchema, costReportSchema, costsBlockSchema } from './host-schemas.ts'
import { projectCostSummarySchema } from './project-cost-schemas.ts'
import { groupCostSchema, runCostSummarySchema, runReportSchema, stageCostSchema } from './run-cost-schemas.ts'

/** What a schema is published as: `schemas/<id>.json`. */
export interface SchemaName {
  readonly id: string
}

/** Every schema of what purser hands out: those of reports here, and those of the CLI, which add themselves. */
export const schemaRegistry = z.registry<SchemaName>()

const reportSchemas: Readonly<Record<string, z.ZodType>> = {
  StageCost: stageCostSchema,
  GroupCost: groupCostSchema,
  RunCostSummary: runCostSummarySchema,
  BudgetConfig: budgetConfigSchema,
  BudgetLeft: budgetLeftSchema,
  CostEstimate: costEstimateSchema,
  CostVariance: costVarianceSchema,
  ProjectCostSummary: projectCostSummarySchema,
  RunReport: runReportSchema,
  CostsBlock: costsBlockSchema,
  CostData: costDataSchema,
  CostReport: costReportSchema,
}

for (const [id, schema] of Object.entries(reportSchemas)) schemaRegistry.add(schema, { id })

/** All that are registered, as JSON Schema (draft 2020-12), by id. They refer to each other by the names of their files. */
export function publishedSchemas(): Readonly<Record<string, unknown>> {
  const { schemas } = z.toJSONSchema(schemaRegistry, { uri: (id) => `${id}.json`, io: 'output' })
  return schemas
}
