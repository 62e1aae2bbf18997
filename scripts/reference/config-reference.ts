import { environmentVariables } from '../../src/cli/commands/config.ts'
import { configShape } from '../../src/config/config-shape.ts'
import type { Field, Shape } from '../../src/config/shape.ts'

/** docs/reference/config.md: every key of purser.yaml and every variable. */
export function configReference(): string {
  const variables = Object.entries(environmentVariables).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  return `# Configuration

Generated from the keys that purser checks by \`npm run build:reference\`. \`purser config show\` tells what is in effect,
\`purser config check\` what is wrong or doubtful, and \`purser init\` writes a file to start from.

## Where it is read from

1. The file named by \`--config\`, else by \`PURSER_CONFIG\`, else the nearest \`purser.yaml\` in this folder or above.
2. Under it the user's own: \`$XDG_CONFIG_HOME/purser/purser.yaml\`, else \`~/.config/purser/purser.yaml\`
   (macOS: \`~/Library/Application Support/purser/purser.yaml\`; Windows: \`%APPDATA%\\purser\\purser.yaml\`).

A key of the first wins whole. Prices of both count, the first's winning; so do \`labels.subjects\`. Of \`budgets\`, \`limits\`, \`projects\` and
\`profiles\` each entry of both counts, and where both have one, the first's.

The ledger is \`--db\`, else \`PURSER_DB\`, else \`purser.db\` in the folder \`COST_STORAGE_PATH\`, else \`db\` of these files, else
\`$XDG_DATA_HOME/purser/purser.db\`, else \`~/.local/share/purser/purser.db\` (macOS:
\`~/Library/Application Support/purser/purser.db\`; Windows: \`%LOCALAPPDATA%\\purser\\purser.db\`).
\`~/\` at the beginning of each is your home folder. What looks like a URL of anything but Postgres is refused, as is a path that begins with a
variable nobody has put a value for: either would be a new ledger without limits.

Programs read the same with \`Purser.open({ config: true })\`, or \`config: 'path/purser.yaml'\` in the place of \`--config\`; their other options
count as a still nearer file.

## purser.yaml

| key | value | meaning |
| --- | --- | --- |
${rowsOf(configShape.keys, '').join('\n')}

## Environment

| variable | meaning |
| --- | --- |
${variables.join('\n')}

The last six may also stand in the file that \`env_file\` names; the environment wins over it. A relative \`COST_STORAGE_PATH\` is so to the
folder of purser.yaml there, and to the working folder in the environment.
`
}

function rowsOf(keys: Readonly<Record<string, Field>>, path: string): string[] {
  return Object.entries(keys).flatMap(([name, field]) => {
    const full = `${path}${name}`
    const example = field.example === undefined ? '' : ` Example: \`${name}: ${field.example}\`.`
    const required = field.required === true ? ' Required.' : ''
    return [`| \`${full}\` | ${valueText(field.shape)} | ${field.meaning}${required}${example} |`, ...deeper(field.shape, full)]
  })
}

function deeper(shape: Shape, path: string): string[] {
  if (shape.kind === 'map') return rowsOf(shape.keys, `${path}.`)
  if (shape.kind === 'named') return rowsOf(shape.of.keys, `${path}.<${shape.name}>.`)
  if (shape.kind === 'budgets') return [...rowsOf(shape.keys, `${path}.<name>.`), ...rowsOf(shape.plain, `${path}.`)]
  return shape.kind === 'list' && shape.of.kind === 'map' ? rowsOf(shape.of.keys, `${path}[].`) : []
}

function valueText(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'text'
    case 'choice':
      return shape.values.map((value) => `\`${value}\``).join(', ')
    case 'days':
      return 'days, or `forever`'
    case 'texts':
      return 'list of texts'
    case 'text-map':
      return shape.orText === true ? 'names to texts, or one text `a=b,c=d`' : 'names to texts'
    case 'map':
      return 'keys'
    case 'list':
      return shape.of.kind === 'choice' ? `list of ${valueText(shape.of)}` : 'list'
    case 'prices':
      return 'models to prices'
    case 'budgets':
      return 'names to budgets'
    case 'named':
      return `${shape.name}s to keys`
    case 'amount':
      return 'number'
    case 'yes-no':
      return '`true`, `false`'
    case 'written':
      return shape.as
  }
}
