import type { z } from 'zod'
import type { Budget } from '../budgets/budget.ts'
import { fromStoredBudget } from '../budgets/budget-record.ts'
import type { BudgetChange } from '../facade/budget-book.ts'
import { budgetJson } from './budget-json.ts'
import type { budgetHistoryShape } from './gate-shapes.ts'
import { iso } from './iso.ts'

type BudgetJson = ReturnType<typeof budgetJson>

/** A change of a budget as JSON. */
export function changeJson(change: BudgetChange): z.infer<typeof budgetHistoryShape>['changes'][number] {
  const { seq, at, budget, author } = change
  const [was, is] = [changedBudget(change.before), changedBudget(change.after)]
  return {
    seq,
    at: iso(at),
    budget,
    author,
    changed: was === undefined || is === undefined ? [] : changedNames(was, is),
    before: was === undefined ? null : budgetJson(was, was.origin),
    after: is === undefined ? null : budgetJson(is, is.origin),
  }
}

/** A budget as a change tells of it; undefined where there was none. */
export function changedBudget(content: BudgetChange['before']): Budget | undefined {
  if (content === null) return undefined
  return fromStoredBudget({ budget: content, revision: 0, definedAt: 0, countsFrom: 0, seeding: null }).budget
}

/** The fields in which two states of a budget differ; `definedBy` is who defined it. */
export function changedNames(before: Budget, after: Budget): string[] {
  const [was, is] = [budgetJson(before, before.origin), budgetJson(after, after.origin)]
  return order
    .filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field]))
    .map((field) => (field === 'from' ? 'definedBy' : field))
}

/** What a person looks for first, first. */
const order: readonly (keyof BudgetJson)[] = [
  'metric',
  'limit',
  'window',
  'timezone',
  'mode',
  'tolerance',
  'onLimit',
  'thresholds',
  'where',
  'each',
  'overrides',
  'increase',
  'countsPlan',
  'countsCacheReads',
  'ceiling',
  'learnBy',
  'quantile',
  'from',
]
