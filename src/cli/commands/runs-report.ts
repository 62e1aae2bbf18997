import { Command, Option } from 'commander'
import { PurserError } from '../../errors.ts'
import type { Purser } from '../../purser.ts'
import { pairs } from '../call-options.ts'
import { namedRun } from '../named-run.ts'
import { openOutput } from '../output-file.ts'
import { note } from '../output.ts'
import { type Session, withSession } from '../session.ts'

interface ReportOptions {
  readonly format: 'text' | 'json' | 'md'
  readonly output?: string
  readonly project?: string
  readonly by?: string
}

export function defineRunsReport(): Command {
  return new Command('report')
    .description('The report of a run, as it was kept when the run ended; or of a project, video or anything else, run by run.')
    .argument('[run]', 'its id, or last; last unless --project or --by is given')
    .addOption(new Option('--format <name>', 'how to write it').choices(['text', 'json', 'md']).default('text'))
    .option('--output <file>', 'a file in place of standard output')
    .addOption(new Option('--project <name>', 'of a project, run by run').conflicts('by'))
    .option('--by <label=value>', 'of a video, job, ticket, user, scene, experiment or any other label, like video=v1')
    .action(async (run: string | undefined, options: ReportOptions, self: Command) =>
      withSession(self, (session) => report(session, run, options)),
    )
}

async function report(session: Session, run: string | undefined, options: ReportOptions): Promise<void> {
  const subject = subjectOf(run, options)
  const format = session.json ? 'json' : options.format
  const purser = await session.open({ create: false, prices: false, runs: true })
  const text =
    subject === undefined
      ? await runReport(purser, await namedRun(session, purser, run ?? 'last'), format)
      : await subjectReport(purser, subject, format)
  const out = openOutput(options.output)
  try {
    await out.write(text)
    out.finish()
  } catch (error) {
    out.discard()
    throw error
  }
  if (options.output !== undefined) note(`Wrote the report to ${options.output}.`)
}

type Subject = readonly [label: string, value: string]

function subjectOf(run: string | undefined, { project, by }: ReportOptions): Subject | undefined {
  const [named] = by === undefined ? [] : pairs('--by', [by])
  const subject: Subject | undefined = project === undefined ? named : ['project', project]
  if (subject === undefined || run === undefined) return subject
  throw new PurserError('PURSER_BAD_ARGUMENT', `A report is of a run, here "${run}", or of ${subject.join('=')}; say one of them.`)
}

async function runReport(purser: Purser, run: string, format: ReportOptions['format']): Promise<string> {
  const { report: made, markdown } = await purser.reports.report(run)
  if (format === 'md') return markdown
  if (format === 'json') return `${JSON.stringify(made)}\n`
  const { runSummaryLines } = await import('../run-summary-view.ts')
  return lines(runSummaryLines(made.summary))
}

async function subjectReport(purser: Purser, [label, value]: Subject, format: ReportOptions['format']): Promise<string> {
  const summary = await purser.reports.subjectSummary(label, value)
  if (summary.calls === 0 && summary.run_count === 0) {
    throw new PurserError(
      'PURSER_NOT_FOUND',
      `No call and no run carries ${label}=${value}. \`purser costs --by ${label}\` shows the values there are.`,
    )
  }
  if (format === 'json') return `${JSON.stringify(summary)}\n`
  if (format === 'md') {
    const { subjectMarkdown } = await import('../../reports/runs/subject-markdown.ts')
    return subjectMarkdown(summary)
  }
  const { subjectSummaryLines } = await import('../subject-summary-view.ts')
  return lines(subjectSummaryLines(summary))
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}
