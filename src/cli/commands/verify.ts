import { Command } from 'commander'
import { counted } from '../../text/counted.ts'
import { formatCount } from '../../text/numbers.ts'
import { errorRegistry } from '../../errors.ts'
import { warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { discrepancyLines, nameDiscrepancy, verifiedText } from '../verify-view.ts'

const examples = `
Examples:
  purser verify             compare every sum and counter with the charges and open holds
  purser verify --repair    and replace those that differ

The exit code is 4 when something differs and was not repaired.`

const shownDiscrepancies = 10

export function defineVerify(): Command {
  const command = new Command('verify').description(
    'Works every sum and every counter of the ledger out anew, from its charges and open holds, and compares.',
  )
  return command
    .option('--repair', 'replace sums that differ')
    .addHelpText('after', examples)
    .action(async (options: { repair?: true }, self: Command) => withSession(self, (session) => run(session, options.repair === true)))
}

async function run(session: Session, repair: boolean): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const bar = createProgressBar('Verifying')
  const report = await purser.verify({ repair, onProgress: (charges) => bar.show(charges, undefined, 'charges') }).finally(() => bar.end())
  const { charges, rows, counters, holds, repaired } = report
  const discrepancies = report.discrepancies.map(nameDiscrepancy)
  if (session.json) await writeJson({ charges, rows, counters, holds, discrepancies, repaired })
  else if (discrepancies.length === 0) await writeLines([`${verifiedText(report)} agree.`])
  else {
    await writeLines(discrepancies.slice(0, shownDiscrepancies).flatMap(discrepancyLines))
    if (discrepancies.length > shownDiscrepancies) await writeLines([`and ${formatCount(discrepancies.length - shownDiscrepancies)} more`])
    if (repaired) await writeLines([`Repaired ${counted(discrepancies.length, 'difference')}.`])
  }
  if (discrepancies.length > 0 && !repaired) {
    warn(
      `${verifiedText(report)} were compared, and ${counted(discrepancies.length, 'kept value')} ${discrepancies.length === 1 ? 'differs' : 'differ'} from what the charges say. \`purser verify --repair\` replaces what differs.`,
    )
    process.exitCode = errorRegistry.PURSER_LEDGER_CORRUPT.exitCode
  }
}
