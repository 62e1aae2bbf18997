import { formatCount } from '../../text/numbers.ts'
import { markdownTable, markdownText } from './markdown-text.ts'
import { costText, signedPercent, usdText, varianceDoubts } from './report-text.ts'
import type { ProjectCostSummary } from './subject-summary.ts'

/** What a project, or anything else that a label names, cost, in Markdown. */
export function subjectMarkdown(summary: ProjectCostSummary): string {
  const { label, value, runs, trend, average_per_run_nanos: average } = summary
  const rows = [
    ['cost', costText(summary.total_cost_nanos, summary)],
    ['calls', formatCount(summary.calls)],
    ['tokens', formatCount(summary.total_tokens)],
    ['runs', formatCount(summary.run_count)],
    ...(average === null ? [] : [['average per run', costText(average, { is_lower_bound: summary.runs_is_lower_bound })]]),
    ...(trend === null ? [] : [['trend', `${trend.direction}: ${usdText(trend.slope_nanos_per_run)} a run`]]),
  ]
  const history = runs.map((run) => [
    markdownText(run.run_id),
    run.started,
    run.state ?? '',
    costText(run.cost_nanos, run),
    costText(run.cumulative_nanos, { is_lower_bound: run.cumulative_is_lower_bound }),
    signedPercent(run.variance_percent, varianceDoubts(run)),
  ])
  const sections = [
    [`# Costs of ${markdownText(label)} ${markdownText(value)}`],
    markdownTable(['', ''], rows),
    ...(runs.length === 0 ? [] : [['## Runs'], markdownTable(['run', 'began', 'state', 'cost', 'cumulative', 'variance'], history)]),
  ]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}
