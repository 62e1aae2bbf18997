import type { Denial, Grant } from '../../budgets/denial.ts'
import type { Amounts, Asked, BudgetWarning, HoldId } from '../../budgets/hold.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { Cap } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { Store } from '../../stores/store.ts'

/** A run that gives no sign of life for so long loses its place, and what is held for it is presumed. */
const ttlMs = 2 * 60 * 1000

/** What a run asks of the gate: a place, and money where it has a cap. */
export function runAsked(labels: Labels, amounts: Amounts): Asked {
  return {
    labels,
    worst: { cost: 0n, tokens: 0n, calls: 0n, concurrency: 1n, ...amounts },
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

/** The hold of a run, or of a stage: its place, and its cap, of which its calls are parts. */
export class RunHold {
  readonly #store: Store
  readonly id: HoldId
  /** What it was held for in all; null where it only has a place. */
  #cap: Cap | null

  private constructor(store: Store, id: HoldId, cap: Cap | null) {
    this.#store = store
    this.id = id
    this.#cap = cap
  }

  get cap(): Cap | null {
    return this.#cap
  }

  /** Holds a place for a run, and its cap where it has one. */
  static async reserve(store: Store, id: string, labels: Labels, cap: Cap | null): Promise<HeldRun | Denial> {
    const hold = new RunHold(store, id as HoldId, cap)
    const grant = await store.gate('reserve', { id: hold.id, asked: runAsked(labels, cap ?? {}) })
    return grant.granted ? { granted: true, hold, warnings: grant.warnings } : grant
  }

  /** Holds a stage's cap: as a part of the run's, where that has one. A stage takes no place. */
  static async ofStage(store: Store, id: string, from: RunHold, labels: Labels, cap: Cap): Promise<HeldRun | Denial> {
    const hold = new RunHold(store, id as HoldId, cap)
    const asked = runAsked(labels, { ...cap, concurrency: 0n })
    const grant =
      from.cap === null
        ? await store.gate('reserve', { id: hold.id, asked })
        : await store.gate('split', { from: from.id, id: hold.id, asked })
    return grant.granted ? { granted: true, hold, warnings: grant.warnings } : grant
  }

  /** Holds more, up to so much in all. */
  async raise(to: Cap): Promise<Grant | Denial> {
    const grant = await this.#store.gate('raise', { id: this.id, to })
    if (grant.granted) this.#cap = to
    return grant
  }

  async extend(): Promise<void> {
    await this.#store.gate('extend', { id: this.id, ttlMs })
  }

  /** Gives back what its calls did not use. */
  async release(): Promise<void> {
    try {
      await this.#store.gate('release', { id: this.id })
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_HOLD_ENDED') throw error
    }
  }
}

/** Gives back what earlier attempts of a run still hold themselves; what their calls hold stays, and is presumed. */
export async function releaseEarlier(store: Store, run: string): Promise<HoldView[]> {
  const held = (await store.gate('holds', {})).filter(({ labels }) => labels['run'] === run)
  const isOwn = ({ id }: HoldView): boolean => id.startsWith(runHoldPrefix(run))
  for (const { id } of held.filter(isOwn)) await store.gate('release', { id: id as HoldId })
  return held.filter((hold) => !isOwn(hold) && hold.state === 'presumed')
}
