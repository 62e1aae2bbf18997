import type { BudgetRecord } from '../../budgets/budget-record.ts'
import type { Counter, CounterKey } from '../../budgets/counter.ts'
import type { EarlierCharge } from '../../budgets/gate-loader.ts'
import type { StoredHold } from '../../budgets/stored-hold.ts'
import { KnownRows } from './known-rows.ts'

/** Numbers that are asked of the ledger as a whole; null for none. */
export type GateNumber = 'nextDue' | 'lastCounter' | 'lastHold' | 'anyCharge'

/**
 * Rows of the gate as they are stored. What is found by its key stays known for as long as nobody else writes, and is
 * renewed by what this process writes.
 */
export class GateTables {
  /** All of them, under an empty key. */
  readonly budgets = new KnownRows<readonly BudgetRecord[]>()
  readonly counters = new KnownRows<Counter>()
  /** Names of counters by their numbers. */
  readonly counterNames = new KnownRows<string>()
  readonly holds = new KnownRows<StoredHold>()
  /** Bodies by keys. */
  readonly learned = new KnownRows<string>()

  get size(): number {
    return this.counters.size + this.holds.size + this.learned.size
  }

  learnCounter(counter: Counter): string {
    const name = counterName(counter)
    this.counters.learn(name, { ...counter })
    this.counterNames.learn(String(counter.id), name)
    return name
  }
}

/** What a transaction asked of the gate's rows as a whole: good for this transaction only. Questions are written as JSON. */
export class GateLists {
  readonly numbers = new KnownRows<{ readonly value: number | null }>()
  /** Names of counters by revision, scope and first instant. */
  readonly slices = new KnownRows<readonly string[]>()
  /** Names of counters by revision. */
  readonly revisions = new KnownRows<readonly string[]>()
  /** Ids of open and presumed holds, by the number after which and how many, null for all. */
  readonly unresolved = new KnownRows<readonly string[]>()
  /** Ids of holds that ran out, by instant and number. */
  readonly due = new KnownRows<readonly string[]>()
  readonly runs = new KnownRows<true>()
  readonly earlier = new KnownRows<readonly EarlierCharge[]>()
}

export function counterName({ revision, scope, start }: CounterKey): string {
  return JSON.stringify([revision, scope, start])
}
