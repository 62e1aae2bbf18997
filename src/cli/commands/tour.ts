import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { fileURLToPath } from 'node:url'
import { PurserError } from '../../errors.ts'
import { packageFile } from '../../package-files.ts'
import { writeLines } from '../output.ts'
import { paint } from '../terminal.ts'

const steps: readonly { readonly say: string; readonly args: readonly string[] }[] = [
  { say: 'A small film studio has records of three kinds. They are read once, and only what is new after that:', args: ['import'] },
  {
    say: 'What did each project spend, on which model? What a subscription covers is shown apart:',
    args: ['costs', '--no-sync', '--by', 'project,model', '--period', 'all'],
  },
  {
    say: 'What does one run of a pipeline cost, stage by stage?',
    args: ['costs', '--no-sync', '--by', 'run,stage', '--where', 'run!=', '--period', 'all', '--sort', 'name'],
  },
  {
    say: 'Day by day, in the zone of the studio:',
    args: ['costs', '--no-sync', '--by', 'day', '--since', '2026-02-02', '--until', '2026-02-06'],
  },
  {
    say: 'Where does a price come from?',
    args: ['price', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000,cacheReadTokens=5000,outputTokens=200'],
  },
  { say: 'And every sum agrees with its charges:', args: ['verify'] },
]

export function defineTour(): Command {
  return new Command('tour')
    .description('Imports a small sample into a ledger of its own, shows its tables, and takes it away again.')
    .action(async () => tour())
}

async function tour(): Promise<void> {
  const config = fileURLToPath(packageFile('examples/sample/purser.yaml'))
  if (!existsSync(config)) throw new PurserError('PURSER_NOT_FOUND', `The sample is missing: there is no ${config}.`)
  const { buildProgram } = await import('../program.ts')
  const folder = mkdtempSync(join(tmpdir(), 'purser-tour-'))
  try {
    for (const { say, args } of steps) {
      await writeLines([say, paint('dim', `$ purser ${args.map(quote).join(' ')}`), ''])
      const program = await buildProgram((name) => name === args[0], '')
      await program.parseAsync(['--db', join(folder, 'tour.db'), '--config', config, ...args], { from: 'user' })
      await writeLines(['', ''])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  await writeLines(['That was a ledger of its own, and it is gone again. Yours begins with `purser init`.'])
}

function quote(argument: string): string {
  return /^[\w./:,=-]+$/.test(argument) ? argument : `'${argument}'`
}
