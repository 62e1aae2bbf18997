import { type BudgetRecord, budgetKind, toStoredBudget } from '../../budgets/budget-record.ts'
import type { Counter, CounterKey } from '../../budgets/counter.ts'
import { Gate } from '../../budgets/gate.ts'
import type { GateEffects } from '../../budgets/gate-effects.ts'
import type { EarlierCharge, GateLoader } from '../../budgets/gate-loader.ts'
import { GateRows } from '../../budgets/gate-rows.ts'
import type { Hold } from '../../budgets/hold.ts'
import { fromLearnedText } from '../../budgets/learned.ts'
import { fromStoredHold } from '../../budgets/stored-hold.ts'
import type { Seeding } from '../../budgets/budget-record.ts'
import type { Charge } from '../../ledger/charge.ts'
import { type GateChanges, gateChanges } from './gate-writes.ts'
import { counterName, GateLists, type GateNumber, GateTables } from './gate-tables.ts'
import { subjectKey } from './subject-numbers.ts'
import type { Turn } from './turn.ts'

/** What the ledger says of other writers where its lock was just taken. */
export interface GateState {
  /** How many transactions have written. */
  readonly writes: number
  /** How often budgets were changed. */
  readonly budgets: number
}

const maxKept = 50_000
const manyPasses = 4
const noChanges: GateChanges = { dropped: [], counters: [], newHolds: [], changedHolds: [], learned: [] }

/**
 * The gate of a ledger on Postgres. It decides in memory, over rows that are kept as long as nobody else writes; where it
 * asks for one that was not read, the decision breaks off, is undone, and is made again when the row is there.
 */
export class PostgresGate {
  readonly gate: Gate
  readonly rows: GateRows
  tables = new GateTables()
  lists = new GateLists()
  /** What was known before others wrote; it hints at what will be asked for. */
  hints = this.tables
  /** Whether others wrote of late, so that rows must be read again. */
  isShared = true
  /** How far the server's clock is ahead. */
  clockAheadMs = 0
  readonly #book: (turn: Turn, ...booking: Parameters<GateEffects['book']>) => ReturnType<GateEffects['book']>
  #turn: Turn | undefined
  #seen: GateState = { writes: -1, budgets: -1 }
  readonly #budgets = new Map<string, BudgetRecord | null>()
  readonly #dropped = new Set<number>()
  #changes = noChanges
  /** The last fact before this transaction: a budget's revision beyond it is new, and has no counters. */
  #seqBefore = 0
  /** How often the running transaction was decided anew. */
  #passes = 0

