import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { registerAnswers } from '../src/json/json-answers.ts'
import { publishedSchemas } from '../src/reports/schemas/schema-registry.ts'

/** Where the schemas are that the package publishes. */
export const schemaFolder = resolve(import.meta.dirname, '../schemas')

/** The files of schemas/, by name. A test compares them with the folder. */
export function schemaFiles(): Readonly<Record<string, string>> {
  registerAnswers()
  const files = Object.entries(publishedSchemas()).map(([id, schema]) => [`${id}.json`, `${JSON.stringify(schema, null, 2)}\n`])
  return Object.fromEntries(files) as Record<string, string>
}

if (import.meta.main) {
  mkdirSync(schemaFolder, { recursive: true })
  const files = schemaFiles()
  for (const name of readdirSync(schemaFolder)) if (!(name in files)) rmSync(join(schemaFolder, name))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(schemaFolder, name), text)
}
