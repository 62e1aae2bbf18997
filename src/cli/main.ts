import { readFileSync } from 'node:fs'
import { CommanderError, type Command } from 'commander'
import { PurserError } from '../errors.ts'
import { endQuietlyOnBrokenPipe } from './output.ts'
import { buildProgram, namedCommand } from './program.ts'
import { reportError } from './report-error.ts'
import { forbidColour } from './terminal.ts'

/** Runs the command that the arguments name, and sets the exit code. */
export async function main(args: readonly string[]): Promise<void> {
  endQuietlyOnBrokenPipe()
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (options.includes('--no-color')) forbidColour()
  try {
    const named = namedCommand(args)
    const program = await buildProgram((name) => name === named, packageVersion())
    throwInsteadOfExit(program)
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    process.exitCode = reportError(error instanceof CommanderError ? toPurserError(error) : error, options.includes('--json'))
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined })
  for (const child of command.commands) throwInsteadOfExit(child)
}

/** What commander says of the arguments, as an error of the registry. */
function toPurserError(error: CommanderError): PurserError {
  const message = error.message.replace(/^error: /, '').replace(/\n\(?(Did you mean .*?\?)\)?$/s, '. $1')
  const text = `${message.charAt(0).toUpperCase()}${message.slice(1)}`
  return new PurserError('PURSER_BAD_ARGUMENT', /[.?!]$/.test(text) ? text : `${text}.`)
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
