import type { Command } from 'commander'
import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import { globalsWithValue } from './global-options.ts'

/** What the arguments ask for: a command, or its help as in `purser help catalog update`. */
export interface FoundCommand {
  readonly command: Command
  readonly wantsHelp: boolean
}

/** Goes down the commands that the arguments name. @throws PURSER_BAD_ARGUMENT for a name that no command has */
export function findCommand(program: Command, args: readonly string[]): FoundCommand {
  let command = program
  let wantsHelp = false
  for (const name of namesIn(args)) {
    if (!isGroup(command)) break
    if (name === 'help' && !wantsHelp) wantsHelp = true
    else command = childOf(command, name)
  }
  const hasHelpOption = args.some((argument) => ['--help', '-h', '--version', '-V'].includes(argument))
  if (args.length > 0 && !wantsHelp && !hasHelpOption && isGroup(command) && !isRunnable(command)) {
    const names = command.commands.map((child) => child.name()).join(', ')
    throw new PurserError('PURSER_BAD_ARGUMENT', `Say what ${pathOf(command)} is to do: ${names}. \`${helpFor(command)}\` tells more.`)
  }
  return { command, wantsHelp }
}

/** The arguments before the first option that is the command's own; options of every command are passed over. */
function namesIn(args: readonly string[]): string[] {
  const names: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? ''
    if (globalsWithValue.has(argument)) index += 1
    else if (argument === '--') break
    else if (!argument.startsWith('-')) names.push(argument)
  }
  return names
}

function childOf(command: Command, name: string): Command {
  const child = command.commands.find((each) => each.name() === name)
  if (child !== undefined) return child
  const nearest = closest(
    name,
    command.commands.map((each) => each.name()),
  )
  const hint = nearest === undefined ? `\`${helpFor(command)}\` lists those there are.` : `Did you mean "${nearest}"?`
  throw new PurserError('PURSER_BAD_ARGUMENT', `${pathOf(command)} has no command "${name}". ${hint}`)
}

function isGroup(command: Command): boolean {
  return command.commands.length > 0
}

/** `purser import` does something by itself, too. */
function isRunnable(command: Command): boolean {
  return command.name() === 'import'
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function helpFor(command: Command): string {
  return command.parent === null ? 'purser --help' : `${pathOf(command)} --help`
}
