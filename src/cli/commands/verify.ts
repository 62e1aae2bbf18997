import { Command } from 'commander'
import { formatCount } from '../../text/numbers.ts'
import { printable } from '../../text/display-width.ts'
import { errorRegistry } from '../../errors.ts'
import { note, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'

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
  const { charges, rows, discrepancies, repaired } = report
  if (session.json) await writeJson({ charges, rows, discrepancies, repaired })
  else if (discrepancies.length === 0) await writeLines([`${formatCount(charges)} charges and ${formatCount(rows)} sums agree.`])
  else {
    await writeLines(
      discrepancies
        .slice(0, shownDiscrepancies)
        .map(({ table, key, stored, expected }) => printable(`${table} (${key}): kept ${stored}, the charges say ${expected}`)),
    )
    if (discrepancies.length > shownDiscrepancies) await writeLines([`and ${formatCount(discrepancies.length - shownDiscrepancies)} more`])
    if (repaired) await writeLines([`Repaired ${formatCount(discrepancies.length)} sums.`])
  }
  if (discrepancies.length > 0 && !repaired) {
    note(`purser: ${formatCount(discrepancies.length)} sums differ from their charges. \`purser verify --repair\` replaces them.`)
    process.exitCode = errorRegistry.PURSER_LEDGER_CORRUPT.exitCode
  }
}
