import type { Command } from 'commander'
import { buildProgram } from '../../src/cli/program.ts'

const columns = 110

/** docs/reference/cli.md: the help of every command. */
export async function cliReference(): Promise<string> {
  const program = await buildProgram(() => true, '')
  const sections = allCommands(program, 'purser').map(({ name, command }) => `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``)
  return `${['# The command line', 'Generated from the program’s own help by `npm run build:reference`.', ...sections].join('\n\n')}\n`
}

function allCommands(command: Command, name: string): { name: string; command: Command }[] {
  const children = command.commands.filter((child) => child.name() !== 'help')
  return [{ name, command }, ...children.flatMap((child) => allCommands(child, `${name} ${child.name()}`))]
}

function helpOf(command: Command): string {
  let text = ''
  const write = (part: string): void => {
    text += part
  }
  command
    .configureHelp({ helpWidth: columns })
    .configureOutput({ writeOut: write, getOutHelpWidth: () => columns, getOutHasColors: () => false })
  command.outputHelp()
  return text.trimEnd()
}
