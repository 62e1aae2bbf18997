import { Command } from 'commander'
import { backupLedger, type CopyOptions } from '../../facade/copy-ledger.ts'
import type { VerifyReport } from '../../stores/store.ts'
import { formatBytes } from '../../text/numbers.ts'
import { answerOrSay, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { verifiedText } from '../verify-view.ts'

const examples = `
Examples:
  purser backup spend-2026-11-23.db             while servers and programs go on writing
  purser backup /mnt/other/spend.db --force     replaces the one that is there, once the new one is complete
  purser restore spend-2026-11-23.db            makes it the ledger again

The copy is the ledger as of one moment, in one file. Every sum in it is compared with its charges, as \`purser verify\` does,
before it appears under its name. A ledger on Postgres is backed up by pg_dump, and this command says how.`

export interface CopyFlags {
  readonly force?: true
  readonly verify: boolean
}

export function defineBackup(): Command {
  return new Command('backup')
    .description('Copies the ledger into a file, while others go on using it.')
    .argument('<file>', 'the copy')
    .option('--force', 'replace a file that is there')
    .option('--no-verify', 'do not compare the sums of the copy with its charges')
    .addHelpText('after', examples)
    .action(async (file: string, flags: CopyFlags, self: Command) => withSession(self, (session) => run(session, file, flags)))
}

async function run({ config: { db }, json }: Session, file: string, flags: CopyFlags): Promise<void> {
  const { file: copy, bytes, verified } = await withProgress(flags, (options) => backupLedger(db, file, options))
  const done = `${copy} is a copy of ${db}: ${formatBytes(bytes)}${verified === undefined ? ', not verified' : `; ${verifiedText(verified)} agree`}.`
  await answerOrSay(done, () =>
    json ? writeJson({ ledger: db, file: copy, bytes, verified: verifiedJson(verified) }) : writeLines([done]),
  )
}

/** Copies with a bar for what is copied, and one for what is verified. */
export async function withProgress<T>({ force, verify }: CopyFlags, copy: (options: CopyOptions) => Promise<T>): Promise<T> {
  const [copying, verifying] = [createProgressBar('Copying'), createProgressBar('Verifying')]
  try {
    return await copy({
      force: force === true,
      verify,
      onCopied: (pages, all) => copying.show(pages, all, 'pages'),
      onVerified: (charges) => verifying.show(charges, undefined, 'charges'),
    })
  } finally {
    copying.end()
    verifying.end()
  }
}

export function verifiedJson(report: VerifyReport | undefined): Record<string, number> | null {
  if (report === undefined) return null
  const { charges, rows, counters, holds } = report
  return { charges, rows, counters, holds }
}
