import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { cliReference } from './reference/cli-reference.ts'
import { configReference } from './reference/config-reference.ts'
import { jsonReference } from './reference/json-reference.ts'

/** The generated pages of docs/reference/, by name. A test compares them with the files. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return { 'cli.md': await cliReference(), 'config.md': configReference(), 'json.md': jsonReference() }
}

export const referenceFolder = resolve(import.meta.dirname, '../docs/reference')

if (import.meta.main) {
  for (const [name, text] of Object.entries(await referencePages())) {
    const path = join(referenceFolder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
