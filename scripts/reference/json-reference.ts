import { z } from 'zod'
import { jsonAnswers } from '../../src/json/json-answers.ts'

/** docs/reference/json.md: what commands print with --json. */
export function jsonReference(): string {
  const sections = jsonAnswers.map(({ command, shape, note }) => {
    const schema = z.toJSONSchema(shape, { io: 'output' }) as Schema
    return `## ${command}\n\n${note === undefined ? '' : `${note}\n\n`}\`\`\`ts\n${typeText(schema, '')}\n\`\`\``
  })
  return `# JSON

Generated from the schemas by which the tests read every answer, by \`npm run build:reference\`. Fields may be added; none is taken away or
changes its meaning. Each answer is one line. \`purser catalog show --json\` prints a list of cards, as \`purser catalog diff\` reads them.

Standard error then holds JSON too, one object a line: remarks and warnings as \`{"warning":{…}}\`, and, where the exit code is not 0 for
another reason than \`--strict\`, \`verify\` or a denial, the error as \`{"error":{…}}\`.

${sections.join('\n\n')}
`
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly propertyNames?: Schema
}

const longestChoice = 8

/** A JSON schema in the notation of TypeScript, with descriptions as comments. */
function typeText(schema: Schema, indent: string): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map((option) => typeText(option, indent)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined)
    return schema.enum.length > longestChoice ? 'string' : schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type === 'array') {
    const item = typeText(schema.items ?? {}, indent)
    return /[ |]/.test(item) && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
  }
  if (schema.type === 'object') return objectText(schema, indent)
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['unknown'])
  return types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ')
}

function objectText({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, field]) => {
    const comment = field.description ?? field.anyOf?.find((option) => option.description !== undefined)?.description
    return `${inner}${name}${required.includes(name) ? '' : '?'}: ${typeText(field, inner)}${comment === undefined ? '' : ` // ${comment}`}`
  })
  if (typeof additionalProperties === 'object') {
    const value = typeText(additionalProperties, inner)
    if (lines.length === 0) return `Record<string, ${value}>`
    lines.push(`${inner}[field: string]: ${value}`)
  }
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`
}
