import type { Denial, Grant } from '../../budgets/denial.ts'
import type { Amounts, Asked, BudgetWarning, HoldId } from '../../budgets/hold.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { Cap } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { Store } from '../../stores/store.ts'
import { presumedOf } from './run-spending.ts'

/** A run that gives no sign of life for so long loses its place, and what is held for it is presumed. */
const ttlMs = 2 * 60 * 1000

/** What a run asks of the gate: a place, and money where it has a cap. */
export function runAsked(labels: Labels, amounts: Amounts): Asked {
  return {
    labels,
    worst: { cost: 0n, tokens: 0n, calls: 0n, concurrency: 1n, ...amounts },
    ...(amounts.calls !== undefined && { saysCalls: true }),
    isForParts: true,
    expected: {},
    ttlMs,
    basis: 'metered',
    provider: null,
    model: null,
    refusal: null,
    catalog: null,
    request: null,
    maxOutputTokens: null,
  }
}

/** A run, or a stage, that was let in. */
export interface HeldRun {
  readonly granted: true
  readonly hold: RunHold
  readonly warnings: readonly Pick<BudgetWarning, 'budget' | 'message'>[]
}

/** Asks the gate for the hold of a run or stage under an id. */
type Ask = (id: HoldId, cap: Cap | null) => Promise<Grant | Denial>

/** The hold of a run, or of a stage: its place, and its cap, of which its calls are parts. */
export class RunHold {
  readonly #store: Store
  readonly #ask: Ask
  readonly #firstId: string
  #id: HoldId
  #cap: Cap | null
  #renewals = 0

  private constructor(store: Store, id: string, cap: Cap | null, ask: Ask) {
    this.#store = store
    this.#firstId = id
    this.#id = id as HoldId
    this.#cap = cap
    this.#ask = ask
  }

  get id(): HoldId {
    return this.#id
  }

  /** What it was held for in all; null where it only has a place. */
  get cap(): Cap | null {
    return this.#cap
  }

  /** Holds a place for a run, and its cap where it has one. */
  static reserve(store: Store, id: string, labels: Labels, cap: Cap | null): Promise<HeldRun | Denial> {
    return taken(
      new RunHold(store, id, cap, (each, amounts) => store.gate('reserve', { id: each, asked: runAsked(labels, amounts ?? {}) })),
      cap,
    )
  }

  /** Holds a stage's cap: as a part of the run's, where that has one. A stage takes no place. */
  static ofStage(store: Store, id: string, from: RunHold, labels: Labels, cap: Cap): Promise<HeldRun | Denial> {
    const ask: Ask = (each, amounts) => {
      const asked = runAsked(labels, { ...amounts, concurrency: 0n })
      return from.cap === null ? store.gate('reserve', { id: each, asked }) : store.gate('split', { from: from.id, id: each, asked })
    }
    return taken(new RunHold(store, id, cap, ask), cap)
  }

  /** Asks for the hold. */
  async take(cap: Cap | null): Promise<Grant | Denial> {
    const grant = await this.#ask(this.#id, cap)
    if (grant.granted) this.#cap = cap
    return grant
  }

  /**
   * Holds anew what is left of the cap, where the hold ran out because nobody could keep it alive: the machine slept, or
   * its clock was set forward.
   */
  async renew(cap: Cap | null): Promise<Grant | Denial> {
    await this.#store.gate('release', { id: this.#id })
    const id = `${this.#firstId}~${this.#renewals + 1}` as HoldId
    const grant = await this.#ask(id, cap)
    if (!grant.granted) return grant
    this.#renewals += 1
    this.#id = id
    this.#cap = cap
    return grant
  }

  /** What calls may still come to that are parts of it, and that nobody has told the outcome of. */
  async ofParts(): Promise<Required<Cap>> {
    const holds = await this.#store.gate('holds', {})
    return presumedOf(holds.filter(({ parent }) => parent === this.#id))
  }

  /** Whether it is still held. */
  async isOpen(): Promise<boolean> {
    return (await this.#store.gate('hold', { id: this.#id })).state === 'open'
  }

  /** Holds more, up to so much in all. */
  async raise(to: Cap): Promise<Grant | Denial> {
    const grant = await this.#store.gate('raise', { id: this.#id, to })
    if (grant.granted) this.#cap = to
    return grant
  }

  async extend(): Promise<void> {
    await this.#store.gate('extend', { id: this.#id, ttlMs })
  }

  /** Gives back what its calls did not use. */
  async release(): Promise<void> {
    try {
      await this.#store.gate('release', { id: this.#id })
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_HOLD_ENDED') throw error
    }
  }
}

async function taken(hold: RunHold, cap: Cap | null): Promise<HeldRun | Denial> {
  const grant = await hold.take(cap)
  return grant.granted ? { granted: true, hold, warnings: grant.warnings } : grant
}

/** Gives back what runs hold whose process is gone; what their calls hold stays, and is presumed. */
export async function releaseGone(store: Store, isGone: (run: string) => Promise<boolean>): Promise<boolean> {
  const runs = (await store.gate('holds', {})).flatMap(({ id, parent, labels: { run } }) =>
    run !== undefined && parent === null && id.startsWith(runHoldPrefix(run)) ? [run] : [],
  )
  let hasReleased = false
  for (const run of new Set(runs)) {
    if (!(await isGone(run))) continue
    await releaseEarlier(store, run)
    hasReleased = true
  }
  return hasReleased
}

/** Gives back what earlier attempts of a run still hold themselves; what their calls hold stays, and is presumed. */
export async function releaseEarlier(store: Store, run: string): Promise<HoldView[]> {
  const held = (await store.gate('holds', {})).filter(({ labels }) => labels['run'] === run)
  const isOwn = ({ id }: HoldView): boolean => id.startsWith(runHoldPrefix(run))
  for (const { id } of held.filter(isOwn)) await store.gate('release', { id: id as HoldId })
  return held.filter((hold) => !isOwn(hold))
}
