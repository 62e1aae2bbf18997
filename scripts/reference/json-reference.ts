import { z } from 'zod'
import { configCheckShape, configShowShape, initShape } from '../../src/cli/config-shapes.ts'
import * as gate from '../../src/cli/gate-shapes.ts'
import * as shapes from '../../src/cli/json-shapes.ts'
import { verifyShape } from '../../src/cli/verify-shape.ts'

const answers: readonly { readonly command: string; readonly shape: z.ZodType; readonly note?: string }[] = [
  { command: 'purser price --json', shape: shapes.pricedShape },
  { command: 'purser price --jsonl', shape: shapes.priceAnswerShape, note: 'One of these a line, in the order of the input.' },
  { command: 'each line of purser export', shape: shapes.chargeShape },
  { command: 'purser record --json', shape: shapes.recordedShape },
  { command: 'purser import claude-code | codex | csv | jsonl --json', shape: shapes.importShape },
  { command: 'purser import --json', shape: shapes.importsShape },
  { command: 'purser import list --json', shape: shapes.importListShape },
  { command: 'purser import undo --json', shape: shapes.undoShape },
  { command: 'purser costs --json', shape: shapes.costsShape },
  { command: 'purser budgets set --json', shape: gate.budgetSetShape },
  { command: 'purser budgets list --json', shape: gate.budgetListShape },
  { command: 'purser budgets status --json', shape: gate.budgetStatusShape },
  { command: 'purser budgets show --json', shape: gate.budgetShowShape },
  { command: 'purser budgets history --json', shape: gate.budgetHistoryShape },
  { command: 'purser budgets apply --json', shape: gate.budgetsAppliedShape },
  { command: 'purser budgets remove --json', shape: gate.budgetRemovedShape },
  { command: 'purser hold reserve | split --json', shape: gate.grantShape },
  {
    command: 'purser hold reserve | split --json, and purser guard --json, where denied',
    shape: gate.denialShape,
    note: 'The exit code is 4.',
  },
  {
    command: 'the same, where the ledger cannot be asked',
    shape: gate.unavailableShape,
    note: 'The exit code is 4. A ledger that cannot be opened at all is an error instead.',
  },
  { command: 'purser hold settle | release | end | extend | resolve --json', shape: gate.holdOutcomeShape },
  { command: 'purser hold list --json', shape: gate.holdListShape },
  { command: 'purser why --json', shape: gate.whyShape, note: 'The exit code is 4 where the hold would be refused.' },
  {
    command: 'what books or holds, with --json, where COST_TRACKING_ENABLED is false',
    shape: gate.untrackedShape,
    note: '`hold reserve` and `hold split` answer with a grant, in which `tracking` is false.',
  },
  {
    command: 'purser catalog list | search --json',
    shape: shapes.catalogListShape,
    note: '`providers` without a provider, else `models`.',
  },
  { command: 'purser catalog diff | update --json', shape: shapes.catalogDiffShape },
  { command: 'purser catalog update --reset --json', shape: shapes.catalogResetShape },
  { command: 'purser reprice --json', shape: shapes.repriceShape },
  { command: 'purser export --output FILE --json', shape: shapes.exportShape },
  { command: 'purser verify --json', shape: verifyShape },
  { command: 'purser config show --json', shape: configShowShape },
  { command: 'purser config check --json', shape: configCheckShape },
  { command: 'purser init --json', shape: initShape },
  { command: 'an error with --json, on standard error', shape: shapes.errorShape },
  { command: 'a warning or remark with --json, on standard error', shape: shapes.warningShape },
]

/** docs/reference/json.md: what commands print with --json. */
export function jsonReference(): string {
  const sections = answers.map(({ command, shape, note }) => {
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
