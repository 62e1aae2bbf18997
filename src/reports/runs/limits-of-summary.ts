import type { z } from 'zod'
import { formatWindow } from '../../budgets/amount-text.ts'
import type { Budget } from '../../budgets/budget.ts'
import type { BudgetStatus } from '../../budgets/budget-status.ts'
import { ActiveBudget, type Applied, scopeLabels } from '../../budgets/scope.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { Labels } from '../../ledger/charge.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Run } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { Store } from '../../stores/store.ts'
import type { budgetLeftSchema } from '../schemas/budget-config-schema.ts'

/** A budget on cost that counts for all calls of a run, and where it stands. */
export interface Limit {
  readonly budget: Budget
  readonly left: BudgetLeft
}

export type BudgetLeft = z.infer<typeof budgetLeftSchema>

/** Labels of a run: those that all its calls carry, and the dimensions that some carry. */
export interface RunLabels {
  readonly labels: Labels
  readonly carried: ReadonlySet<string>
}

/**
 * Budgets on cost that count for a run as a whole, the one with least left first. One that is kept apart by a label in
 * which the run's calls differ counts for parts of it only, and is left out.
 */
export async function limitsOf(store: Store, { labels, carried }: RunLabels): Promise<Limit[]> {
  const records = await store.gate('budgets', {})
  const applied = records.flatMap((record) => {
    const { metric, each, where } = record.budget
    const named = [...each, ...where.map(({ field }) => field)]
    const countsParts = named.some((key) => labels[key] === undefined && (carried.has(key) || store.subjects.has(key)))
    const found = metric === 'cost' && !countsParts ? new ActiveBudget(record).applied(labels) : undefined
    return found === undefined ? [] : [found]
  })
  if (applied.length === 0) return []
  const statuses = await store.gate('status', { names: applied.map(({ active }) => active.budget.name) })
  const limits = applied.map((each) => limitOf(each, statuses))
  return limits.toSorted((a, b) => compare(BigInt(a.left.remaining_nanos), BigInt(b.left.remaining_nanos)))
}

function limitOf({ active, scope, terms }: Applied, statuses: readonly BudgetStatus[]): Limit {
  const { budget } = active
  const own = scopeLabels(budget.each, scope)
  // Nothing is counted yet where there is no status.
  const status = statuses.find((each) => each.budget === budget.name && isSame(each.scope, own))
  return {
    budget,
    left: leftJson({
      name: budget.name,
      scope: own,
      window: formatWindow(budget.window),
      limit: status?.limit ?? active.bounds(terms, Date.now()).limit,
      spent: status?.spent ?? 0n,
      held: status?.held ?? 0n,
      presumed: status?.presumed ?? 0n,
      resetsAt: status?.resetsAt ?? null,
    }),
  }
}

function isSame(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What is left of the run's own cap on cost; undefined where it has none. */
export function ownCapLeft(run: Run, spent: bigint, holds: readonly HoldView[]): BudgetLeft | undefined {
  const limit = run.cap?.cost
  if (limit === undefined) return undefined
  // The cap itself is held while the run goes on, and so are those of its stages; what calls hold is split off from them.
  const calls = holds.filter(({ id }) => !id.startsWith(runHoldPrefix(run.id)))
  const held = sumOf(calls, ({ state, left }) => (state === 'open' ? left.cost : 0n))
  const presumed = sumOf(calls, presumedCost)
  return leftJson({ name: 'run', scope: { run: run.id }, window: 'run', limit, spent, held, presumed, resetsAt: null })
}

/** What nobody knows the end of. */
export function presumedCost({ state, presumed, left }: HoldView): bigint {
  return state === 'presumed' ? (presumed.cost ?? left.cost ?? 0n) : 0n
}

export function sumOf(holds: readonly HoldView[], amount: (hold: HoldView) => bigint | undefined): bigint {
  return holds.reduce((sum, hold) => sum + (amount(hold) ?? 0n), 0n)
}

interface Amounts {
  readonly name: string
  readonly scope: Labels
  readonly window: string
  readonly limit: bigint
  readonly spent: bigint
  readonly held: bigint
  readonly presumed: bigint
  readonly resetsAt: number | null
}

function usd(amount: bigint): number {
  return toUsd(amount as Nanos)
}

function leftJson({ name, scope, window, limit, spent, held, presumed, resetsAt }: Amounts): BudgetLeft {
  const remaining = limit - spent - held - presumed
  return {
    name,
    scope,
    window,
    limit_usd: usd(limit),
    limit_nanos: limit.toString(),
    spent_usd: usd(spent),
    spent_nanos: spent.toString(),
    held_usd: usd(held),
    held_nanos: held.toString(),
    presumed_usd: usd(presumed),
    presumed_nanos: presumed.toString(),
    remaining_usd: usd(remaining),
    remaining_nanos: remaining.toString(),
    resets_at: resetsAt === null ? null : new Date(resetsAt).toISOString(),
  }
}
