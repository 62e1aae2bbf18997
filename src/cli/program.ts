import { Command } from 'commander'
import { commandList } from './command-list.ts'
import { addGlobalOptions, globalsWithValue } from './global-options.ts'

const description =
  'The ledger and the gate for AI spend: prices every call exactly, books it under your labels, keeps it within your budgets, and answers what it cost.'

const after = `
Examples:
  purser import claude-code                 book what Claude Code has written down
  purser costs --by project,model           what that cost, and where
  purser price --provider openai --model gpt-4o --usage inputTokens=1000,outputTokens=200
  purser budgets set daily --limit 5 --window day
  purser guard --label run=42 --max '$2' -- ./pipeline.sh

Exit codes: 0 fine, 2 bad input, 3 something has no price (with --strict; of an estimate always), 4 a hold is denied or the ledger unavailable, 1 a bug, 130 Ctrl-C.
Each command has examples: purser help <command>.`

/** The program with the commands that are asked for; the others are listed by name only. */
export async function buildProgram(wanted: (name: string) => boolean, version: string): Promise<Command> {
  const program = new Command('purser').description(description).version(version, '-V, --version').addHelpText('after', after)
  addGlobalOptions(program).helpCommand('help [command]', 'show the help of a command').enablePositionalOptions().showSuggestionAfterError()
  for (const { name, summary, load } of commandList) {
    if (wanted(name)) program.addCommand(withGlobalOptions((await load())().summary(summary)))
    else program.command(name).description(summary)
  }
  return program
}

/** They come last, so that the help of a command begins with its own. The tour chooses its ledger itself. */
function withGlobalOptions(command: Command): Command {
  if (command.name() !== 'tour') addGlobalOptions(command)
  for (const child of command.commands) withGlobalOptions(child)
  return command
}

/** The command that the arguments name, or undefined where they name none. */
export function namedCommand(args: readonly string[]): string | undefined {
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? ''
    if (!argument.startsWith('-')) return argument === 'help' ? args[index + 1] : argument
    if (globalsWithValue.has(argument)) index += 1
  }
  return undefined
}
