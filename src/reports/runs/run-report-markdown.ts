import { counted } from '../../text/counted.ts'
import { formatCount } from '../../text/numbers.ts'
import { costGroups } from './cost-groups.ts'
import { markdownTable, markdownText } from './markdown-text.ts'
import { costText, usdNumberText, usdText, varianceText } from './report-text.ts'
import type { BudgetLeft } from './limits-of-summary.ts'
import type { RunReport } from './run-report.ts'

type Summary = RunReport['summary']

/** A report of a run in Markdown. */
export function runReportMarkdown({ summary, stage_runs: stages, made_at: madeAt }: RunReport): string {
  const sections = [
    [`# Costs of run ${markdownText(summary.run_id)}`, '', ...headLines(summary)],
    ['## Total', '', ...markdownTable(['', ''], totalRows(summary))],
    ['## By stage and model', '', ...stageTable(summary)],
    ...byTables(summary),
    ...(stages.length === 0 ? [] : [['## Stages', '', ...stageRuns(stages)]]),
    ...(doubts(summary).length === 0 ? [] : [['## What is not known', '', ...doubts(summary).map((line) => `- ${line}`)]]),
    [`Made at ${madeAt}. Amounts are US dollars.`],
  ]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function headLines({ project, state, message, started_at: started, ended_at: ended }: Summary): string[] {
  const facts = [
    ...(project === null ? [] : [`project ${markdownText(project)}`]),
    ...(state === null ? [] : [state]),
    ...(started === null ? [] : [`from ${started}${ended === null ? '' : ` to ${ended}`}`]),
  ]
  const known = message === null ? ['Known by the label of its calls.'] : []
  const lines = facts.length === 0 ? known : [`${facts.join(', ')}.`]
  if (message === null) return lines
  return [...lines, ...(lines.length === 0 ? [] : ['']), markdownText(message)]
}

function totalRows(summary: Summary): string[][] {
  const { variance, budget, plan_calls: planCalls, presumed_holds: presumed } = summary
  return [
    ['cost', costText(summary.total_cost_nanos, summary)],
    ...(variance === null
      ? []
      : [
          ['estimated', costText(variance.estimated_nanos, { is_lower_bound: variance.estimated_is_lower_bound })],
          ['variance', varianceText(variance)],
        ]),
    ['calls', formatCount(summary.calls)],
    ['tokens', formatCount(summary.total_tokens)],
    ...(budget === null ? [] : [['limit', limitText(budget)]]),
    ...(budget === null ? [] : [['remaining', usdText(budget.remaining_nanos)]]),
    ...(planCalls === 0
      ? []
      : [['covered by a plan', `${usdText(summary.plan_cost_nanos)} for ${counted(planCalls, 'call')}, no part of the cost`]]),
    ...(presumed === 0 ? [] : [['presumed', `${usdText(summary.presumed_nanos)} in ${counted(presumed, 'hold')}, no part of the cost`]]),
  ]
}

function limitText({ name, limit_nanos: limit }: BudgetLeft): string {
  return `${usdText(limit)} (${name === 'run' ? 'of the run' : `budget ${markdownText(name)}`})`
}

function stageTable({ stages }: Summary): string[] {
  const rows = stages.map((stage) => [
    markdownText(stage.stage_id),
    markdownText(stage.model),
    formatCount(stage.call_count),
    formatCount(stage.input_tokens + stage.cache_read_tokens + stage.cache_write_tokens),
    formatCount(stage.output_tokens),
    costText(stage.cost_nanos, stage),
  ])
  return markdownTable(['stage', 'model', 'calls', 'input', 'output', 'cost'], rows)
}

function byTables(summary: Summary): string[][] {
  return costGroups(summary).map(([label, costs]) => [
    `## By ${label}`,
    '',
    ...markdownTable(
      [label, 'calls', 'tokens', 'cost'],
      costs.map(({ value, usd, figures }) => [
        markdownText(value),
        figures === null ? '' : formatCount(figures.calls),
        figures === null ? '' : formatCount(figures.total_tokens),
        figures === null ? usdNumberText(usd) : costText(figures.cost_nanos, figures),
      ]),
    ),
  ])
}

function stageRuns(stages: RunReport['stage_runs']): string[] {
  const rows = stages.map(({ key, state, attempt, started_at: started, ended_at: ended, message }) => [
    markdownText(key),
    state,
    String(attempt),
    started,
    ended ?? '',
    markdownText(message ?? ''),
  ])
  return markdownTable(['stage', 'state', 'attempt', 'began', 'ended', ''], rows)
}

/** What makes the cost a lower bound, or rests on guesses. */
function doubts({ unpriced_calls: unpriced, partial_calls: partial, estimated_calls: estimated }: Summary): string[] {
  return [
    ...(unpriced === 0
      ? []
      : [`${counted(unpriced, 'call')} without a price ${unpriced === 1 ? 'adds' : 'add'} nothing: the cost is at least this.`]),
    ...(partial === 0 ? [] : [`Of ${counted(partial, 'call')} a part has no price.`]),
    ...(estimated === 0 ? [] : [`The usage of ${counted(estimated, 'call')} is estimated.`]),
  ]
}
