import { timeUnits } from '../ledger/cost-query.ts'
import type { CostRow, CostTable } from '../ledger/cost-table.ts'
import { skuFields } from '../ledger/sku.ts'
import { formatUsd } from '../money/format.ts'
import { closest } from '../text/closest.ts'
import { counted } from '../text/counted.ts'
import { printable } from '../text/display-width.ts'
import type { UnresolvedHolds } from '../reports/unresolved-holds.ts'

/**
 * What the table leaves out or marks, and what to do about it. `levels`: the same calls by provider, model, service tier
 * and speed.
 */
export function costNotes(total: CostRow, levels: readonly CostRow[]): string[] {
  const notes: string[] = []
  if (total.planCalls > 0) {
    notes.push(`plan: list prices of ${counted(total.planCalls, 'call')} that a subscription covers; no part of the cost.`)
  }
  if (total.unpricedCalls > 0) {
    const which = namesOf(levels, (row) => row.unpricedCalls)
    notes.push(
      `≥: ${counted(total.unpricedCalls, 'call')} without a price${which}. Give one in purser.yaml, then \`purser reprice --apply\`.`,
    )
  }
  if (total.partialCalls > 0) {
    const which = namesOf(levels, (row) => row.partialCalls)
    notes.push(`≥: of ${counted(total.partialCalls, 'call')} a part has no price${which}; \`purser reprice --apply\` after you gave one.`)
  }
  if (total.estimatedCalls > 0)
    notes.push(`~: ${formatUsd(total.estimatedNanos)} in ${counted(total.estimatedCalls, 'call')} rests on estimated usage.`)
  return notes
}

/** What the table leaves out because nobody knows yet what it came to. */
export function unresolvedNotes({ presumed, presumedNanos, open, openNanos }: UnresolvedHolds): string[] {
  const notes: string[] = []
  if (presumed > 0) {
    const those = presumed === 1 ? 'that call' : 'those calls'
    notes.push(
      `presumed: ${formatUsd(presumedNanos)} in ${counted(presumed, 'hold')}, no part of the cost: nobody knows what ${those} came to. \`purser hold list\` shows ${presumed === 1 ? 'it' : 'them'}.`,
    )
  }
  if (open > 0) {
    const those = open === 1 ? 'a call' : 'calls'
    notes.push(
      `held: ${formatUsd(openNanos)} in ${counted(open, 'open hold')}, no part of the cost: of ${those} under way, or with an answer that could not be read.`,
    )
  }
  return notes
}

const shownNames = 3

/** The models that most such calls are of; with tier and speed where calls of other levels do have a price. */
function namesOf(levels: readonly CostRow[], doubtful: (row: CostRow) => number): string {
  const models = Map.groupBy(levels, ({ key: [provider, model] }) => `${provider}/${model}`)
  const names = [...models].flatMap(([model, rows]) => {
    const concerned = rows.filter((row) => doubtful(row) > 0)
    if (concerned.length === 0) return []
    if (concerned.length === rows.length && rows.length > 1) return [{ name: model, calls: sumOf(concerned, doubtful) }]
    return concerned.map((row) => ({ name: `${model}${levelOf(row)}`, calls: doubtful(row) }))
  })
  if (names.length === 0) return ''
  const sorted = names.toSorted((a, b) => b.calls - a.calls).map(({ name }) => printable(name))
  const more = sorted.length > shownNames ? [`and ${sorted.length - shownNames} more`] : []
  return `: ${[...sorted.slice(0, shownNames), ...more].join(', ')}`
}

function sumOf(rows: readonly CostRow[], of: (row: CostRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0)
}

function levelOf({ key: [, , tier, speed] }: CostRow): string {
  const named = [
    ['service tier', tier],
    ['speed', speed],
  ].filter(([, value]) => value !== 'standard' && value !== null && value !== undefined)
  return named.length === 0 ? '' : ` (${named.map(([name, value]) => `${name} ${value}`).join(', ')})`
}

const ownFields: readonly string[] = [...skuFields, ...timeUnits, 'meter', 'service']

/** A label that no call carries may be a mistyped field. */
export function unusedLabelNotes(groupBy: readonly string[], { rows }: CostTable): string[] {
  if (rows.length === 0) return []
  const unused = groupBy.filter((name, index) => !ownFields.includes(name) && rows.every((row) => row.key[index] === null))
  return unused.map((name) => {
    const nearest = closest(name, ownFields)
    return `${name}: no call carries this label${nearest === undefined ? '.' : `; did you mean ${nearest}?`}`
  })
}
