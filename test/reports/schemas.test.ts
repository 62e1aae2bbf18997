import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { schemaFiles, schemaFolder } from '../../scripts/build-schemas.ts'
import { jsonAnswers } from '../../src/json/json-answers.ts'
import { schemaRegistry } from '../../src/reports/schemas/schema-registry.ts'
import { stageCostSchema } from '../../src/reports/schemas/run-cost-schemas.ts'

const files = schemaFiles()

test('the published schemas are as the program is; `node scripts/build-schemas.ts` writes them', () => {
  expect(readdirSync(schemaFolder).toSorted()).toEqual(Object.keys(files).toSorted())
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(schemaFolder, name), 'utf8')).toBe(text)
})

test('the schemas that hosts know by name are there, and each is of draft 2020-12', () => {
  for (const name of ['StageCost', 'RunCostSummary', 'BudgetConfig', 'CostEstimate', 'CostVariance']) {
    const schema = JSON.parse(files[`${name}.json`] ?? '') as Record<string, unknown>
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: `${name}.json`, type: 'object' })
    expect(schema['description']).toMatch(/\.$/)
  }
})

test('fields keep the names of the requirement, and their types', () => {
  const { properties } = JSON.parse(files['RunCostSummary.json'] ?? '') as { properties: Record<string, Record<string, unknown>> }
  expect(Object.keys(properties)).toEqual(
    expect.arrayContaining(['run_id', 'total_cost_usd', 'stages', 'by_model', 'by_role', 'budget_limit_usd', 'budget_remaining_usd']),
  )
  expect(properties['stages']).toMatchObject({ type: 'array', items: { $ref: 'StageCost.json' } })
  expect(Object.keys(stageCostSchema.shape)).toEqual(
    expect.arrayContaining(['stage_id', 'model', 'input_tokens', 'output_tokens', 'estimated_cost_usd', 'call_count']),
  )
})

test('every answer of a command is in the one registry, under a name of its own', () => {
  const ids = jsonAnswers.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { id, shape } of jsonAnswers) {
    expect(schemaRegistry.get(shape)?.id).toBe(id)
    expect(z.toJSONSchema(shape)).toBeTypeOf('object')
  }
})
