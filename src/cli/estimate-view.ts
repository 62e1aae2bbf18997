import { formatUsd } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import type { CostEstimate, EstimatePart, Unestimated } from '../runs/cost-estimate.ts'
import type { EstimateComparison } from '../runs/estimates/compare-estimates.ts'
import type { HistoryEstimate, Spread } from '../runs/estimates/estimate-history.ts'
import type { LearnedCorrection } from '../runs/estimates/learned-correction.ts'
import type { RepricedRun } from '../runs/estimates/repriced-run.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import { formatCompact, formatCount, formatShare } from '../text/numbers.ts'
import { type Column, renderTable } from '../text/table.ts'
import { tokenMeters } from '../usage/meters.ts'
import { paint, terminalWidth } from './terminal.ts'

const right = { align: 'right' } as const
const point = { align: 'point' } as const

/** A table with a line for what all of it comes to. */
function tableWithTotal(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  totals: readonly (readonly string[])[],
): string[] {
  const first = rows.length
  const [header = '', ...body] = renderTable(columns, [...rows, ...totals], terminalWidth(), (text, row) => {
    if (row === 'header') return paint('dim', text)
    return row >= first ? paint('bold', text) : text
  })
  return [header, ...body.slice(0, first), '', ...body.slice(first)]
}

/** An estimate by its parts, with the total and the buffer. */
export function estimateLines(title: string, estimate: CostEstimate): string[] {
  const { parts, unpriced, calls, tokens } = estimate
  const has = (of: (part: EstimatePart) => unknown): boolean => parts.some((part) => of(part) !== null)
  const columns: { readonly column: Column; readonly cell: (part: EstimatePart) => string; readonly total: string }[] = [
    { column: { header: 'stage', cutTo: 8 }, cell: ({ stage }) => nameOf(stage), total: 'Total' },
    ...(has(({ role }) => role) ? [{ column: { header: 'role', cutTo: 6, dropOrder: 3 }, cell: nameCell('role'), total: '' }] : []),
    ...(has(({ pass }) => pass) ? [{ column: { header: 'pass', cutTo: 5, dropOrder: 4 }, cell: nameCell('pass'), total: '' }] : []),
    { column: { header: 'model', cutTo: 12 }, cell: modelOf, total: '' },
    { column: { header: 'calls', ...right, dropOrder: 2 }, cell: (part) => formatCount(part.calls), total: formatCount(calls ?? 0) },
    {
      column: { header: 'tokens', ...right, dropOrder: 5 },
      cell: (part) => formatCompact(tokensOf(part)),
      total: formatCompact(tokens ?? 0),
    },
    {
      column: { header: 'cost', ...point },
      cell: (part) => costText(part.costNanos, isPartly(part, unpriced)),
      total: costText(sumOf(parts), unpriced.length > 0),
    },
  ]
  const rows = parts.map((part) => columns.map(({ cell }) => cell(part)))
  const totals = [columns.map(({ total }) => total), ...extraTotals(estimate).map(([what, cost]) => lastRow(columns.length, what, cost))]
  return [
    paint('bold', title),
    '',
    ...tableWithTotal(
      columns.map(({ column }) => column),
      rows,
      totals,
    ),
  ]
}

/** Whether calls of a part are left out, so that it comes to more. */
function isPartly(part: EstimatePart, unpriced: readonly Unestimated[]): boolean {
  const fields = ['stage', 'role', 'provider', 'model'] as const
  return unpriced.some((left) => fields.every((field) => left[field] === part[field]))
}

/** What comes on top of the sum of the parts: a learned factor, and the buffer. */
function extraTotals({ factor, bufferPercent, costNanos, unpriced }: CostEstimate): [string, string][] {
  if (factor === undefined && bufferPercent === 0) return []
  const what = [...(factor === undefined ? [] : [`× ${factor} as learned`]), ...(bufferPercent === 0 ? [] : [`+ ${bufferPercent}%`])]
  return [[what.join(' '), costText(costNanos, unpriced.length > 0)]]
}

function lastRow(columns: number, first: string, last: string): string[] {
  return [first, ...Array.from({ length: columns - 2 }, () => ''), last]
}

/** Estimates side by side: a row for each stage, a column for each choice of models. */
export function comparisonLines(title: string, { names, estimates, rows, differences }: EstimateComparison): string[] {
  const isBound = estimates.map(({ unpriced }) => unpriced.length > 0)
  const columns: Column[] = [{ header: 'stage', cutTo: 8 }, ...names.map((header) => ({ header, ...point }))]
  const cells = rows.map(({ stage, costs, isLowerBound }) => [
    nameOf(stage),
    ...costs.map((cost, index) => costText(cost, isLowerBound[index])),
  ])
  const sums = estimates.map(({ parts }) => sumOf(parts))
  const hasExtra = estimates.some((estimate) => extraTotals(estimate).length > 0)
  const extra = hasExtra
    ? [
        [
          extraTotals(estimates[0] as CostEstimate)[0]?.[0] ?? 'with all',
          ...estimates.map(({ costNanos }, at) => costText(costNanos, isBound[at])),
        ],
      ]
    : []
  const totals = [
    ['Total', ...sums.map((sum, index) => costText(sum, isBound[index]))],
    ...extra,
    [
      `to ${names[0] ?? ''}`,
      ...differences.map((difference, index) => (index === 0 ? '' : differenceText(difference, estimates[0]?.costNanos))),
    ],
  ]
  return [paint('bold', title), '', ...tableWithTotal(columns, cells, totals)]
}

