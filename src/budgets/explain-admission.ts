import { askedBudgets } from './asked-budgets.ts'
import type { Claim } from './admit.ts'
import { type BudgetStatus, statusOf } from './budget-status.ts'
import { type HoldView, viewHold } from './hold-view.ts'
import { tally } from './counter.ts'
import type { Denial } from './denial.ts'
import type { Gate } from './gate.ts'
import type { Asked, BudgetWarning } from './hold.ts'
import { decide, type Demand, demandOf } from './reserve.ts'
import { type Applied, scopeOf } from './scope.ts'

/** What would let a refused hold through, as far as one budget goes; each is enough by itself. Null where it would not help. */
export interface Needs {
  readonly budget: string
  /** By how much more limit it fits, in the metric's unit. */
  readonly raiseLimitBy: bigint | null
  /** What the budget's own limit is then; null where the limit that refuses is an override's. */
  readonly raisedLimit: bigint | null
  /** When the window ends, or a rolling one has room again, in milliseconds since 1970. */
  readonly waitUntil: number | null
  /** What open holds would have to give back. */
  readonly ifReleased: bigint | null
}

/** What a hold would get now, with nothing granted and nothing written. */
export interface Explanation {
  readonly decision: { readonly granted: true; readonly warnings: readonly BudgetWarning[] } | Denial
  /** One for each budget that refuses, the one that the denial names first; all must be met. */
  readonly needs: readonly Needs[]
  /** The holds that count in the counter that refuses, open and presumed. */
  readonly holders: readonly HoldView[]
  /** Where every budget that applies stands. */
  readonly budgets: readonly BudgetStatus[]
}

/** Asks every budget that applies, and tells what is in the way; nothing is granted. */
export function explainAdmission(gate: Gate, asked: Asked): Explanation {
  gate.lapse()
  const demands = askedBudgets(gate.rows, asked).map((applied) => demandOf(gate, applied, asked, gate.nowMs))
  const decided = decide(gate, demands, asked.labels)
  const budgets = demands.map(({ applied, counters }) => statusOf(gate, applied, counters))
  if (decided.granted) return { decision: decided, needs: [], holders: [], budgets }
  const [first] = decided.by
  return {
    decision: decided.denial,
    needs: decided.by.map(({ demand, denial }) => needsOf(demand, denial)),
    holders: first === undefined ? [] : holdersOf(gate, first.demand),
    budgets,
  }
}

/** The holds that count in any counter of a window. */
function holdersOf(gate: Gate, { counters }: Demand): HoldView[] {
  const ids = new Set(counters.map(({ id }) => id))
  const holds = gate.rows.unresolved().filter(({ shares }) => shares.some(({ counter }) => ids.has(counter)))
  return holds.map(viewHold)
}

const noAmounts = { raiseLimitBy: null, raisedLimit: null, waitUntil: null, ifReleased: null }

function needsOf({ applied, claim }: Demand, { kind, budget, resetsAt }: Denial): Needs {
  const short = shortfall(claim)
  if (short === null || kind === 'unpriced' || kind === 'unbounded' || kind === 'unavailable') return { budget, ...noAmounts }
  return {
    budget,
    raiseLimitBy: short,
    raisedLimit: hasOwnLimit(applied) ? applied.active.budget.limit + short : null,
    waitUntil: kind === 'exhausted' ? resetsAt : null,
    ifReleased: kind === 'contended' ? short : null,
  }
}

/** By how much a claim passes what `admit` lets through; null where it is not bounded, or fits. */
function shortfall({ counters, limit, tolerance, mode, expected, worst }: Claim): bigint | null {
  if (worst === null) return null
  const { spent, presumed, held, heldWorst } = tally(counters)
  const byWorst = spent + presumed + heldWorst + worst - limit - tolerance
  const byExpected = mode === 'adaptive' ? spent + presumed + held + expected - limit : byWorst
  const short = byWorst > byExpected ? byWorst : byExpected
  return short > 0n ? short : null
}

function hasOwnLimit({ active: { budget }, scope }: Applied): boolean {
  return budget.overrides.every(({ match, limit }) => limit === undefined || scopeOf(budget.each, match) !== scope)
}
