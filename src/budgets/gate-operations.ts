import type { Labels } from '../ledger/charge.ts'
import type { Budget } from './budget.ts'
import type { BudgetRecord } from './budget-record.ts'
import { type BudgetStatus, budgetStatus, standingFor } from './budget-status.ts'
import { type HoldView, listHolds, viewHold } from './hold-view.ts'
import type { Denial, Grant } from './denial.ts'
import { type Explanation, explainAdmission } from './explain-admission.ts'
import type { Gate } from './gate.ts'
import { maxDue } from './gate-rows.ts'
import type { Amounts, Asked, HoldId } from './hold.ts'
import { raise } from './raise.ts'
import { reserve } from './reserve.ts'
import { type Change, type Definition, reviseBudget, removeBudget, seed } from './revise-budget.ts'
import { findHold, type HoldOutcome } from './find-hold.ts'
import { extend, release } from './release.ts'
import { resolve } from './resolve.ts'
import { settle, type Settlement } from './settle.ts'
import { split } from './split.ts'

/** Everything that can be asked of the gate, each in one transaction: what it takes, and what it answers. */
export interface GateOperations {
  reserve: { input: { readonly id: HoldId; readonly asked: Asked }; answer: Grant | Denial }
  split: { input: { readonly from: HoldId; readonly id: HoldId; readonly asked: Asked }; answer: Grant | Denial }
  raise: { input: { readonly id: HoldId; readonly to: Amounts }; answer: Grant | Denial }
  settle: { input: { readonly id: HoldId; readonly settlement: Settlement }; answer: HoldOutcome }
  resolve: { input: { readonly id: HoldId; readonly settlement: Settlement }; answer: HoldOutcome }
  release: { input: { readonly id: HoldId; readonly resolving?: boolean }; answer: HoldOutcome }
  extend: { input: { readonly id: HoldId; readonly ttlMs: number }; answer: HoldOutcome }
  why: { input: { readonly asked: Asked }; answer: Explanation }
  hold: { input: { readonly id: HoldId }; answer: HoldView }
  holds: { input: { readonly budget?: string }; answer: readonly HoldView[] }
  define: { input: Change & { readonly budget: Budget }; answer: Definition }
  remove: { input: Change & { readonly name: string }; answer: undefined }
  seed: { input: { readonly name: string }; answer: BudgetRecord }
  budgets: { input: object; answer: readonly BudgetRecord[] }
  status: { input: { readonly names?: readonly string[] }; answer: readonly BudgetStatus[] }
  /** Where the budgets stand that apply to calls with some labels. */
  standing: { input: { readonly labels: Labels }; answer: readonly BudgetStatus[] }
  /** Presumes holds that ran out, a bounded number of them; answers whether there may be more. */
  lapse: { input: object; answer: boolean }
}

/** Operations that grant, change and book nothing. Holds that ran out are presumed in their answers all the same. */
export const readingOperations = ['why', 'hold', 'holds', 'budgets', 'status', 'standing'] as const satisfies readonly GateOperation[]
export type ReadingOperation = (typeof readingOperations)[number]

export function isReading(operation: GateOperation): operation is ReadingOperation {
  return (readingOperations as readonly GateOperation[]).includes(operation)
}

export type GateOperation = keyof GateOperations

type Runners = { readonly [K in GateOperation]: (gate: Gate, input: GateOperations[K]['input']) => GateOperations[K]['answer'] }

const runners: Runners = {
  reserve: (gate, { id, asked }) => reserve(gate, id, asked),
  split: (gate, { from, id, asked }) => split(gate, from, id, asked),
  raise: (gate, { id, to }) => raise(gate, id, to),
  settle: (gate, { id, settlement }) => settle(gate, id, settlement),
  resolve: (gate, { id, settlement }) => resolve(gate, id, settlement),
  release: (gate, { id, resolving }) => release(gate, id, resolving),
  extend: (gate, { id, ttlMs }) => extend(gate, id, ttlMs),
  why: (gate, { asked }) => explainAdmission(gate, asked),
  hold: (gate, { id }) => viewHold(findHold(gate, id)),
  holds: (gate, { budget }) => listHolds(gate, budget),
  define: (gate, { budget, ...change }) => reviseBudget(gate, budget, change),
  remove: (gate, { name, ...change }) => void removeBudget(gate, name, change),
  seed: (gate, { name }) => seed(gate, name),
  budgets: (gate) => gate.rows.budgets.map(({ record }) => record),
  status: (gate, { names }) => budgetStatus(gate, names),
  standing: (gate, { labels }) => standingFor(gate, labels),
  lapse: (gate) => {
    const due = gate.rows.due(gate.nowMs).length
    gate.lapse()
    return due >= maxDue
  },
}

/** Runs one operation on the counters of an open transaction. */
export function runGate<K extends GateOperation>(gate: Gate, operation: K, input: GateOperations[K]['input']): GateOperations[K]['answer'] {
  return runners[operation](gate, input)
}
