import { invariant } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import type { BookedCharge } from '../ledger/rest-correction.ts'
import { type Counter, type CounterKey, counterName } from './counter.ts'
import type { GateLoader } from './gate-loader.ts'
import type { Hold, HoldId } from './hold.ts'
import type { Learned } from './learned.ts'
import { ActiveBudget, type Applied } from './scope.ts'

const maxKept = 10_000

/**
 * The rows that the gate works on: loaded when first asked for, kept over transactions as long as nobody else writes, and
 * written back by the store when they were touched.
 */
export class GateRows {
  readonly load: GateLoader
  #budgets: readonly ActiveBudget[] | undefined
  #byRevision: ReadonlyMap<number, ActiveBudget> | undefined
  #applied = new WeakMap<Labels, readonly Applied[]>()
  readonly #counters = new Map<string, Counter>()
  readonly #counterById = new Map<number, Counter>()
  readonly #slices = new Map<string, { from: number; counters: Counter[] }>()
  readonly #holds = new Map<HoldId, Hold>()
  readonly #learned = new Map<string, Learned>()
  #nextCounterId: number | undefined
  #nextHoldNumber: number | undefined
  #nextDue: number | undefined
  #knowsNextDue = false
  readonly dirtyCounters = new Set<Counter>()
  readonly dirtyHolds = new Set<Hold>()
  /** Those of them that no store has seen. */
  readonly newHolds = new Set<Hold>()
  readonly dirtyLearned = new Map<string, Learned>()

  constructor(load: GateLoader) {
    this.load = load
  }

