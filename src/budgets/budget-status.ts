import type { Labels } from '../ledger/charge.ts'
import { stopsOnlyNewRuns } from './admit.ts'
import { formatAmount } from './amount-text.ts'
import type { Action, Level, Metric, Mode } from './budget.ts'
import type { Seeding } from './budget-record.ts'
import { type Cause, type Counter, tally } from './counter.ts'
import type { Gate } from './gate.ts'
import type { Hold, HoldState } from './hold.ts'
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
}

/** All counters whose window is open now; a budget that nothing was counted in yet has a row of zeros. */
export function budgetStatus(gate: Gate, names?: readonly string[]): BudgetStatus[] {
  gate.lapse()
  const asked = gate.rows.budgets.filter(({ budget }) => names === undefined || names.includes(budget.name))
  return asked.flatMap((active) => rowsOf(gate, active))
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

/**
 * Why a hold is presumed spent: it `ran-out` before anybody said what became of it; its call was `cut` and may have come
 * to more than what arrived; a call of it is `unpriced`, or is `unmeasured` because nobody said what it used.
 */
export const presumptions = ['ran-out', 'cut', 'unpriced', 'unmeasured'] as const
export type Presumption = (typeof presumptions)[number]

/** A hold as it is listed. */
export interface HoldView {
  readonly id: string
  readonly state: HoldState
  readonly labels: Labels
  readonly provider: string | null
  readonly model: string | null
  readonly parent: string | null
  readonly reservedAt: number
  readonly expiresAt: number
  /** What was asked, what is left of it, and what was spent under it, by metric. */
  readonly asked: Readonly<Partial<Record<Metric, bigint>>>
  readonly left: Readonly<Partial<Record<Metric, bigint>>>
  readonly spent: Readonly<Partial<Record<Metric, bigint>>>
  /** What budgets presume of it, by metric: the most that one of them does. Nothing where it is not presumed. */
  readonly presumed: Readonly<Partial<Record<Metric, bigint>>>
  readonly presumedBecause: readonly Presumption[]
}

/** Open and presumed holds, the oldest first; those that a budget counts where one is named. */
export function listHolds(gate: Gate, budget?: string): HoldView[] {
  gate.lapse()
  const counts = (counter: number): boolean => {
    const found = gate.rows.counterById(counter)
    return found !== undefined && gate.appliedOf(found)?.active.budget.name === budget
  }
  return gate.rows
    .unresolved()
    .filter(({ shares }) => budget === undefined || shares.some((share) => counts(share.counter)))
    .map(viewHold)
}

export function viewHold(hold: Hold): HoldView {
  const { id, state, asked, parent, reservedAt, expiresAt, left, spent } = hold
  return {
    id,
    state,
    labels: asked.labels,
    provider: asked.provider,
    model: asked.model,
    parent,
    reservedAt,
    expiresAt,
    asked: asked.worst,
    left: { ...left },
    spent: { ...spent },
    presumed: state === 'presumed' ? presumedOf(hold) : {},
    presumedBecause: state === 'presumed' ? presumptionsOf(hold) : [],
  }
}

function presumedOf({ shares }: Hold): Partial<Record<Metric, bigint>> {
  const most: Partial<Record<Metric, bigint>> = {}
  for (const { metric, worst } of shares) if (worst > (most[metric] ?? 0n)) most[metric] = worst
  return most
}

function presumptionsOf({ isOver, uncertain, unpriced, unmeasured, shares }: Hold): Presumption[] {
  if (!isOver) return ['ran-out']
  const has = (metric: Metric): boolean => shares.some((share) => share.metric === metric)
  return [
    ...(uncertain.some(has) ? (['cut'] as const) : []),
    ...(unpriced > 0 && has('cost') ? (['unpriced'] as const) : []),
    ...(unmeasured > 0 && has('tokens') ? (['unmeasured'] as const) : []),
  ]
}
