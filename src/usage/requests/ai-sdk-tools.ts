import { asFields, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestDraft } from './request-draft.ts'

/** Tools of Anthropic that the caller runs, by the SDK's id of them. */
const callersOwn = /^anthropic\.(?:bash|text_editor|computer|memory)_|^openai\.(?:local_shell|apply_patch|computer)/

/** Tools as the SDK takes them: an object by name, or the list that a model's `doGenerate` gets. */
export function readAiSdkTools(draft: RequestDraft, tools: unknown): void {
  if (typeof tools !== 'object' || tools === null) return
  const definitions: unknown[] = []
  for (const [key, item] of Object.entries(tools)) {
    const field = `tools.${key}`
    const tool = asFields(item) ?? {}
    const id = asText(tool['id'])
    if (asText(tool['type'])?.startsWith('provider') === true || (id !== undefined && id.includes('.'))) {
      if (callersOwn.test(id ?? '')) draft.allow(allowances.vendorTool)
      else draft.refuse('server-tool', field, 'the provider runs it, and adds results to the prompt that nothing bounds')
      continue
    }
    const schema = jsonSchemaOf(tool['inputSchema'] ?? tool['parameters'])
    if (schema === undefined) draft.refuse('unknown-part', `${field}.inputSchema`, 'its size is not known; hand it over as a JSON schema')
    definitions.push([key, tool['name'], tool['description'], schema, tool['inputExamples']])
  }
  draft.tools(definitions)
}

/** The schema as JSON, or what `jsonSchema()` of the SDK wraps; a validator of another library does not show its size. */
function jsonSchemaOf(schema: unknown): Fields | undefined {
  const fields = asFields(schema)
  const wrapped = asFields(fields?.['jsonSchema'])
  const json = wrapped ?? fields
  if (json === undefined || '~standard' in json || typeof json['then'] === 'function') return undefined
  return Object.values(json).some((value) => typeof value === 'function') ? undefined : json
}
