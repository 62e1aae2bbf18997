import type { Labels } from '../ledger/charge.ts'
import { stopsOnlyNewRuns } from './admit.ts'
import { formatAmount } from './amount-text.ts'
import type { Action, Level, Metric, Mode } from './budget.ts'
import type { Seeding } from './budget-record.ts'
import { type Cause, type Counter, tally } from './counter.ts'
import type { Gate } from './gate.ts'
import { type ActiveBudget, type Applied, scopeLabels } from './scope.ts'
import { levelOf, shareOf } from './thresholds.ts'

/** Where one counter of a budget stands. Amounts in the metric's unit. */
export interface BudgetStatus {
  readonly budget: string
  readonly metric: Metric
  readonly scope: Labels
  /** The labels that it is kept apart by, also those that are missing from the scope. */
  readonly each: readonly string[]
  readonly mode: Mode
  readonly onLimit: Action
  /** What grants never take spending past, for people. */
  readonly bound: string
  readonly limit: bigint
  readonly tolerance: bigint
  readonly spent: bigint
  /** Worst cases of open holds. */
  readonly held: bigint
  /** What is expected of them. */
  readonly expected: bigint
  readonly presumed: bigint
  /** Calls without a price, of which the cost counts nothing. */
  readonly unpricedCalls: number
  /** Milliseconds since 1970; null where the window has no beginning or end. */
  readonly windowStart: number | null
  readonly resetsAt: number | null
  /** Hundredths of a percent of the limit that is spent. */
  readonly share: number
  readonly level: Level | 'ok' | 'over'
  /** By how much what is spent and presumed passes the bound, and why. */
  readonly overLimit: { readonly by: bigint; readonly cause: Cause } | null
  /** How far a new budget has counted what was booked before it. */
  readonly seeding: Seeding | null
  /** Whether its figures are not told, because others share the budget; then `spent` is all of `limit` where that is reached, else nothing. */
  readonly isWithheld?: boolean
}

/** All counters whose window is open now; a budget that nothing was counted in yet has a row of zeros. */
export function budgetStatus(gate: Gate, names?: readonly string[]): BudgetStatus[] {
  gate.lapse()
  const asked = gate.rows.budgets.filter(({ budget }) => names === undefined || names.includes(budget.name))
  return asked.flatMap((active) => rowsOf(gate, active))
}

/** The counters that calls with these labels meet now, one for each budget that applies. */
export function standingFor(gate: Gate, labels: Labels): BudgetStatus[] {
  gate.lapse()
  return gate.rows.applied(labels).map((applied) => statusOf(gate, applied, gate.meet(applied, gate.nowMs).counters))
}

function rowsOf(gate: Gate, active: ActiveBudget): BudgetStatus[] {
  const isOpen = ({ start, end }: Counter): boolean => start <= gate.nowMs && (end === null || end > gate.nowMs)
  const open = gate.rows.countersOf(active.revision).filter(isOpen)
  const scopes = new Map(open.map((counter) => [counter.scope, counter]))
  const rows = [...scopes].map(([scope, counter]) => {
    const applied = { active, scope, terms: active.termsOf(scope) }
    return statusOf(gate, applied, gate.windowOf(applied, counter))
  })
  if (rows.length > 0 || active.budget.each.length > 0) return rows
  return [statusOf(gate, { active, scope: '[]', terms: active.budget }, [])]
}

/** Where the counters of one window stand. */
export function statusOf(gate: Gate, { active, scope, terms }: Applied, counters: readonly Counter[]): BudgetStatus {
  const { budget } = active
  const { limit, tolerance } = active.bounds(terms, gate.nowMs)
  const sums = tally(counters)
  const by = sums.spent + sums.presumed - limit - tolerance
  const [oldest] = counters.filter((counter) => counter.cause !== null).toSorted((a, b) => a.start - b.start)
  const cause = oldest?.cause ?? 'increase-ended'
  const hasDates = budget.window.kind !== 'run' && budget.window.kind !== 'total'
  const window = active.windowAt(gate.nowMs)
  return {
    budget: budget.name,
    metric: budget.metric,
    scope: scopeLabels(budget.each, scope),
    each: budget.each,
    mode: terms.mode,
    onLimit: terms.onLimit,
    bound: boundText(active, terms, gate.nowMs),
    limit,
    tolerance,
    spent: sums.spent,
    held: sums.heldWorst,
    expected: sums.held,
    presumed: sums.presumed,
    unpricedCalls: sums.unpriced,
    windowStart: hasDates ? startOf(active, window.start, gate.nowMs) : null,
    resetsAt: budget.window.kind === 'rolling' || !hasDates ? null : window.end,
    share: shareOf(sums.spent, limit),
    level: levelOf(terms, sums.spent, limit, by > 0n),
    overLimit: by > 0n ? { by, cause } : null,
    seeding: active.record.seeding,
  }
}

function startOf({ budget: { window } }: ActiveBudget, start: number, nowMs: number): number {
  return window.kind === 'rolling' ? nowMs - window.hours * 60 * 60 * 1000 : start
}

/** What a budget promises: how far its grants can take spending at most. */
export function boundText(active: ActiveBudget, terms: Applied['terms'], nowMs: number): string {
  const { limit, tolerance } = active.bounds(terms, nowMs)
  if (terms.mode === 'soft' || terms.onLimit === 'warn') return 'none: it warns'
  const most = formatAmount(active.budget.metric, limit + tolerance)
  return stopsOnlyNewRuns(terms.onLimit) ? `${most}, plus what running runs may still spend` : most
}