  /** `book` books the charge of a hold. */
  constructor(book: (turn: Turn, ...booking: Parameters<GateEffects['book']>) => ReturnType<GateEffects['book']>) {
    this.#book = book
    this.rows = new GateRows(this.#createLoader())
    this.gate = new Gate(this.rows, this.#createEffects())
  }

  /** A transaction is to be made; its lock is not taken yet. */
  prepare(turn: Turn): void {
    this.#turn = turn
    this.#passes = 0
    this.lists = new GateLists()
    this.tables.budgets.want('')
  }

  /** The lock is taken: what others changed in between is read anew. */
  begin(state: GateState & { readonly seq: number }, nowMs: number): void {
    this.gate.nowMs = nowMs
    this.#seqBefore = state.seq
    this.clockAheadMs = nowMs - Date.now()
    this.isShared = state.writes !== this.#seen.writes
    if (!this.isShared) return
    this.rows.forgetRows()
    const { budgets } = this.tables
    this.hints = this.tables
    this.tables = new GateTables()
    const known = budgets.peek('')
    if (state.budgets === this.#seen.budgets && known !== undefined) this.tables.budgets.learn('', known)
    else {
      this.rows.forgetBudgets()
      this.tables.budgets.want('')
    }
    this.#seen = state
  }

  /** Forgets what was decided. */
  undo(): void {
    this.#passes += 1
    this.rows.forgetRows()
    if (this.#budgets.size > 0) this.rows.forgetBudgets()
    this.#budgets.clear()
    this.#dropped.clear()
  }

  /** What was decided, to be written. */
  changes(): GateChanges {
    this.#changes = gateChanges(this.rows, this.tables, this.#dropped)
    return this.#changes
  }

  get changesBudgets(): boolean {
    return this.#budgets.size > 0
  }

  /** What was decided is durable; `state` is how the ledger stands with it, as far as something was written. */
  committed(state: GateState | undefined): void {
    const { counters, newHolds, changedHolds, learned } = this.#changes
    for (const counter of counters) this.tables.learnCounter(counter)
    for (const hold of [...newHolds, ...changedHolds]) this.tables.holds.learn(hold.id, hold)
    for (const [key, body] of learned) this.tables.learned.learn(key, body)
    if (this.changesBudgets) this.tables.budgets.learn('', this.#allBudgets())
    const hasDropped = this.#dropped.size > 0
    this.rows.committed()
    this.#budgets.clear()
    this.#dropped.clear()
    this.#changes = noChanges
    if (state !== undefined) this.#seen = state
    if (hasDropped || this.tables.size > maxKept) this.forget()
  }

  /** Nothing that is known can be trusted. */
  forget(): void {
    this.undo()
    this.rows.forgetBudgets()
    this.tables = new GateTables()
    this.#changes = noChanges
    this.#seen = { writes: -1, budgets: -1 }
  }

  get #current(): Turn {
    if (this.#turn === undefined) throw new Error('The gate is asked outside of a transaction.')
    return this.#turn
  }

  #createEffects(): GateEffects {
    return {
      append: (event) => this.#current.append(event),
      book: (booking) => this.#book(this.#current, booking),
      nextSeq: () => this.#current.nextSeq(),
      putBudget: (name, record) => {
        this.#budgets.set(name, record)
        this.#current.put({ kind: budgetKind, key: name, body: record === null ? null : toStoredBudget(record) })
      },
      dropCounters: (revision) => {
        this.#dropped.add(revision)
      },
    }
  }

  /** What is stored, read as it is asked for; of documents and charges also what this transaction changes. */
  #createLoader(): GateLoader {
    return {
      budgets: () => this.#allBudgets(),
      counter: (key) => this.#counterOf(key),
      counterById: (id) => this.#counter(this.tables.counterNames.get(String(id))),
      slices: (revision, scope, fromStart) => this.#counters(this.lists.slices.get(JSON.stringify([revision, scope, fromStart]))),
      counters: (revision) => this.#counters(this.lists.revisions.get(String(revision))),
      hold: (id) => {
        const stored = this.tables.holds.get(id)
        return stored && fromStoredHold(stored)
      },
      unresolved: () => this.#unresolved([0, null]),
      unresolvedAfter: (number, limit) => this.#unresolved([number, limit]),
      due: (nowMs, limit) => (this.lists.due.get(JSON.stringify([nowMs, limit])) ?? []) as ReturnType<GateLoader['due']>,
      nextDue: () => this.#number('nextDue') ?? undefined,
      hasRun: (run) => this.#hasRun(run),
      charge: (id) => this.#charge(id),
      corrections: (id) => this.#corrections(id),
      learned: (key) => {
        const body = this.tables.learned.get(key)
        return body === undefined ? undefined : fromLearnedText(body)
      },
      earlier: (seeding, limit) => this.#earlier(seeding, limit),
      lastSeq: () => this.#current.seq,
      hasCharges: () => this.#current.newCharges.length > 0 || this.#number('anyCharge') !== null,
      lastCounterId: () => this.#number('lastCounter') ?? 0,
      lastHoldNumber: () => this.#number('lastHold') ?? 0,
    }
  }

  #unresolved(asked: readonly [after: number, limit: number | null]): Hold[] {
    const ids = this.lists.unresolved.get(JSON.stringify(asked)) ?? []
    return ids.flatMap((id) => this.tables.holds.get(id) ?? []).map(fromStoredHold)
  }

  #allBudgets(): BudgetRecord[] {
    const stored = this.tables.budgets.get('') ?? []
    const changed = [...this.#budgets.values()].filter((record) => record !== null)
    return [...stored.filter(({ budget }) => !this.#budgets.has(budget.name)), ...changed].toSorted(
      (a, b) => a.definedAt - b.definedAt || a.revision - b.revision,
    )
  }

  /** Where one counter after the other turns out to be missing, all of their budget are read. */
  #counterOf(key: CounterKey): Counter | undefined {
    const name = counterName(key)
    const revision = String(key.revision)
    const isKnown = this.tables.counters.isKnown(name)
    if (!isKnown && (this.lists.revisions.isKnown(revision) || key.revision > this.#seqBefore)) return undefined
    if (!isKnown && this.#passes >= manyPasses) this.lists.revisions.want(revision)
    return this.#counter(name)
  }

  #counter(name: string | undefined): Counter | undefined {
    const stored = name === undefined ? undefined : this.tables.counters.get(name)
    return stored === undefined || this.#dropped.has(stored.revision) ? undefined : { ...stored }
  }

  #counters(names: readonly string[] | undefined): Counter[] {
    return (names ?? []).flatMap((name) => this.#counter(name) ?? [])
  }

  #number(name: GateNumber): number | null {
    return this.lists.numbers.get(name)?.value ?? null
  }

  #hasRun(run: string): boolean {
    const { dictionaries, newSubjects } = this.#current
    const subject = dictionaries.subjects.find(subjectKey('run', run))
    if (subject !== undefined && newSubjects.some((each) => each.subject === subject.id)) return true
    return this.lists.runs.get(run) === true
  }

  #charge(id: string): Charge | undefined {
    const found = this.#current.ids.get(id)
    return found === undefined ? undefined : this.#current.charge(found.seq)?.charge
  }

  #corrections(id: string): Charge[] {
    const found = this.#current.ids.get(id)
    return found === undefined ? [] : this.#current.correctionsOf(found.seq).map(({ charge }) => charge)
  }

  /** Charges that this very transaction has booked are not stored yet, and those that it took out still are. */
  #earlier({ afterAt, afterSeq, upToSeq }: Seeding, limit: number): readonly EarlierCharge[] {
    const { booked, removed } = this.#current
    const stored = this.lists.earlier.get(JSON.stringify([afterAt, afterSeq, upToSeq, limit + removed.size])) ?? []
    const added = booked.filter(({ charge, seq }) => seq <= upToSeq && (charge.at > afterAt || (charge.at === afterAt && seq > afterSeq)))
    const all = [...stored, ...added].filter(({ seq }) => !removed.has(seq))
    return all.toSorted((a, b) => a.charge.at - b.charge.at || a.seq - b.seq).slice(0, limit)
  }
}
