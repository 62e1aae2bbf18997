import { PurserError } from '../errors.ts'
import type { ReportWindow } from '../reports/runs/cost-report.ts'
import { parsePeriodName } from '../time/periods.ts'
import type { PeriodOptions } from '../reports/asked-period.ts'
import { openWithBudgets } from './budgets-in-force.ts'
import { costReportLines } from './cost-report-view.ts'
import { writeJson, writeLines } from './output.ts'
import type { Session } from './session.ts'

interface ReportOptions extends PeriodOptions {
  readonly report?: true
  readonly run?: string
  readonly sync: boolean
}

const windows: Readonly<Partial<Record<string, ReportWindow>>> = { today: 'day', week: 'week', month: 'month', year: 'year' }

/** Answers `purser costs --report`. @throws PURSER_BAD_ARGUMENT, PURSER_BAD_QUERY, PURSER_NOT_FOUND */
export async function writeCostReport(session: Session, options: ReportOptions): Promise<void> {
  const window = windowOf(options)
  const { config } = session
  if (options.sync && config.trackingEnabled && config.sources.length > 0) {
    const { syncSources } = await import('./sync-sources.ts')
    await syncSources(session, await session.open({ create: true, prices: true }))
  }
  const purser = config.trackingEnabled ? await openWithBudgets(session) : await session.open({ create: false, prices: false, runs: true })
  const { run = 'last' } = options
  const id = run === 'last' ? await purser.reports.last() : run
  const report = await purser.reports.costReport(id, window)
  await (session.json ? writeJson(report) : writeLines(costReportLines(report)))
}

/** The window of the budget that is shown. */
function windowOf({ report, run, period, since, until, timezone }: ReportOptions): ReportWindow {
  if (report !== true) throw new PurserError('PURSER_BAD_ARGUMENT', `--run ${run} is for a report: say --report --run ${run}.`)
  if (since !== undefined || until !== undefined || timezone !== undefined) {
    throw new PurserError('PURSER_BAD_ARGUMENT', 'A report shows a budget as it stands now: say --period, which names its window, at most.')
  }
  const name = parsePeriodName(period ?? 'month')
  const window = windows[name]
  if (window !== undefined) return window
  throw new PurserError('PURSER_BAD_ARGUMENT', `No budget is for ${name}; a report takes --period today, week, month or year.`)
}
