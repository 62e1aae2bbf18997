import { Command } from 'commander'
import type { RepriceReport } from '../../facade/reprice.ts'
import { formatUsd, formatUsdExact } from '../../money/format.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { printable } from '../../text/display-width.ts'
import { formatCount } from '../../text/numbers.ts'
import { renderTable } from '../../text/table.ts'
import { askedPeriod, type PeriodOptions } from '../asked-period.ts'
import { interruptible } from '../interrupt.ts'
import { writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { type Session, withSession } from '../session.ts'
import { paint, terminalWidth } from '../terminal.ts'

interface RepriceOptions extends PeriodOptions {
  readonly provider?: string
  readonly model?: string
  readonly apply?: true
}

const examples = `
Examples:
  purser reprice                                        what would change; nothing is booked
  purser reprice --provider acme --since 2026-02-01
  purser reprice --apply                                book the differences as corrections

Charges stay as they are; a correction is a charge of its own, counts at the time of the first, and adds no call.`

export function defineReprice(): Command {
  const command = new Command('reprice').description('Prices booked calls by the catalog in force, and books what differs when told to.')
  return command
    .option('--provider <name>', 'only calls of this provider')
    .option('--model <name>', 'only calls of this model')
    .option('--period <name>', 'today, yesterday, week, month, year or all; all unless said otherwise')
    .option('--since <time>', 'from this date or time on')
    .option('--until <time>', 'up to and with this date, or up to this time')
    .option('--timezone <zone>', 'the zone of days, like Europe/Paris')
    .option('--apply', 'book the differences')
    .addHelpText('after', examples)
    .action(async (options: RepriceOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

async function run(session: Session, options: RepriceOptions): Promise<void> {
  const purser = await session.open({ create: false, prices: true })
  const { config } = session
  const { sinceMs, untilMs } = askedPeriod(options, {
    period: 'all',
    timezone: config.timezone ?? purser.timezone,
    weekStart: config.weekStart,
  })
  const bar = createProgressBar('Pricing')
  await interruptible(async (signal) => {
    const report = await purser
      .reprice({
        apply: options.apply === true,
        signal,
        onProgress: (charges) => bar.show(charges, undefined, 'charges'),
        ...(sinceMs !== undefined && { sinceMs }),
        ...(untilMs !== undefined && { untilMs }),
        ...(options.provider !== undefined && { provider: options.provider }),
        ...(options.model !== undefined && { model: options.model }),
      })
      .finally(() => bar.end())
    if (session.json) await writeJson(reportJson(report))
    else await writeLines([...reportLines(report), ...(signal.aborted ? ['Stopped; what was booked stays.'] : [])])
  })
}

function reportJson({ applied, examined, corrected, differenceNanos, models }: RepriceReport): Record<string, unknown> {
  return {
    applied,
    examined,
    corrected,
    differenceUsd: toUsd(differenceNanos),
    differenceNanos: differenceNanos.toString(),
    models: models.map(({ beforeNanos, afterNanos, ...model }) => ({
      ...model,
      beforeNanos: `${beforeNanos}`,
      afterNanos: `${afterNanos}`,
    })),
  }
}

function reportLines({ applied, examined, corrected, differenceNanos, models }: RepriceReport): string[] {
  if (corrected === 0) return [`${formatCount(examined)} charges have the prices in force; nothing changes.`]
  const right = 'right' as const
  const columns = [
    { header: 'model', cutTo: 10 },
    { header: 'charges', align: right },
    { header: 'newly priced', align: right, dropOrder: 1 },
    { header: 'before', align: right },
    { header: 'after', align: right },
    { header: 'difference', align: right },
  ]
  const rows = models.map(({ provider, model, charges, newlyPriced, beforeNanos, afterNanos }) => [
    printable(`${provider}/${model}`),
    formatCount(charges),
    formatCount(newlyPriced),
    formatUsd(beforeNanos as Nanos),
    formatUsd(afterNanos as Nanos),
    signed(afterNanos - beforeNanos),
  ])
  const sum = `${formatCount(corrected)} of ${formatCount(examined)} charges, ${signed(differenceNanos)} in all (${formatUsdExact(differenceNanos)} exactly).`
  return [
    ...renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text)),
    '',
    applied ? `Booked corrections for ${sum}` : `Nothing was booked. \`purser reprice --apply\` with the same options corrects ${sum}`,
  ]
}

function signed(amount: bigint): string {
  return `${amount > 0n ? '+' : ''}${formatUsd(amount as Nanos)}`
}