  get budgets(): readonly ActiveBudget[] {
    return (this.#budgets ??= this.load.budgets().map((record) => new ActiveBudget(record)))
  }

  /** The budget of a revision; undefined where another took its place. */
  budgetOf(revision: number): ActiveBudget | undefined {
    this.#byRevision ??= new Map(this.budgets.map((active) => [active.revision, active]))
    return this.#byRevision.get(revision)
  }

  /** Whether a counter that was given out is still the one that is kept. */
  isCurrent(counter: Counter): boolean {
    return this.#counterById.get(counter.id) === counter
  }

  /** A counter that was read, as it stands in this transaction. */
  current(loaded: Counter): Counter {
    return this.#counters.get(counterName(loaded)) ?? loaded
  }

  /** The budgets that apply to labels, which are frozen, in the order in which they were made. */
  applied(labels: Labels): readonly Applied[] {
    let applied = this.#applied.get(labels)
    if (applied === undefined) {
      applied = this.budgets.flatMap((active) => active.applied(labels) ?? [])
      this.#applied.set(labels, applied)
    }
    return applied
  }

  /** The counter of a key, a new one of zero where there is none. */
  counter(key: CounterKey, end: number | null): Counter {
    const name = counterName(key)
    let counter = this.#counters.get(name)
    if (counter === undefined) this.#keep(name, (counter = this.load.counter(key) ?? this.#newCounter(key, end)))
    return counter
  }

  /** What is there of a rolling window from its oldest slice on. */
  slices(revision: number, scope: string, fromStart: number): readonly Counter[] {
    const name = `${revision} ${scope}`
    let known = this.#slices.get(name)
    if (known === undefined || known.from > fromStart) {
      const loaded = this.load.slices(revision, scope, fromStart).map((counter) => {
        const key = counterName(counter)
        const kept = this.#counters.get(key) ?? counter
        this.#keep(key, kept)
        return kept
      })
      const unsaved = [...this.#counters.values()].filter(
        (counter) => counter.revision === revision && counter.scope === scope && counter.start >= fromStart && !loaded.includes(counter),
      )
      this.#slices.set(name, (known = { from: fromStart, counters: [...loaded, ...unsaved] }))
    }
    if (known.counters.some(({ start }) => start < fromStart)) known.counters = known.counters.filter(({ start }) => start >= fromStart)
    known.from = fromStart
    return known.counters
  }

  counterById(id: number): Counter | undefined {
    const known = this.#counterById.get(id)
    if (known !== undefined) return known
    const loaded = this.load.counterById(id)
    if (loaded !== undefined) this.#keep(counterName(loaded), loaded)
    return loaded
  }

  /** All counters of a revision, as they stand in this transaction, in one order on every store. */
  countersOf(revision: number): readonly Counter[] {
    for (const loaded of this.load.counters(revision)) {
      const name = counterName(loaded)
      if (!this.#counters.has(name)) this.#keep(name, loaded)
    }
    const found = [...this.#counters.values()].filter((counter) => counter.revision === revision)
    return found.toSorted((a, b) => a.start - b.start || (a.scope < b.scope ? -1 : 1))
  }

  touch(counter: Counter): void {
    this.dirtyCounters.add(counter)
  }

  hold(id: HoldId): Hold | undefined {
    const known = this.#holds.get(id)
    if (known !== undefined) return known
    const loaded = this.load.hold(id)
    if (loaded !== undefined) this.#holds.set(id, loaded)
    return loaded
  }

  /** A new hold, with nothing set aside yet. */
  addHold(hold: Pick<Hold, 'id' | 'asked' | 'parent' | 'reservedAt' | 'expiresAt' | 'given' | 'warnings'>): Hold {
    const number = (this.#nextHoldNumber ??= this.load.lastHoldNumber() + 1)
    this.#nextHoldNumber += 1
    const added: Hold = {
      ...hold,
      number,
      state: 'open',
      shares: [],
      left: { ...hold.asked.worst },
      raised: {},
      spent: {},
      charges: 0,
      unpriced: 0,
      unmeasured: 0,
      uncertain: [],
      lacking: [],
      lastCharge: null,
      told: [],
      isOver: false,
    }
    this.#holds.set(hold.id, added)
    this.newHolds.add(added)
    this.touchHold(added)
    return added
  }

  touchHold(hold: Hold): void {
    this.dirtyHolds.add(hold)
    if (hold.state === 'open' && this.#knowsNextDue) this.#nextDue = Math.min(this.#nextDue ?? hold.expiresAt, hold.expiresAt)
  }

  /** Open and presumed holds, as they stand in this transaction. */
  unresolved(): readonly Hold[] {
    for (const loaded of this.load.unresolved()) if (!this.#holds.has(loaded.id)) this.#holds.set(loaded.id, loaded)
    return [...this.#holds.values()].filter(({ state }) => state === 'open' || state === 'presumed').toSorted((a, b) => a.number - b.number)
  }

  /**
   * The next open and presumed holds after a number, as they stand in this transaction; `upTo` is the number that they go
   * up to, infinite where there are no more.
   */
  unresolvedAfter(after: number, limit: number): { readonly holds: readonly Hold[]; readonly upTo: number } {
    const page = this.load.unresolvedAfter(after, limit)
    for (const loaded of page) if (!this.#holds.has(loaded.id)) this.#holds.set(loaded.id, loaded)
    const upTo = page.length < limit ? Number.POSITIVE_INFINITY : (page.at(-1)?.number ?? after)
    const holds = [...this.#holds.values()].filter(
      ({ state, number }) => (state === 'open' || state === 'presumed') && number > after && number <= upTo,
    )
    return { holds: holds.toSorted((a, b) => a.number - b.number), upTo }
  }

  /** The number of the last hold that was granted; 0 for none. */
  lastHoldNumber(): number {
    return (this.#nextHoldNumber ??= this.load.lastHoldNumber() + 1) - 1
  }

  /** Open holds that have run out, a bounded number of them. */
  due(nowMs: number): readonly Hold[] {
    if (!this.#knowsNextDue) {
      this.#nextDue = this.load.nextDue()
      this.#knowsNextDue = true
      for (const hold of this.dirtyHolds) this.touchHold(hold)
    }
    if (this.#nextDue === undefined || this.#nextDue > nowMs) return []
    const stored = this.load.due(nowMs, maxDue).map((id) => this.hold(id))
    const found = new Set([...stored, ...this.dirtyHolds].filter((hold) => hold?.state === 'open' && hold.expiresAt <= nowMs) as Hold[])
    if (found.size === 0) this.#knowsNextDue = false
    return [...found].toSorted((a, b) => a.expiresAt - b.expiresAt || a.number - b.number)
  }

  isRunning(run: string): boolean {
    return this.load.hasRun(run) || this.unresolved().some(({ asked }) => asked.labels['run'] === run)
  }

  /** A charge with its corrections, as far as the ledger has its details. */
  booked(chargeId: string): BookedCharge | undefined {
    const original = this.load.charge(chargeId)
    return original && { original, corrections: this.load.corrections(chargeId) }
  }

  learned(key: string): Learned | undefined {
    const known = this.#learned.get(key)
    if (known !== undefined) return known
    const loaded = this.load.learned(key)
    if (loaded !== undefined) this.#learned.set(key, loaded)
    return loaded
  }

  putLearned(key: string, learned: Learned): void {
    this.#learned.set(key, learned)
    this.dirtyLearned.set(key, learned)
  }

  /** Budgets were changed, here or by somebody else. */
  forgetBudgets(): void {
    this.#budgets = undefined
    this.#byRevision = undefined
    this.#applied = new WeakMap()
  }

  forgetCounters(revision: number): void {
    for (const [name, counter] of this.#counters) {
      if (counter.revision !== revision) continue
      this.#counters.delete(name)
      this.#counterById.delete(counter.id)
      this.dirtyCounters.delete(counter)
    }
    for (const name of this.#slices.keys()) if (name.startsWith(`${revision} `)) this.#slices.delete(name)
  }

  /** What was touched is written and durable. */
  committed(): void {
    for (const { id, state } of this.dirtyHolds) if (state === 'settled' || state === 'released') this.#holds.delete(id)
    this.#clean()
    if (this.#counters.size + this.#holds.size + this.#learned.size > maxKept) this.forgetRows()
  }

  /** Nothing that was read can be trusted any more: somebody else wrote, or the transaction was undone. */
  forgetRows(): void {
    this.#counters.clear()
    this.#counterById.clear()
    this.#slices.clear()
    this.#holds.clear()
    this.#learned.clear()
    this.#nextCounterId = undefined
    this.#nextHoldNumber = undefined
    this.#knowsNextDue = false
    this.#clean()
  }

  #clean(): void {
    this.dirtyCounters.clear()
    this.dirtyHolds.clear()
    this.newHolds.clear()
    this.dirtyLearned.clear()
  }

  #keep(name: string, counter: Counter): void {
    this.#counters.set(name, counter)
    this.#counterById.set(counter.id, counter)
  }

  #newCounter({ revision, scope, start }: CounterKey, end: number | null): Counter {
    const id = (this.#nextCounterId ??= this.load.lastCounterId() + 1)
    this.#nextCounterId += 1
    const counter: Counter = {
      id,
      revision,
      scope,
      start,
      end,
      spent: 0n,
      held: 0n,
      heldWorst: 0n,
      presumed: 0n,
      unpriced: 0,
      fired: 0,
      denied: false,
      cause: null,
    }
    const rolling = this.#slices.get(`${revision} ${scope}`)
    if (rolling !== undefined && start >= rolling.from) {
      invariant(!rolling.counters.some((slice) => slice.start === start), 'A slice of a rolling window is counted twice.')
      rolling.counters.push(counter)
    }
    return counter
  }
}

/** How many holds lapse in one operation: some tens of milliseconds. */
export const maxDue = 1000
