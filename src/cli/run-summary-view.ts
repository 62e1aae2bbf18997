import { formatLabels } from '../budgets/amount-text.ts'
import { costGroups } from '../reports/runs/cost-groups.ts'
import type { RunCostSummary } from '../reports/runs/run-summary.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { formatCompact, formatCount } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { costText, usdNumberText, usdText, varianceText } from '../reports/runs/report-text.ts'
import { paint, terminalWidth, wrapNotes } from './terminal.ts'

/** What a run cost, for a terminal. */
export function runSummaryLines(summary: RunCostSummary): string[] {
  const { run_id: id, state, project } = summary
  const title = [`Run ${id}`, ...(project === null ? [] : [`project ${project}`]), ...(state === null ? [] : [state])].join(', ')
  const notes = notesOf(summary)
  return [
    paint('bold', printable(title)),
    ...(summary.message === null ? [] : wrapNotes([`  ${printable(summary.message)}`])),
    ...factLines(summary),
    ...(summary.stages.length === 0 ? [] : ['', ...stageLines(summary)]),
    ...groupLines(summary),
    ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes)]),
  ]
}

function factLines(summary: RunCostSummary): string[] {
  const { variance, budget, total_tokens: tokens } = summary
  const facts: [string, string][] = [
    ['cost', `${costText(summary.total_cost_nanos, summary)} for ${counted(summary.calls, 'call')}, ${formatCompact(tokens)} tokens`],
    ...(variance === null ? [] : [['estimated', againstEstimate(variance)] as [string, string]]),
    ...(budget === null ? [] : [['limit', limitText(budget)] as [string, string]]),
    ...(summary.started_at === null ? [] : [['began', clock(summary.started_at)] as [string, string]]),
    ...(summary.ended_at === null ? [] : [[summary.state === 'paused' ? 'paused' : 'ended', clock(summary.ended_at)] as [string, string]]),
  ]
  return facts.map(([name, text]) => `  ${name.padEnd(9)}  ${printable(text)}`)
}

function againstEstimate(variance: NonNullable<RunCostSummary['variance']>): string {
  const estimated = costText(variance.estimated_nanos, { is_lower_bound: variance.estimated_is_lower_bound })
  const text = varianceText(variance)
  return text === 'unknown' ? `${estimated}; how far it is from that is unknown` : `${estimated}, so it came to ${text}`
}

function limitText({ name, scope, limit_nanos: limit, remaining_nanos: remaining }: NonNullable<RunCostSummary['budget']>): string {
  const labels = formatLabels(scope)
  const of = name === 'run' ? 'the run’s own' : `budget "${name}"${labels === '' ? '' : ` (${labels})`}`
  return `${usdText(limit)}, ${of}; ${usdText(remaining)} remaining`
}

function clock(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`
}

function stageLines({ stages }: RunCostSummary): string[] {
  const columns = [
    { header: 'stage', cutTo: 8 },
    { header: 'model', cutTo: 8 },
    { header: 'cost', align: 'point' as const },
    { header: 'calls', align: 'right' as const, dropOrder: 2 },
    { header: 'input', align: 'right' as const, dropOrder: 3 },
    { header: 'output', align: 'right' as const, dropOrder: 4 },
  ]
  const rows = stages.map((stage) => [
    stage.stage_id,
    stage.model,
    costText(stage.cost_nanos, stage),
    formatCount(stage.call_count),
    formatCompact(stage.input_tokens + stage.cache_read_tokens + stage.cache_write_tokens),
    formatCompact(stage.output_tokens),
  ])
  return renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
}

/** A line for each label that calls of the run carry. */
function groupLines(summary: RunCostSummary): string[] {
  return costGroups(summary).flatMap(([label, costs]) => {
    const isCounted = costs.some(({ figures }) => figures !== null)
    const rows = costs.map(({ value, usd, figures }) => [
      value,
      figures === null ? usdNumberText(usd) : costText(figures.cost_nanos, figures),
      ...(figures === null ? [] : [formatCount(figures.calls), formatCompact(figures.total_tokens)]),
    ])
    const columns = [
      { header: `by ${label}`, cutTo: 8 },
      { header: 'cost', align: 'point' as const },
      ...(isCounted
        ? [
            { header: 'calls', align: 'right' as const, dropOrder: 2 },
            { header: 'tokens', align: 'right' as const, dropOrder: 3 },
          ]
        : []),
    ]
    return ['', ...renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))]
  })
}

function notesOf(summary: RunCostSummary): string[] {
  const { unpriced_calls: unpriced, partial_calls: partial, plan_calls: planned, presumed_holds: presumed } = summary
  return [
    ...(unpriced === 0
      ? []
      : [
          `≥: ${counted(unpriced, 'call')} without a price ${unpriced === 1 ? 'adds' : 'add'} nothing; \`purser costs --where run=${summary.run_id}\` names the models.`,
        ]),
    ...(partial === 0 ? [] : [`≥: of ${counted(partial, 'call')} a part has no price.`]),
    ...(planned === 0
      ? []
      : [
          `plan: ${usdText(summary.plan_cost_nanos)} at list prices for ${counted(planned, 'call')} that a subscription covers; no part of the cost.`,
        ]),
    ...(presumed === 0
      ? []
      : [
          `${usdText(summary.presumed_nanos)} in ${counted(presumed, 'hold')} presumed spent, no part of the cost: nobody knows what those calls came to. \`purser hold list\` shows them.`,
        ]),
    ...(summary.held_nanos === '0' ? [] : [`${usdText(summary.held_nanos)} is set aside for it now.`]),
  ].map(printable)
}
