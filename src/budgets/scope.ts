import { passes } from '../ledger/cost-query.ts'
import type { Labels } from '../ledger/charge.ts'
import { labelOf } from '../ledger/labels.ts'
import type { Budget, Terms } from './budget.ts'
import type { BudgetRecord } from './budget-record.ts'
import { type OpenWindow, windowAt } from './window.ts'

/** The values of a budget's `each` labels as one text; a missing label is null, which is a value of its own. */
export function scopeOf(each: readonly string[], labels: Labels): string {
  return each.length === 0 ? '[]' : JSON.stringify(each.map((key) => labelOf(labels, key) ?? null))
}

/** The labels that a scope stands for; missing ones are left out. */
export function scopeLabels(each: readonly string[], scope: string): Labels {
  const values = JSON.parse(scope) as (string | null)[]
  return Object.fromEntries(each.flatMap((key, index) => (values[index] == null ? [] : [[key, values[index]]])))
}

/** A budget as it counts for one set of labels. */
export interface Applied {
  readonly active: ActiveBudget
  readonly scope: string
  readonly terms: Terms
}

/** A budget of the ledger, ready to be asked. */
export class ActiveBudget {
  readonly record: BudgetRecord
  readonly #overrides: ReadonlyMap<string, Terms>
  #window: OpenWindow = { start: 0, end: 0 }

  constructor(record: BudgetRecord) {
    this.record = record
    const { budget } = record
    this.#overrides = new Map(
      budget.overrides.map(({ match, ...terms }) => [scopeOf(budget.each, match), { ...termsOf(budget), ...terms }]),
    )
  }

  get budget(): Budget {
    return this.record.budget
  }

  get revision(): number {
    return this.record.revision
  }

  /** How the budget counts for labels; undefined where its filters leave them out. */
  applied(labels: Labels): Applied | undefined {
    const { where, each } = this.budget
    if (!where.every((filter) => passes(filter, labelOf(labels, filter.field) ?? null))) return undefined
    const scope = scopeOf(each, labels)
    return { active: this, scope, terms: this.termsOf(scope) }
  }

  termsOf(scope: string): Terms {
    return this.#overrides.get(scope) ?? this.budget
  }

  windowAt(atMs: number): OpenWindow {
    const { start, end } = this.#window
    const { kind } = this.budget.window
    if (kind !== 'rolling' && atMs >= start && (end === null || atMs < end)) return this.#window
    return (this.#window = windowAt(this.budget.window, this.budget.zone, atMs))
  }

  /** What must not be exceeded at an instant: the limit with its increase, and the tolerance where there is one. */
  bounds(terms: Terms, nowMs: number): { readonly limit: bigint; readonly tolerance: bigint } {
    const { increase } = this.budget
    const limit = terms.limit + (increase !== null && nowMs < increase.until ? increase.by : 0n)
    return { limit, tolerance: terms.mode === 'adaptive' ? terms.tolerance : 0n }
  }
}

function termsOf({ limit, mode, tolerance, onLimit, thresholds }: Terms): Terms {
  return { limit, mode, tolerance, onLimit, thresholds }
}
