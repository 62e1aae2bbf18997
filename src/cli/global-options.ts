import { type Command, Option } from 'commander'

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly db?: string
  readonly config?: string
  readonly json?: true
}

/** Options before the command's name that are followed by a value. */
export const globalsWithValue: ReadonlySet<string> = new Set(['--db', '--config'])

const globals: readonly (readonly [flags: string, description: string])[] = [
  [
    '--db <place>',
    'the ledger: a file, or a postgres:// URL; else PURSER_DB, else what purser.yaml says, else the one in your data folder',
  ],
  ['--config <file>', 'the purser.yaml to use, in place of the nearest one upward'],
  ['--json', 'answer in JSON, of the shape in docs/reference/json.md'],
  ['--no-color', 'no colours, as with NO_COLOR'],
]

export function addGlobalOptions(command: Command): Command {
  for (const [flags, description] of globals) command.addOption(new Option(flags, description).helpGroup('Options of every command:'))
  return command
}

/** The options in effect: those of the command itself win over those before its name. */
export function globalOptions(command: Command): GlobalOptions {
  const merged: { db?: string; config?: string; json?: true } = {}
  for (let current: Command | null = command; current !== null; current = current.parent) {
    const { db, config, json } = current.opts<GlobalOptions>()
    if (merged.db === undefined && db !== undefined) merged.db = db
    if (merged.config === undefined && config !== undefined) merged.config = config
    if (json === true) merged.json = true
  }
  return merged
}
