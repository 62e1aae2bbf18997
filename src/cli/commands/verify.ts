import { Command } from 'commander'
import { counted } from '../../text/counted.ts'
import { formatCount } from '../../text/numbers.ts'
import { errorRegistry } from '../../errors.ts'
import { warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { discrepancyLines, nameDiscrepancy } from '../verify-view.ts'

const examples = `
Examples:
  purser verify             compare every sum with the charges
  purser verify --repair    and replace those that differ

The exit code is 4 when something differs and was not repaired.`

const shownDiscrepancies = 10

export function defineVerify(): Command {
  const command = new Command('verify').description('Works every sum of the ledger out anew from its charges and compares.')
  return command
    .option('--repair', 'replace sums that differ')
    .addHelpText('after', examples)
    .action(async (options: { repair?: true }, self: Command) => withSession(self, (session) => run(session, options.repair === true)))
}

async function run(session: Session, repair: boolean): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const bar = createProgressBar('Verifying')
  const report = await purser.verify({ repair, onProgress: (charges) => bar.show(charges, undefined, 'charges') }).finally(() => bar.end())
  const { charges, rows, repaired } = report
  const discrepancies = report.discrepancies.map(nameDiscrepancy)
  if (session.json) await writeJson({ charges, rows, discrepancies, repaired })
  else if (discrepancies.length === 0) await writeLines([`${counted(charges, 'charge')} and ${counted(rows, 'sum')} agree.`])
  else {
    await writeLines(discrepancies.slice(0, shownDiscrepancies).flatMap(discrepancyLines))
    if (discrepancies.length > shownDiscrepancies) await writeLines([`and ${formatCount(discrepancies.length - shownDiscrepancies)} more`])
    if (repaired) await writeLines([`Repaired ${counted(discrepancies.length, 'sum')}.`])
  }
  if (discrepancies.length > 0 && !repaired) {
    warn(
      `${counted(discrepancies.length, 'sum')} ${discrepancies.length === 1 ? 'differs' : 'differ'} from the charges. \`purser verify --repair\` replaces what differs.`,
    )
    process.exitCode = errorRegistry.PURSER_LEDGER_CORRUPT.exitCode
  }
}
