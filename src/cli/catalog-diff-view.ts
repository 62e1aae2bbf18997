import type { Finding } from '../pricing/validate-cards.ts'
import type { CardChange, CardsDiff } from '../pricing/diff-cards.ts'
import type { SkippedPrice } from '../pricing/sources/source-cards.ts'
import { printable } from '../text/display-width.ts'
import { counted } from '../text/counted.ts'
import { formatCount } from '../text/numbers.ts'
import { renderTable } from '../text/table.ts'
import { wrapText } from '../text/wrap.ts'
import { conditionsText } from './card-view.ts'
import { paint, proseWidth, terminalWidth } from './terminal.ts'

const shownChanges = 30
const shownFindings = 20

/** What a price list changes, as lines: counts, rates that differ, and what is wrong or doubtful. */
export function diffLines(list: {
  readonly source: string
  readonly format: string
  readonly cards: readonly unknown[]
  readonly diff: CardsDiff
  readonly findings: readonly Finding[]
  readonly skipped: readonly SkippedPrice[]
}): string[] {
  const { diff, findings, skipped } = list
  const changed = diff.changed.filter(({ rates }) => rates.length > 0)
  const errors = findings.filter(({ severity }) => severity === 'error')
  const warnings = findings.filter(({ severity }) => severity === 'warning')
  return [
    paint('bold', `${printable(list.source)} (${list.format}): ${counted(list.cards.length, 'card')}`),
    `  new ${formatCount(diff.added.length)}, other rates ${formatCount(changed.length)}, not in the list ${formatCount(diff.removed.length)} (they stay)`,
    `  errors ${formatCount(errors.length)}, warnings ${formatCount(warnings.length)}, entries that could not be read ${formatCount(skipped.length)}`,
    ...section('Rates that differ', changeTable(changed)),
    ...section('Errors', findingLines(errors, 'red')),
    ...section('Warnings', findingLines(warnings, 'yellow')),
    ...section('Entries that could not be read', skippedLines(skipped)),
  ]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines]
}

function changeTable(changes: readonly CardChange[]): string[] {
  const rows = changes.flatMap(({ provider, model, rates }) =>
    rates.map(({ meter, from, when, before, after, percent }) => [
      `${provider}/${model}`,
      `${meter}${from === undefined ? '' : ` from ${formatCount(from)}`}${when === undefined ? '' : ` ${conditionsText(when)}`}`,
      amount(before),
      amount(after),
      percent === null ? '' : `${percent > 0 ? '+' : ''}${percent}%`,
    ]),
  )
  if (rows.length === 0) return []
  const right = 'right' as const
  const columns = [
    { header: 'model', cutTo: 12, cutLast: true as const },
    { header: 'meter', cutTo: 12 },
    { header: 'now', align: right },
    { header: 'list', align: right },
    { header: 'change', align: right },
  ]
  const lines = renderTable(columns, rows.slice(0, shownChanges), terminalWidth(), (text, row) =>
    row === 'header' ? paint('dim', text) : text,
  )
  return [...lines, ...more(rows.length - shownChanges)]
}

function amount(rate: { readonly usd: string; readonly per: number } | null): string {
  if (rate === null) return 'none'
  return rate.per === 1_000_000 ? `$${rate.usd}/M` : `$${rate.usd}/${formatCount(rate.per)}`
}

function findingLines(findings: readonly Finding[], colour: 'red' | 'yellow'): string[] {
  return [
    ...findings.slice(0, shownFindings).map(({ message }) => paint(colour, `  ${printable(message)}`)),
    ...more(findings.length - shownFindings),
  ]
}

const shownExamples = 3

/** What a list says and a card cannot carry, by reason, the most frequent first. */
function skippedLines(skipped: readonly SkippedPrice[]): string[] {
  const reasons = [...Map.groupBy(skipped, ({ reason }) => reason)].toSorted(([, a], [, b]) => b.length - a.length)
  return [
    ...reasons.slice(0, shownFindings).flatMap(([reason, entries]) => {
      const names = [...new Set(entries.map(({ provider, model, key }) => `${provider}/${model} ${key}`))]
      const examples = `${names.slice(0, shownExamples).join(', ')}${names.length > shownExamples ? ', …' : ''}`
      return [
        ...wrapText(`  ${formatCount(entries.length)} × ${printable(reason)}`, proseWidth(), '    '),
        ...wrapText(`      ${printable(examples)}`, proseWidth(), '      '),
      ]
    }),
    ...more(reasons.length - shownFindings),
  ]
}

function more(count: number): string[] {
  return count > 0 ? [`  and ${formatCount(count)} more; --json has them all`] : []
}
