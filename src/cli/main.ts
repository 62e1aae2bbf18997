import { CommanderError, type Command } from 'commander'
import { PurserError } from '../errors.ts'
import { capitalised, asSentence } from '../text/sentence.ts'
import { fitPage } from '../text/wrap.ts'
import { findCommand } from './find-command.ts'
import { watchOutput, writeRemarksAsJson } from './output.ts'
import { packageVersion } from './package-version.ts'
import { buildProgram, namedCommand } from './program.ts'
import { reportError } from './report-error.ts'
import { forbidColour, terminalWidth } from './terminal.ts'

/** Runs the command that the arguments name, and sets the exit code. */
export async function main(args: readonly string[]): Promise<void> {
  watchOutput()
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  const json = options.includes('--json')
  if (options.includes('--no-color')) forbidColour()
  if (json) writeRemarksAsJson()
  try {
    const named = namedCommand(args)
    const program = await buildProgram((name) => name === named, packageVersion())
    throwInsteadOfExit(program)
    const { command, wantsHelp } = findCommand(program, args)
    if (args.length === 0 || wantsHelp) command.outputHelp()
    else await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    process.exitCode = reportError(error instanceof CommanderError ? toPurserError(error) : error, json)
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride().configureHelp({ minWidthToWrap: 16 })
  command.configureOutput({
    writeErr: () => undefined,
    writeOut: (text) => process.stdout.write(fitPage(text, terminalWidth())),
    getOutHelpWidth: terminalWidth,
  })
  for (const child of command.commands) throwInsteadOfExit(child)
}

/** What commander says of the arguments, as an error of the registry. */
function toPurserError(error: CommanderError): PurserError {
  const message = error.message.replace(/^error: /, '').replace(/\n\(?(Did you mean .*?\?)\)?$/s, '. $1')
  return new PurserError('PURSER_BAD_ARGUMENT', asSentence(capitalised(message)))
}
