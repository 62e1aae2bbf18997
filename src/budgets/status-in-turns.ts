import { type BudgetStatus, statusOf } from './budget-status.ts'
import type { Counter } from './counter.ts'
import type { Gate } from './gate.ts'
import type { ActiveBudget } from './scope.ts'

/** The next counters of a revision by scope and start, after one of them, or the first. */
export type CounterPages = (revision: number, after: Pick<Counter, 'scope' | 'start'> | undefined) => readonly Counter[]

/**
 * What `budgetStatus` gives, read a page of counters at a time; it yields after each page, so that a ledger with very many
 * of them keeps nobody waiting. The pages must all be of one moment.
 */
export function* statusInTurns(
  gate: Gate,
  names: readonly string[] | undefined,
  pages: CounterPages,
): Generator<undefined, BudgetStatus[], undefined> {
  gate.lapse()
  const rows: BudgetStatus[] = []
  for (const active of gate.rows.budgets) {
    if (names !== undefined && !names.includes(active.budget.name)) continue
    const found = yield* rowsInTurns(gate, active, pages)
    rows.push(...found.toSorted((a, b) => a.start - b.start || (a.scope < b.scope ? -1 : 1)).map(({ row }) => row))
    if (found.length === 0 && active.budget.each.length === 0) {
      rows.push(statusOf(gate, { active, scope: '[]', terms: active.budget }, []))
    }
  }
  return rows
}

/** A row with what it is ordered by: the first open window of its scope. */
interface PlacedRow {
  readonly start: number
  readonly scope: string
  readonly row: BudgetStatus
}

function* rowsInTurns(gate: Gate, active: ActiveBudget, pages: CounterPages): Generator<undefined, PlacedRow[], undefined> {
  const rows: PlacedRow[] = []
  let seen: string | undefined
  let after: Counter | undefined
  for (;;) {
    const page = pages(active.revision, after)
    for (const loaded of page) {
      const { start, end, scope } = loaded
      if (scope === seen || start > gate.nowMs || (end !== null && end <= gate.nowMs)) continue
      // Any open slice of a rolling window stands for all of it.
      seen = scope
      const applied = { active, scope, terms: active.termsOf(scope) }
      rows.push({ start, scope, row: statusOf(gate, applied, gate.windowOf(applied, gate.rows.current(loaded))) })
    }
    after = page.at(-1)
    if (after === undefined) return rows
    yield
  }
}
