import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { callCountsAt } from './count-charge.ts'
import { type Counter, counterName } from './counter.ts'
import { Gate } from './gate.ts'
import type { GateLoader } from './gate-loader.ts'
import { GateRows } from './gate-rows.ts'
import type { HoldId } from './hold.ts'

/** A counter that is not what the ledger and the open holds say. */
export interface CounterDifference {
  readonly key: Pick<Counter, 'revision' | 'scope' | 'start' | 'end'>
  /** The name of its budget; null where that is gone. */
  readonly budget: string | null
  readonly stored: CounterSums | null
  readonly expected: CounterSums | null
}

/** How much an audit has compared. */
export interface CountersChecked {
  readonly counters: number
  /** Open and presumed holds. */
  readonly holds: number
}

export type CounterSums = Pick<Counter, 'spent' | 'held' | 'heldWorst' | 'presumed' | 'unpriced'>

/**
 * Works the counters out anew: every charge of the ledger is counted once more, beside the counters that are kept, and
 * open holds are added up. Budgets that still count what was booked before them are left out.
 */
export class CounterAudit {
  readonly #load: GateLoader
  readonly #rows: GateRows
  readonly #gate: Gate
  readonly #isEmpty: boolean
  /** What `differences` has compared. */
  checked: CountersChecked = { counters: 0, holds: 0 }

  constructor(load: GateLoader) {
    this.#load = load
    this.#rows = new GateRows(nothingStored(load))
    this.#gate = new Gate(this.#rows, noEffects)
    this.#isEmpty = this.#rows.budgets.length === 0
  }

  count(charge: ChargeDraft): void {
    if (this.#isEmpty) return
    const at = charge.hold === null ? charge.at : callCountsAt(charge, this.#load.hold(charge.hold as HoldId)?.reservedAt)
    for (const active of this.#rows.budgets) {
      const applied = active.applied(charge.labels)
      if (applied !== undefined) this.#gate.countFor(applied, { charge, countedAt: at, sign: 1, causeOf: () => null })
    }
  }

  /** Where the counters that are kept differ. `revisions`: those of all counters that are kept. */
  differences(revisions: readonly number[]): CounterDifference[] {
    const stored = new Map(revisions.flatMap((revision) => this.#load.counters(revision)).map((counter) => [counterName(counter), counter]))
    const expected = new Map([...this.#rows.dirtyCounters].map((counter) => [counterName(counter), counter]))
    this.#addHolds(stored, expected)
    const names = new Map(this.#load.budgets().map(({ budget, revision, seeding }) => [revision, { name: budget.name, seeding }]))
    const found: CounterDifference[] = []
    const all = new Set([...stored.keys(), ...expected.keys()])
    this.checked = { counters: all.size, holds: this.#load.unresolved().length }
    for (const name of all) {
      const [was, is] = [stored.get(name), expected.get(name)]
      const key = (was ?? is) as Counter
      const budget = names.get(key.revision)
      if (budget?.seeding != null || sameSums(was, is)) continue
      found.push({ key, budget: budget?.name ?? null, stored: sumsOf(was), expected: sumsOf(is) })
    }
    return found
  }

  /** What open holds set aside, and what ran out presumes. */
  #addHolds(stored: ReadonlyMap<string, Counter>, expected: Map<string, Counter>): void {
    const byId = new Map([...stored.values()].map((counter) => [counter.id, counter]))
    for (const { state, shares } of this.#load.unresolved()) {
      for (const share of shares) {
        const kept = byId.get(share.counter)
        if (kept === undefined) continue
        const name = counterName(kept)
        const counter = expected.get(name) ?? { ...kept, ...zero }
        expected.set(name, counter)
        if (state === 'presumed') counter.presumed += share.worst
        else {
          counter.held += share.expected
          counter.heldWorst += share.worst
        }
      }
    }
  }
}

const zero: CounterSums = { spent: 0n, held: 0n, heldWorst: 0n, presumed: 0n, unpriced: 0 }
const sumNames = ['spent', 'held', 'heldWorst', 'presumed', 'unpriced'] as const

function sumsOf(counter: Counter | undefined): CounterSums | null {
  if (counter === undefined) return null
  const { spent, held, heldWorst, presumed, unpriced } = counter
  return { spent, held, heldWorst, presumed, unpriced }
}

function sameSums(a: Counter | undefined, b: Counter | undefined): boolean {
  return sumNames.every((name) => (a ?? zero)[name] === (b ?? zero)[name])
}

/** The budgets of a ledger with no counter and no hold. */
function nothingStored(load: GateLoader): GateLoader {
  return {
    ...load,
    counter: () => undefined,
    counterById: () => undefined,
    slices: () => [],
    counters: () => [],
    unresolved: () => [],
    lastCounterId: () => 0,
  }
}

const noEffects = {
  append: () => undefined,
  book: () => {
    throw new Error('An audit books nothing.')
  },
  putBudget: () => undefined,
  dropCounters: () => undefined,
  nextSeq: () => 0,
}
