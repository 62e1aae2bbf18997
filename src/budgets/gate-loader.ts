import type { Charge } from '../ledger/charge.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import type { BudgetRecord, Seeding } from './budget-record.ts'
import type { Counter, CounterKey } from './counter.ts'
import type { Hold, HoldId } from './hold.ts'
import type { Learned } from './learned.ts'

/** What the gate reads of a ledger, inside a write transaction. */
export interface GateLoader {
  readonly budgets: () => readonly BudgetRecord[]
  readonly counter: (key: CounterKey) => Counter | undefined
  readonly counterById: (id: number) => Counter | undefined
  /** All counters of one scope that begin at an instant or later: the slices of a rolling window. */
  readonly slices: (revision: number, scope: string, fromStart: number) => readonly Counter[]
  /** All counters of a revision. */
  readonly counters: (revision: number) => readonly Counter[]
  readonly hold: (id: HoldId) => Hold | undefined
  /** Open and presumed holds, the oldest first. */
  readonly unresolved: () => readonly Hold[]
  /** The next of them after a number, by number. */
  readonly unresolvedAfter: (number: number, limit: number) => readonly Hold[]
  /** Open holds that ran out at an instant or before, the earliest first. */
  readonly due: (nowMs: number, limit: number) => readonly HoldId[]
  /** When the next open hold runs out. */
  readonly nextDue: () => number | undefined
  readonly hasRun: (run: string) => boolean
  /** The charge of an id; undefined where no such charge is booked, or its details are gone. */
  readonly charge: (id: string) => Charge | undefined
  /** The corrections of a charge in the order in which they were booked. */
  readonly corrections: (id: string) => readonly Charge[]
  readonly learned: (key: string) => Learned | undefined
  /** The next charges that a new budget has still to count, in order of time; fewer than asked for where they are the last. */
  readonly earlier: (seeding: Seeding, limit: number) => readonly EarlierCharge[]
  /** The last place in the ledger's order. */
  readonly lastSeq: () => number
  readonly hasCharges: () => boolean
  readonly lastCounterId: () => number
  readonly lastHoldNumber: () => number
}

/** A charge that was booked before a budget was made, with its place in the ledger's order. */
export interface EarlierCharge {
  readonly charge: ChargeDraft
  readonly seq: number
}
