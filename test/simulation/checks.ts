import type { BudgetStatus } from '../../src/budgets/budget-status.ts'
import type { HoldView } from '../../src/budgets/hold-view.ts'
import type { LedgerEvent, Store } from '../../src/stores/store.ts'
import { Mismatch, same, textOf } from './mismatch.ts'
import { type Model, type ModelBudget, type ModelEvent, scopeOf } from './model.ts'
import { hasReached, startOf } from './model-counting.ts'
import { lapse } from './model-holds.ts'
import { causeOf } from './model-ledger.ts'
import { quarterMs } from './windows.ts'

/** Where every counter stands is what the charges and the open holds add up to; and every open hold is known. */
export async function checkState(store: Store, model: Model): Promise<void> {
  lapse(model)
  const [status, budgets, holds] = await Promise.all([store.gate('status', {}), store.gate('budgets', {}), store.gate('holds', {})])
  for (const budget of model.budgets)
    checkBudget(
      model,
      budget,
      status.filter((row) => row.budget === budget.budget.name),
    )
  same('status', model.budgets.map(({ budget }) => budget.name).toSorted(), budgets.map(({ budget }) => budget.name).toSorted())
  checkHolds(model, holds)
}

function checkBudget(model: Model, budget: ModelBudget, rows: readonly BudgetStatus[]): void {
  const scopes = scopesOf(model, budget)
  for (const row of rows) {
    const scope = scopeOf(budget.budget, row.scope)
    scopes.delete(scope)
    checkCounter(model, budget, scope, row)
  }
  for (const scope of scopes) {
    const { spent, worst, presumed, unpriced } = model.sums(budget, scope, model.spanAt(budget, model.now))
    if (spent !== 0n || worst !== 0n || presumed !== 0n || unpriced !== 0)
      throw new Mismatch(`status of ${budget.budget.name}`, { scope, spent, worst, presumed }, 'no such row')
  }
}

function scopesOf(model: Model, budget: ModelBudget): Set<string> {
  const charges = model.charges.filter((charge) => model.isCounted(budget, charge)).map(({ labels }) => labels)
  const holds = model.unresolved().map(({ asked }) => asked.labels)
  return new Set([...charges, ...holds].map((labels) => scopeOf(budget.budget, labels)))
}

function checkCounter(model: Model, budget: ModelBudget, scope: string, row: BudgetStatus): void {
  const { window, name } = budget.budget
  const span = model.spanAt(budget, model.now)
  const sums = model.sums(budget, scope, span)
  const { limit, tolerance } = model.bounds(budget, scope)
  const by = sums.spent + sums.presumed - limit - tolerance
  const hasDates = window.kind !== 'run' && window.kind !== 'total'
  const windowStart = window.kind === 'rolling' ? model.now - window.hours * 4 * quarterMs : startOf(budget, model.now)
  const reached = model
    .terms(budget, scope)
    .thresholds.filter(({ percent }) => hasReached(sums.spent, limit, percent))
    .toSorted((a, b) => b.percent - a.percent)
  const expected = {
    limit,
    tolerance,
    spent: sums.spent,
    held: sums.worst,
    expected: sums.expected,
    presumed: sums.presumed,
    unpriced: sums.unpriced,
    windowStart: hasDates ? windowStart : null,
    resetsAt: window.kind === 'rolling' ? null : span.end,
    level: by > 0n ? 'over' : (reached[0]?.level ?? 'ok'),
    overLimit: by > 0n ? { by, cause: causeOf(model, budget, scope) } : null,
    isSeeding: budget.seeding !== null,
  }
  same(`status of ${name} ${scope}`, expected, {
    limit: row.limit,
    tolerance: row.tolerance,
    spent: row.spent,
    held: row.held,
    expected: row.expected,
    presumed: row.presumed,
    unpriced: row.unpricedCalls,
    windowStart: row.windowStart,
    resetsAt: row.resetsAt,
    level: row.level,
    overLimit: row.overLimit,
    isSeeding: row.seeding !== null,
  })
}

function checkHolds(model: Model, views: readonly HoldView[]): void {
  const unresolved = model.unresolved()
  same(
    'holds',
    unresolved.map(({ id, state, left, spent, expiresAt, reservedAt, parent }) => ({
      id,
      state,
      left,
      spent,
      expiresAt,
      reservedAt,
      parent,
    })),
    views.map(({ id, state, left, spent, expiresAt, reservedAt, parent }) => ({ id, state, left, spent, expiresAt, reservedAt, parent })),
  )
}

/** The counters of windows that are over, seen with the clock set back; only what they count, for limits have changed since. */
export async function checkPast(store: Store, model: Model, clock: { now: number }, agoMs: number): Promise<void> {
  const present = clock.now
  clock.now = present - agoMs
  try {
    const status = await store.gate('status', {})
    for (const budget of model.budgets) {
      const { window, name } = budget.budget
      if (window.kind === 'rolling' || clock.now < budget.countsFrom) continue
      for (const row of status.filter((each) => each.budget === name)) {
        const scope = scopeOf(budget.budget, row.scope)
        const { spent, worst, expected, presumed, unpriced } = model.sums(budget, scope, model.spanAt(budget, clock.now))
        const said = { spent: row.spent, held: row.held, expected: row.expected, presumed: row.presumed, unpriced: row.unpricedCalls }
        same(`past of ${name} ${scope} at ${new Date(clock.now).toISOString()}`, { spent, held: worst, expected, presumed, unpriced }, said)
      }
    }
  } finally {
    clock.now = present
  }
}

/** The events of a step are those foreseen, in any order: none missing, none twice. */
export function checkEvents(model: Model, events: readonly LedgerEvent[]): void {
  const foreseen = model.events.map(textOf).toSorted()
  const told = events.map((event) => textOf(essence(event))).toSorted()
  model.events = []
  if (foreseen.join('\n') === told.join('\n')) return
  throw new Mismatch('events', difference(foreseen, told), difference(told, foreseen))
}

function difference(from: readonly string[], others: readonly string[]): string[] {
  const rest = [...others]
  return from.filter((each) => {
    const found = rest.indexOf(each)
    if (found >= 0) rest.splice(found, 1)
    return found < 0
  })
}

function essence({ kind, body }: LedgerEvent): ModelEvent {
  const { budget, scope, windowStart, percent, spent, limit, cause, denial, hold, budgets, after, before } = body
  switch (kind) {
    case 'threshold.crossed':
      return { kind, budget, scope, windowStart, percent, spent, limit }
    case 'budget.exceeded':
      return { kind, budget, scope, windowStart, cause }
    case 'budget.denied':
      return { kind, budget, scope, windowStart, denial }
    case 'hold.lapsed':
      return { kind, hold }
    case 'hold.overrun':
      return {
        kind,
        hold,
        budgets: (budgets as { budget: string; by: string }[]).map(({ budget: name, by }) => `${name} ${by}`).toSorted(),
      }
    case 'budget.changed':
      return { kind, budget, was: before !== null, is: after !== null }
    default:
      return { kind }
  }
}
