import { Command } from 'commander'
import type { RepriceReport } from '../../facade/reprice.ts'
import { toUsd } from '../../money/nanos.ts'
import { counted } from '../../text/counted.ts'
import { askedPeriod, type PeriodOptions } from '../../reports/asked-period.ts'
import { interruptible } from '../interrupt.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { losingWarnings, repriceLines } from '../reprice-view.ts'
import { type Session, withSession } from '../session.ts'
import { answerUntracked, isTracking } from '../tracking-off.ts'

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
  if (options.apply === true && !(await isTracking(session))) return answerUntracked(session, 'no correction was booked')
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
    const done = report.applied ? `Corrections of ${counted(report.corrected, 'charge')} are booked.` : 'Nothing was booked.'
    await answerOrSay(done, () =>
      session.json
        ? writeJson(reportJson(report))
        : writeLines([...repriceLines(report), ...(signal.aborted ? ['Stopped; what was booked stays.'] : [])]),
    )
    for (const warning of losingWarnings(report)) warn(warning)
  })
}

function reportJson({ differenceNanos, planDifferenceNanos, models, ...counts }: RepriceReport): Record<string, unknown> {
  return {
    ...counts,
    differenceUsd: toUsd(differenceNanos),
    differenceNanos: differenceNanos.toString(),
    planDifferenceUsd: toUsd(planDifferenceNanos),
    planDifferenceNanos: planDifferenceNanos.toString(),
    models: models.map(({ beforeNanos, afterNanos, ...model }) => ({
      ...model,
      beforeNanos: `${beforeNanos}`,
      afterNanos: `${afterNanos}`,
    })),
  }
}
