import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { configName } from '../../config/locations.ts'
import { PurserError } from '../../errors.ts'
import { messageOf } from '../../text/sentence.ts'
import { globalOptions } from '../global-options.ts'
import { writeJson, writeLines } from '../output.ts'
import { foundSessions } from '../session-folders.ts'
import { starterConfig } from '../starter-config.ts'

const examples = `
Examples:
  purser init                          write purser.yaml into this folder
  purser init --db spend.db            and keep the ledger beside it
  purser init --force                  replace the one that is there`

export function defineInit(): Command {
  return new Command('init')
    .description('Writes a purser.yaml with comments, and the records found on this machine.')
    .option('--force', 'replace a file that exists')
    .addHelpText('after', examples)
    .action(async (options: { force?: true }, self: Command) => init(self, options.force === true))
}

async function init(self: Command, force: boolean): Promise<void> {
  const { db, config, json } = globalOptions(self)
  const path = resolve(config ?? configName)
  const sources = foundSessions(process.env)
  try {
    writeFileSync(path, starterConfig({ db, sources }), { flag: force ? 'w' : 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new PurserError('PURSER_BAD_ARGUMENT', `${path} exists and was left as it is; --force replaces it.`, { cause })
    }
    throw new PurserError('PURSER_BAD_ARGUMENT', `${path} cannot be written: ${messageOf(cause)}.`, { cause })
  }
  if (json === true) return writeJson({ path, sources })
  const next =
    sources.length === 0
      ? 'Book a call with `purser record --help`, or name sources in it.'
      : 'Next: `purser costs`, which reads them first.'
  await writeLines([`Wrote ${path}.`, ...sources.map((source) => `Found records of ${source}.`), next])
}
