import type { Budget } from './budget.ts'
import type { BudgetRecord } from './budget-record.ts'
import { type BudgetStatus, budgetStatus, type HoldView, listHolds, viewHold } from './budget-status.ts'
import type { Denial, Grant } from './denial.ts'
import type { Gate } from './gate.ts'
import type { Asked, BudgetWarning, HoldId } from './hold.ts'
import { decide, demandOf, reserve } from './reserve.ts'
import { type Definition, reviseBudget, removeBudget, seed } from './revise-budget.ts'
import { findHold, type HoldOutcome } from './find-hold.ts'
import { extend, release } from './release.ts'
import { settle, type Settlement } from './settle.ts'
import { split } from './split.ts'

/** What a hold would get now, with nothing granted and nothing written. */
export interface Explanation {
  readonly decision: { readonly granted: true; readonly warnings: readonly BudgetWarning[] } | Denial
  /** The holds that count in the budget that refuses. */
  readonly holders: readonly HoldView[]
  /** Where every budget that applies stands. */
  readonly budgets: readonly BudgetStatus[]
}

/** Everything that can be asked of the gate, each in one transaction: what it takes, and what it answers. */
export interface GateOperations {
  reserve: { input: { readonly id: HoldId; readonly asked: Asked }; answer: Grant | Denial }
  split: { input: { readonly from: HoldId; readonly id: HoldId; readonly asked: Asked }; answer: Grant | Denial }
  settle: { input: { readonly id: HoldId; readonly settlement: Settlement }; answer: HoldOutcome }
  release: { input: { readonly id: HoldId }; answer: HoldOutcome }
  extend: { input: { readonly id: HoldId; readonly ttlMs: number }; answer: HoldOutcome }
  why: { input: { readonly asked: Asked }; answer: Explanation }
  hold: { input: { readonly id: HoldId }; answer: HoldView }
  holds: { input: { readonly budget?: string }; answer: readonly HoldView[] }
  define: { input: { readonly budget: Budget; readonly author: string }; answer: Definition }
  remove: { input: { readonly name: string; readonly author: string }; answer: undefined }
  seed: { input: { readonly name: string }; answer: BudgetRecord }
  budgets: { input: object; answer: readonly BudgetRecord[] }
  status: { input: { readonly names?: readonly string[] }; answer: readonly BudgetStatus[] }
}

export type GateOperation = keyof GateOperations

type Runners = { readonly [K in GateOperation]: (gate: Gate, input: GateOperations[K]['input']) => GateOperations[K]['answer'] }

const runners: Runners = {
  reserve: (gate, { id, asked }) => reserve(gate, id, asked),
  split: (gate, { from, id, asked }) => split(gate, from, id, asked),
  settle: (gate, { id, settlement }) => settle(gate, id, settlement),
  release: (gate, { id }) => release(gate, id),
  extend: (gate, { id, ttlMs }) => extend(gate, id, ttlMs),
  why: (gate, { asked }) => explain(gate, asked),
  hold: (gate, { id }) => viewHold(findHold(gate, id)),
  holds: (gate, { budget }) => listHolds(gate, budget),
  define: (gate, { budget, author }) => reviseBudget(gate, budget, author),
  remove: (gate, { name, author }) => void removeBudget(gate, name, author),
  seed: (gate, { name }) => seed(gate, name),
  budgets: (gate) => gate.rows.budgets.map(({ record }) => record),
  status: (gate, { names }) => budgetStatus(gate, names),
}

/** Runs one operation on the counters of an open transaction. */
export function runGate<K extends GateOperation>(gate: Gate, operation: K, input: GateOperations[K]['input']): GateOperations[K]['answer'] {
  return runners[operation](gate, input)
}

function explain(gate: Gate, asked: Asked): Explanation {
  gate.lapse()
  const demands = gate.rows.applied(asked.labels).map((applied) => demandOf(gate, applied, asked, gate.nowMs))
  const decided = decide(gate, demands, asked.labels)
  const scopes = new Set(demands.map(({ applied }) => `${applied.active.budget.name} ${applied.scope}`))
  const budgets = budgetStatus(gate).filter(({ budget, scope }) => {
    const active = gate.rows.budgets.find((each) => each.budget.name === budget)
    return active !== undefined && scopes.has(`${budget} ${JSON.stringify(active.budget.each.map((key) => scope[key] ?? null))}`)
  })
  if (decided.granted) return { decision: decided, holders: [], budgets }
  return { decision: decided.denial, holders: listHolds(gate, decided.denial.budget), budgets }
}
