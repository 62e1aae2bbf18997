import { Command } from 'commander'
import { resolve } from 'node:path'
import { restoreLedger } from '../../facade/copy-ledger.ts'
import { isPostgresUrl } from '../../ledger/ledger-place.ts'
import { formatBytes } from '../../text/numbers.ts'
import { answerOrSay, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { verifiedText } from '../verify-view.ts'
import { type CopyFlags, verifiedJson, withProgress } from './backup.ts'

const examples = `
Examples:
  purser restore spend-2026-11-23.db                  where there is no ledger, or one without charges
  purser restore spend-2026-11-23.db --force          and where there is one, which is kept under another name
  purser restore spend-2026-11-23.db --to other.db    at another place

What uses the ledger, such as \`purser serve\`, must be stopped first; where it is not, nothing is changed.`

interface RestoreFlags extends CopyFlags {
  readonly to?: string
}

export function defineRestore(): Command {
  return new Command('restore')
    .description('Makes a backup the ledger again.')
    .argument('<file>', 'the backup')
    .option('--to <file>', 'where; the ledger that is configured unless said otherwise')
    .option('--force', 'replace a ledger that has charges, and keep it under another name')
    .option('--no-verify', 'do not compare the sums of the backup with its charges')
    .addHelpText('after', examples)
    .action(async (file: string, flags: RestoreFlags, self: Command) => withSession(self, (session) => run(session, file, flags)))
}

async function run({ config, json, cwd }: Session, file: string, flags: RestoreFlags): Promise<void> {
  const place = flags.to ?? config.db
  const ledger = isPostgresUrl(place) ? place : resolve(cwd, place)
  const { bytes, verified, kept } = await withProgress(flags, (options) => restoreLedger(file, ledger, options))
  const done = `${ledger} is now what ${file} holds: ${formatBytes(bytes)}${verified === undefined ? ', not verified' : `; ${verifiedText(verified)} agree`}.`
  await answerOrSay(done, () =>
    json
      ? writeJson({ ledger, from: resolve(cwd, file), bytes, verified: verifiedJson(verified), kept })
      : writeLines([done, ...(kept === null ? [] : [`What was there before is kept as ${kept}.`])]),
  )
}
