import type { ProjectCostSummary } from '../reports/runs/subject-summary.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { formatCompact } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { costText, signedPercent, usdText, varianceDoubts } from '../reports/runs/report-text.ts'
import { paint, terminalWidth, wrapNotes } from './terminal.ts'

/** What a project, or anything else that a label names, cost, run by run. */
export function subjectSummaryLines(summary: ProjectCostSummary): string[] {
  const { label, value, calls, total_tokens: tokens, runs, run_count: count, average_per_run_nanos: average } = summary
  const notes = notesOf(summary)
  const ofRuns = { is_lower_bound: summary.runs_is_lower_bound }
  return [
    paint('bold', printable(`${label} ${value}`)),
    `  cost       ${costText(summary.total_cost_nanos, summary)} for ${counted(calls, 'call')}, ${formatCompact(tokens)} tokens`,
    ...(average === null
      ? []
      : [
          `  runs       ${counted(count, 'run')} for ${costText(summary.runs_cost_nanos, ofRuns)}, ${costText(average, ofRuns)} each on average`,
        ]),
    ...trendLines(summary),
    ...(runs.length === 0 ? [] : ['', ...historyLines(summary)]),
    ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)]),
  ]
}

function trendLines({ trend }: ProjectCostSummary): string[] {
  if (trend === null) return []
  const { direction, slope_nanos_per_run: slope, last_nanos: last, last_against_average_percent: percent } = trend
  const step = direction === 'as before' ? '' : `, by ${usdText(BigInt(slope) < 0n ? -BigInt(slope) : BigInt(slope))} a run`
  const against = percent === null ? '' : ` (${signedPercent(percent)} against the average before)`
  return [`  trend      ${direction}${step}; the last came to ${usdText(last)}${against}`]
}

function historyLines({ runs }: ProjectCostSummary): string[] {
  const columns = [
    { header: 'run', cutTo: 8, cutLast: true as const },
    { header: 'began', dropOrder: 3 },
    { header: 'state', dropOrder: 2 },
    { header: 'cost', align: 'point' as const },
    { header: 'cumulative', align: 'point' as const, dropOrder: 4 },
    { header: 'variance', align: 'right' as const, dropOrder: 1 },
  ]
  const rows = runs.map((run) => [
    run.run_id,
    run.started.slice(0, 16).replace('T', ' '),
    run.state ?? '',
    costText(run.cost_nanos, run),
    costText(run.cumulative_nanos, { is_lower_bound: run.cumulative_is_lower_bound }),
    signedPercent(run.variance_percent, varianceDoubts(run)),
  ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

function notesOf({
  unpriced_calls: unpriced,
  plan_calls: planned,
  plan_cost_nanos: plan,
  total_cost_nanos: total,
  runs_cost_nanos: inRuns,
}: ProjectCostSummary): string[] {
  const outside = BigInt(total) - BigInt(inRuns)
  return [
    ...(outside === 0n ? [] : [`${usdText(outside)} belongs to no run.`]),
    ...(unpriced === 0 ? [] : [`≥: ${counted(unpriced, 'call')} without a price ${unpriced === 1 ? 'adds' : 'add'} nothing.`]),
    ...(planned === 0
      ? []
      : [`plan: ${usdText(plan)} at list prices for ${counted(planned, 'call')} that a subscription covers; no part of the cost.`]),
  ]
}