/** Why a comparison does not say how far estimates are apart. */
export function unknownDifferenceNotes({ names, estimates, differences }: EstimateComparison): string[] {
  if (!differences.slice(1).includes(null)) return []
  const models = new Set(estimates.flatMap(({ unpriced }) => unpriced.map((left) => unpricedName(left))))
  return [printable(`unknown: no price for calls of ${[...models].join(', ')}, so nobody knows how far that is from ${names[0] ?? ''}.`)]
}

function unpricedName({ provider, model }: Unestimated): string {
  if (model === null) return 'no model'
  return provider === null ? model : `${provider}/${model}`
}

/** What the past says: by stage, half of the runs and nine of ten. */
export function historyLines(title: string, { estimate, run, stages }: Extract<HistoryEstimate, { enough: true }>): string[] {
  const columns: Column[] = [
    { header: 'stage', cutTo: 8 },
    { header: 'runs', ...right },
    { header: 'half at most', ...point },
    { header: '9 of 10 at most', ...point },
  ]
  const totals = [spreadRow('A run', run), ...extraTotals(estimate).map(([what, cost]) => [what, '', cost, ''])]
  return [
    paint('bold', title),
    '',
    ...tableWithTotal(
      columns,
      stages.map((stage) => spreadRow(nameOf(stage.stage), stage)),
      totals,
    ),
  ]
}

function spreadRow(what: string, { samples, p50, p90 }: Spread): string[] {
  return [what, formatCount(samples), costText(p50), costText(p90)]
}

/** What is to be said below: calls that are left out, and what earlier estimates turned out to be. */
export function estimateNotes(
  estimates: readonly CostEstimate[],
  learned: LearnedCorrection | { readonly samples: number },
  of: string,
): string[] {
  const left = new Map(estimates.flatMap(({ unpriced }) => unpriced.map((each) => [JSON.stringify(each), each])))
  return [
    ...[...left.values()].map(leftOutText),
    ...(left.size > 0 ? ['It will cost at least this, and nobody knows how much more.'] : []),
    ...learnedNotes(learned, of),
  ]
}

function leftOutText({ stage, role, calls, message }: Unestimated): string {
  const whose = [...(stage === null ? [] : [`stage ${stage}`]), ...(role === null ? [] : [`role ${role}`])].join(', ')
  const [first = ''] = message.split('\n')
  return printable(
    `Left out: ${counted(calls, 'call')}${whose === '' ? '' : ` of ${whose}`}. ${first.replace(/ Give it one in purser\.yaml:$/, ' Give it one in purser.yaml.')}`,
  )
}

function learnedNotes(learned: LearnedCorrection | { readonly samples: number }, of: string): string[] {
  if (!('p50' in learned)) return []
  const { p50, p90, samples } = learned
  return [
    printable(
      `Estimates of ${of} came in at ${ratio(p50)} of what was estimated (median of ${counted(samples, 'run')}; 9 of 10 at most ${ratio(p90)}).`,
    ),
  ]
}

/** What a past run cost, and what that does not count. */
export function actualNotes({ actualNanos, unpricedCalls, planCalls, estimate }: RepricedRun): string[] {
  return [
    `It cost ${costText(actualNanos, unpricedCalls > 0)}. Tokens are those that it used; other models count them differently.`,
    ...(planCalls > 0 ? [`${counted(planCalls, 'call')} that a subscription covered ${planCalls === 1 ? 'is' : 'are'} left out.`] : []),
    ...(estimate.calls === 0 ? ['So there is nothing to price.'] : []),
  ]
}

function ratio(value: number): string {
  return value.toFixed(2)
}

function differenceText(difference: Nanos | null, first: Nanos | undefined): string {
  if (difference === null) return 'unknown'
  const sign = difference > 0n ? '+' : ''
  const share = first === undefined || first <= 0n ? '' : ` (${sign}${formatShare(Number(difference) / Number(first)).replace('<', '')})`
  return `${sign}${formatUsd(difference)}${share}`
}

function costText(cost: Nanos | null, isLowerBound = false): string {
  return cost === null ? 'unpriced' : `${isLowerBound ? '≥ ' : ''}${formatUsd(cost)}`
}

function sumOf(parts: readonly EstimatePart[]): Nanos {
  return parts.reduce((sum, { costNanos }) => sum + (costNanos ?? 0n), 0n) as Nanos
}

function tokensOf({ usage }: EstimatePart): number {
  return tokenMeters.reduce((sum, meter) => sum + (usage[meter] ?? 0), 0)
}

function nameCell(field: 'role' | 'pass'): (part: EstimatePart) => string {
  return (part) => printable(part[field] ?? '')
}

function modelOf({ provider, model }: EstimatePart): string {
  if (model === null) return '(none)'
  return printable(provider === null ? model : `${provider}/${model}`)
}

function nameOf(value: string | null): string {
  return value === null ? '(none)' : printable(value)
}
