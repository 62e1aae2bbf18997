import type { Command } from 'commander'

/** Gives an option that several commands share the words that are right for one of them. */
export function describeOption(command: Command, long: string, description: string): Command {
  const option = command.options.find((each) => each.long === long)
  if (option !== undefined) option.description = description
  return command
}

/** Leaves an option that several commands share out of the help of one that refuses it. */
export function hideOption(command: Command, long: string): Command {
  command.options.find((each) => each.long === long)?.hideHelp()
  return command
}
