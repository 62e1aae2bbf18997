import { CounterAudit, type CountersChecked } from '../../budgets/audit-counters.ts'
import { type BudgetRecord, budgetKind, fromStoredBudget, toStoredBudget } from '../../budgets/budget-record.ts'
import type { Counter, CounterKey } from '../../budgets/counter.ts'
import { describeCounter } from '../../budgets/describe-counter.ts'
import { Gate } from '../../budgets/gate.ts'
import type { GateEffects } from '../../budgets/gate-effects.ts'
import type { GateLoader } from '../../budgets/gate-loader.ts'
import { GateRows } from '../../budgets/gate-rows.ts'
import type { Hold } from '../../budgets/hold.ts'
import { ActiveBudget } from '../../budgets/scope.ts'
import { fromStoredHold, toStoredHold } from '../../budgets/stored-hold.ts'
import type { ChargeId } from '../../ledger/charge.ts'
import type { Discrepancy } from '../store.ts'
import type { MemoryTables } from './memory-tables.ts'

export type MemoryGateHost = Pick<GateEffects, 'append' | 'book'> & {
  readonly putBudget: (name: string, body: unknown) => void
}

/** The gate of a ledger in memory. It keeps no row over a transaction, and so reads what was written, as it was written. */
export class MemoryGate {
  readonly gate: Gate
  readonly #rows: GateRows
  readonly #tables: MemoryTables

  constructor(tables: MemoryTables, { append, book, putBudget }: MemoryGateHost) {
    this.#tables = tables
    this.#rows = new GateRows(createLoader(tables))
    this.gate = new Gate(this.#rows, {
      append,
      book,
      nextSeq: () => tables.nextSeq(),
      putBudget: (name, record) => putBudget(name, record === null ? null : toStoredBudget(record)),
      dropCounters: (revision) => {
        for (const { id } of ofRevision(tables, revision)) tables.counters.delete(id)
      },
    })
  }

  /** Runs a transaction's work on rows as they are stored, and stores those that it has touched. */
  run<T>(nowMs: number, work: () => T): T {
    this.gate.nowMs = nowMs
    this.#rows.forgetRows()
    this.#rows.forgetBudgets()
    const value = work()
    for (const counter of this.#rows.dirtyCounters) this.#tables.counters.set(counter.id, { ...counter })
    for (const hold of this.#rows.dirtyHolds) this.#tables.holds.set(hold.id, toStoredHold(hold))
    for (const [key, learned] of this.#rows.dirtyLearned) this.#tables.learned.set(key, learned)
    return value
  }
}

/** Where the counters differ from the charges and open holds. */
export function checkCounters(tables: MemoryTables): CountersChecked & { readonly discrepancies: Discrepancy[] } {
  const load = createLoader(tables)
  const audit = new CounterAudit(load)
  for (const charge of tables.charges.values()) audit.count(charge)
  const revisions = new Set([...tables.counters.values()].map(({ revision }) => revision))
  const budgets = load.budgets().map((record) => new ActiveBudget(record))
  const found = audit.differences([...revisions])
  const discrepancies = found.map((difference) => ({ table: 'counters', ...describeCounter(difference, budgets) }))
  return { ...audit.checked, discrepancies }
}

function createLoader(tables: MemoryTables): GateLoader {
  const counters = (): Counter[] => [...tables.counters.values()].map((counter) => ({ ...counter }))
  const holds = (): Hold[] => [...tables.holds.values()].map(fromStoredHold)
  const unresolved = (): Hold[] => holds().filter(({ state }) => state === 'open' || state === 'presumed')
  const open = (): Hold[] =>
    holds()
      .filter(({ state }) => state === 'open')
      .toSorted((a, b) => a.expiresAt - b.expiresAt)
  return {
    budgets: () => budgetsOf(tables),
    counter: ({ revision, scope, start }) => counters().find((counter) => isOf(counter, revision, scope) && counter.start === start),
    counterById: (id) => counters().find((counter) => counter.id === id),
    slices: (revision, scope, from) => counters().filter((counter) => isOf(counter, revision, scope) && counter.start >= from),
    counters: (revision) => ofRevision(tables, revision).map((counter) => ({ ...counter })),
    hold: (id) => {
      const stored = tables.holds.get(id)
      return stored && fromStoredHold(stored)
    },
    unresolved: () => unresolved().toSorted((a, b) => a.number - b.number),
    unresolvedAfter: (number, limit) =>
      unresolved()
        .filter((hold) => hold.number > number)
        .toSorted((a, b) => a.number - b.number)
        .slice(0, limit),
    due: (nowMs, limit) =>
      open()
        .filter(({ expiresAt }) => expiresAt <= nowMs)
        .slice(0, limit)
        .map(({ id }) => id),
    nextDue: () => open()[0]?.expiresAt,
    hasRun: (run) => tables.charges.values().some(({ labels }) => labels['run'] === run),
    charge: (id) => tables.byId(id as ChargeId),
    corrections: (id) => tables.corrections(id as ChargeId),
    learned: (key) => tables.learned.get(key),
    earlier: ({ afterAt, afterSeq, upToSeq }, limit) =>
      [...tables.charges.values()]
        .filter(({ at, seq }) => seq <= upToSeq && (at > afterAt || (at === afterAt && seq > afterSeq)))
        .toSorted((a, b) => a.at - b.at || a.seq - b.seq)
        .slice(0, limit)
        .map((charge) => ({ charge, seq: charge.seq })),
    lastSeq: () => tables.lastSeq,
    hasCharges: () => tables.charges.values().next().done !== true,
    lastCounterId: () => counters().reduce((last, { id }) => Math.max(last, id), 0),
    lastHoldNumber: () => [...tables.holds.values()].reduce((last, { number }) => Math.max(last, number), 0),
  }
}

function isOf(counter: CounterKey, revision: number, scope: string): boolean {
  return counter.revision === revision && counter.scope === scope
}

function ofRevision(tables: MemoryTables, revision: number): Counter[] {
  return [...tables.counters.values()].filter((counter) => counter.revision === revision)
}

function budgetsOf(tables: MemoryTables): BudgetRecord[] {
  return [...tables.documents.values()]
    .filter(({ kind }) => kind === budgetKind)
    .map(({ body }) => fromStoredBudget(body))
    .toSorted((a, b) => a.definedAt - b.definedAt || a.revision - b.revision)
}
