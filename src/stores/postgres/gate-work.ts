import { type GateOperation, type GateOperations, runGate } from '../../budgets/gate-operations.ts'
import type { Asked, HoldId } from '../../budgets/hold.ts'
import { learnedKey } from '../../budgets/learned-key.ts'
import { heldCharge, type Settlement } from '../../budgets/settle.ts'
import { fromStoredHold } from '../../budgets/stored-hold.ts'
import { oldestSlice } from '../../budgets/window.ts'
import type { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { refusable } from '../refusable.ts'
import { counterName } from './gate-tables.ts'
import { NotLoaded } from './known-rows.ts'
import type { PostgresGate } from './postgres-gate.ts'
import { foresee, type Turn } from './turn.ts'
import type { Work } from './write-queue.ts'

type Answered<T> = { readonly answer: T } | { readonly refused: PurserError }

/** An operation of the gate as work for the queue. */
export function gateWork<K extends GateOperation>(
  operation: K,
  input: GateOperations[K]['input'],
): Work<Answered<GateOperations[K]['answer']>> {
  return {
    take: () => 1,
    foresee: (turn) => foreseeOperation(turn, input),
    decide: (turn) => refusable(() => runGate(turn.gate.gate, operation, input)),
  }
}

/** The parts that inputs of operations are made of. */
interface Parts {
  readonly id?: HoldId
  readonly from?: HoldId
  readonly asked?: Asked
  readonly settlement?: Pick<Settlement, 'draft' | 'otherParts' | 'takesBasis'>
}

/** What an operation is likely to ask for. A hold brings the counters along in which it sets something aside. */
export function foreseeOperation(turn: Turn, input: object): void {
  const { gate } = turn
  const { id, from, asked, settlement } = input as Parts
  const { holds } = gate.tables
  for (const each of [id, from]) if (each !== undefined) wantAgain(gate, holds, each)
  if (gate.isShared) for (const number of ['nextDue', 'lastHold'] as const) gate.lists.numbers.want(number)
  if (asked !== undefined) foreseeCounters(gate, asked.labels, Date.now() + gate.clockAheadMs, asked)
  if (settlement === undefined) return
  const hint = id === undefined ? undefined : (holds.peek(id) ?? gate.hints.holds.peek(id))
  if (hint === undefined) turn.ids.want(settlement.draft.id)
  else {
    const hold = fromStoredHold(hint)
    for (const draft of [settlement.draft, ...(settlement.otherParts ?? [])]) {
      const charge = heldCharge(hold, draft, settlement.takesBasis)
      foresee(turn, charge)
      if (charge.part !== null) foreseeCounters(gate, charge.labels, hold.reservedAt)
    }
    foreseeCounters(gate, hold.asked.labels, hold.reservedAt, hold.asked)
  }
}

/** A row is read again where others may have changed it. */
function wantAgain(gate: PostgresGate, rows: { want: (key: string) => void; wanted: Set<string> }, key: string): void {
  if (gate.isShared) rows.wanted.add(key)
  else rows.want(key)
}

/** The counters of all budgets that apply to labels, in the windows of an instant. */
export function foreseeCounters(gate: PostgresGate, labels: Labels, atMs: number, asked?: Asked): void {
  const { tables, lists, rows } = gate
  if (!hasBudgets(gate)) return
  for (const { active, scope, terms } of rows.applied(labels)) {
    const { revision, budget } = active
    const { start } = active.windowAt(atMs)
    wantAgain(gate, tables.counters, counterName({ revision, scope, start }))
    if (budget.window.kind === 'rolling' && gate.isShared) {
      lists.slices.want(JSON.stringify([revision, scope, oldestSlice(budget.window.hours, atMs)]))
    }
    if (terms.mode === 'adaptive' && asked !== undefined) wantAgain(gate, tables.learned, learnedKey(budget, asked))
  }
}

function hasBudgets({ rows }: PostgresGate): boolean {
  try {
    return rows.budgets.length > 0
  } catch (error) {
    if (error instanceof NotLoaded) return false
    throw error
  }
}
