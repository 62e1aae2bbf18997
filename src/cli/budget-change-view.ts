import { warnsOnly } from '../json/budget-status-json.ts'
import { changedBudget } from '../json/budget-change-json.ts'
import { iso } from '../json/iso.ts'
import { formatAmount, formatWindow } from '../budgets/amount-text.ts'
import type { Budget } from '../budgets/budget.ts'
import type { BudgetRecord } from '../budgets/budget-record.ts'
import { boundText } from '../budgets/budget-status.ts'
import { ActiveBudget } from '../budgets/scope.ts'
import type { BudgetChange } from '../facade/budget-book.ts'
import { formatFilter } from '../ledger/cost-query.ts'
import { overrideText, thresholdsText } from './budget-view.ts'

function boundOf(record: BudgetRecord): string {
  return boundText(new ActiveBudget(record), record.budget, Date.now())
}

/** How far grants can take spending at most, in a sentence. */
export function boundSentence(record: BudgetRecord): string {
  const { budget } = record
  if (warnsOnly(budget)) return 'It only warns: nothing is refused, so nothing bounds what is spent.'
  const apart = budget.each.length === 0 ? '' : ` for each ${budget.each.join(', ')}`
  const others = budget.overrides.length === 0 ? '' : '; named values have bounds of their own'
  return `Grants never take it past ${boundOf(record)}${apart}${others}.`
}

/** The parts of a budget that a person tells apart, in words. */
const fields: Readonly<Record<string, (budget: Budget) => string>> = {
  metric: ({ metric }) => metric,
  limit: ({ metric, limit }) => formatAmount(metric, limit),
  window: ({ window }) => formatWindow(window),
  timezone: ({ zone }) => zone,
  mode: ({ mode }) => mode,
  tolerance: ({ metric, tolerance }) => (tolerance === 0n ? 'none' : formatAmount(metric, tolerance)),
  onLimit: ({ onLimit }) => onLimit,
  thresholds: ({ thresholds }) => thresholdsText(thresholds),
  where: ({ where }) => where.map(formatFilter).join(' and ') || 'all calls',
  each: ({ each }) => each.join(', ') || 'none',
  overrides: ({ overrides, metric }) => overrides.map((override) => overrideText(override, metric)).join('; ') || 'none',
  increase: ({ increase, metric }) => (increase === null ? 'none' : `${formatAmount(metric, increase.by)} until ${iso(increase.until)}`),
  countsPlan: ({ countsPlan }) => yesNo(countsPlan),
  countsCacheReads: ({ countsCacheReads }) => yesNo(countsCacheReads),
  ceiling: ({ ceiling, metric }) => (ceiling === null ? 'none' : formatAmount(metric, ceiling)),
  learnBy: ({ learnBy }) => learnBy.join(', ') || 'none',
  quantile: ({ quantile }) => String(quantile),
  definedBy: ({ origin }) => origin,
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** A field that is other than before, in words. */
export interface FieldChange {
  readonly field: string
  readonly before: string
  readonly after: string
}

/** What differs between two states of a budget. */
export function changedFields(before: Budget, after: Budget): FieldChange[] {
  return Object.entries(fields)
    .map(([field, text]) => ({ field, before: text(before), after: text(after) }))
    .filter((change) => change.before !== change.after)
}

const words: Readonly<Record<string, string>> = {
  onLimit: 'on limit',
  countsPlan: 'counts plan',
  countsCacheReads: 'counts cache reads',
  learnBy: 'learn by',
  definedBy: 'defined by',
}

/** A field of a budget in words, as people read it. */
export function fieldWords(field: string): string {
  return words[field] ?? field
}

/** The fields of a budget that are as they were, with what they say. */
export function keptFields(before: Budget, after: Budget): string[] {
  const shown = ['metric', 'limit', 'window', 'mode', 'onLimit', 'thresholds', 'where', 'each', 'overrides', 'increase', 'ceiling']
  return shown.flatMap((field) => {
    const text = fields[field] ?? String
    const [was, is] = [text(before), text(after)]
    return was === is && is !== 'none' && is !== 'all calls' ? [`${fieldWords(field)} ${is}`] : []
  })
}

/** A change as lines: when and by whom, and what was before and after. */
export function changeLines({ at, budget, author, before, after }: BudgetChange): string[] {
  const [was, is] = [changedBudget(before), changedBudget(after)]
  const what = was === undefined ? 'created' : is === undefined ? 'removed' : 'changed'
  const head = `${iso(at).slice(0, 16).replace('T', ' ')}  ${budget}  ${what} by ${author}`
  if (was !== undefined && is !== undefined) {
    return [head, ...changedFields(was, is).map((change) => `  ${fieldWords(change.field)}: ${change.before} → ${change.after}`)]
  }
  const only = is ?? was
  if (only === undefined) return [head]
  const { limit, window, mode } = fields
  return [head, `  ${[limit?.(only), window?.(only), mode?.(only)].join(', ')}`]
}
