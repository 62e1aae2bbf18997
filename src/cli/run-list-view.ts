import type { ListedRun } from '../reports/runs/list-runs.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { formatCount } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { costText, signedPercent } from '../reports/runs/report-text.ts'
import { listedRunJson } from '../json/run-json.ts'
import { paint, terminalWidth, wrapNotes } from './terminal.ts'

const noRuns = 'No runs. Calls belong to one by the label run, or where `purser.run` makes them.'

/** Runs as a table. `more`: how many are left out. */
export function runListLines(runs: readonly ListedRun[], more: number): string[] {
  if (runs.length === 0) return [noRuns]
  const columns = [
    { header: 'run', cutTo: 8, cutLast: true as const },
    { header: 'project', cutTo: 6, dropOrder: 3 },
    { header: 'state', dropOrder: 2 },
    { header: 'began', dropOrder: 4 },
    { header: 'cost', align: 'point' as const },
    { header: 'estimate', align: 'point' as const, dropOrder: 1 },
    { header: 'variance', align: 'right' as const, dropOrder: 0 },
    { header: 'calls', align: 'right' as const, dropOrder: 5 },
  ]
  const rows = runs.map((run) => {
    const { state, started, isLowerBound, estimateIsLowerBound, variancePercent, calls, project } = listedRunJson(run)
    const estimate = run.run?.estimate?.costNanos
    return [
      run.id,
      project ?? '(none)',
      state ?? '',
      started.slice(0, 16).replace('T', ' '),
      costText(run.costNanos, { is_lower_bound: isLowerBound }),
      estimate === undefined ? '' : costText(estimate, { is_lower_bound: estimateIsLowerBound }),
      signedPercent(variancePercent, { is_lower_bound: isLowerBound, estimated_is_lower_bound: estimateIsLowerBound }),
      formatCount(calls),
    ]
  })
  const table = renderTable(columns, rows, terminalWidth(), (text, row) => (row === 'header' ? paint('dim', text) : text))
  const notes = [
    ...(runs.some(({ run }) => run === undefined) ? ['Runs without a state are known by the label of their calls only.'] : []),
    ...(more > 0 ? [`${counted(more, 'earlier run')} ${more === 1 ? 'is' : 'are'} left out; --limit shows more.`] : []),
  ]
  return [...table, ...(notes.length === 0 ? [] : ['', ...wrapNotes(notes.map(printable))])]
}
