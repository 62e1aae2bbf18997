import { Command, Option } from 'commander'
import type { Charge } from '../../ledger/charge.ts'
import { counted } from '../../text/counted.ts'
import { askedPeriod, type PeriodOptions } from '../../reports/asked-period.ts'
import { csvExport, jsonlExport } from '../../json/export-formats.ts'
import { interruptible } from '../interrupt.ts'
import { openOutput } from '../output-file.ts'
import { note, writeJson } from '../output.ts'
import { createProgressBar } from '../progress-bar.ts'
import { requireBatch } from '../require-batch.ts'
import { type Session, withSession } from '../session.ts'

interface ExportOptions extends PeriodOptions {
  readonly format: 'csv' | 'jsonl'
  readonly output?: string
  readonly batch?: string
  readonly corrections?: true
}

const examples = `
Examples:
  purser export > charges.jsonl
  purser export --format csv --period month --output march.csv
  purser export --since 2026-02-01 --until 2026-02-28 | head

Each call is one row, as it stands after corrections, so that sums over the rows are those of \`purser costs\`. JSONL holds
charges as docs/reference/json.md describes them; CSV has a column for each label and each meter. \`purser import jsonl\`
and \`purser import csv\` read them back. With --corrections each booking is a row, and a correction holds differences.
A file appears under its name only once it is complete.`

export function defineExport(): Command {
  const command = new Command('export').description('Writes charges, one for each call.')
  return command
    .addOption(new Option('--format <name>', 'how to write them').choices(['csv', 'jsonl']).default('jsonl'))
    .option('--output <file>', 'a file in place of standard output')
    .option('--period <name>', 'today, yesterday, week, month, year or all; all unless said otherwise')
    .option('--since <time>', 'from this date or time on')
    .option('--until <time>', 'up to and with this date, or up to this time')
    .option('--timezone <zone>', 'the zone of days, like Europe/Paris')
    .option('--batch <id>', 'only what one import brought')
    .option('--corrections', 'each booking as it was made, corrections as rows of their own')
    .addHelpText('after', examples)
    .action(async (options: ExportOptions, self: Command) => withSession(self, (session) => run(session, options)))
}

async function run(session: Session, options: ExportOptions): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  if (options.batch !== undefined) await requireBatch(purser, options.batch)
  const { config } = session
  const { sinceMs, untilMs } = askedPeriod(options, {
    period: 'all',
    timezone: config.timezone ?? purser.timezone,
    weekStart: config.weekStart,
  })
  const selection = {
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(options.batch !== undefined && { batch: options.batch }),
  }
  const { format, output } = options
  const read = (): AsyncIterable<Charge> => (options.corrections === true ? purser.charges(selection) : purser.standingCharges(selection))
  const bar = createProgressBar('Exporting')
  await interruptible(async (signal) => {
    const out = openOutput(output)
    let charges = 0
    try {
      for await (const chunk of format === 'csv' ? csvExport(read, signal) : jsonlExport(read, signal)) {
        await out.write(chunk.text)
        charges += chunk.charges
        if (output !== undefined) bar.show(charges, undefined, 'charges')
      }
      if (signal.aborted) out.discard()
      else out.finish()
    } catch (error) {
      out.discard()
      throw error
    } finally {
      bar.end()
    }
    if (signal.aborted) note(output === undefined ? 'Stopped; the output is not complete.' : `Stopped; ${output} was not written.`)
    else if (output !== undefined && session.json) await writeJson({ output, format, charges })
    else if (output !== undefined) note(`Wrote ${counted(charges, 'charge')} to ${output}.`)
  })
}
