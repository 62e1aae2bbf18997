import type { Denial } from '../../budgets/denial.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { Labels } from '../../ledger/charge.ts'
import { capReached, limitBetweenStages } from '../../runs/limits-between-stages.ts'
import type { Cap, LimitReached, Run } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { Store } from '../../stores/store.ts'
import { limitOf } from './run-admission.ts'
import type { RunHold } from './run-hold.ts'
import { added, less, presumedOf, spentOf } from './run-spending.ts'

/** What is in the way of a run's next stage. */
export interface RunLimit {
  readonly action: 'pause' | 'terminate'
  readonly limit: LimitReached | null
}

/** Asks where the limits of a run stand, between its stages. */
export class RunLimits {
  readonly #store: Store
  readonly #run: string
  /** What was spent and left presumed before its hold of now, which that is not for. */
  #before: Required<Cap>

  constructor(store: Store, run: string, before: Required<Cap>) {
    this.#store = store
    this.#run = run
    this.#before = before
  }

  /** The first limit that says that the run pauses or ends before a stage that needs so much. */
  async before(run: Run, hold: RunHold, labels: Labels, next: Cap): Promise<RunLimit | undefined> {
    if (hold.cap !== null && run.cap !== null) {
      await this.raise(run, hold)
      // By what is booked of the run, because what was recorded elsewhere, such as by command, took nothing out of the hold.
      const reached = capReached(this.#allowed(hold), await spentOf(this.#store, this.#run), await this.#presumed(), next)
      if (reached !== undefined) return { action: 'pause', limit: reached }
    }
    const budgets = await this.#store.gate('standing', { labels })
    if (budgets.length === 0) return undefined
    const records = await this.#store.gate('budgets', {})
    const definitions = records.map(({ budget }) => budget)
    return limitBetweenStages(budgets, definitions, next)
  }

  /** Holds more where somebody has raised the run's cap; false where nobody has, or no budget has room for it. */
  async raise(run: Run, hold: RunHold): Promise<boolean> {
    if (run.cap === null || hold.cap === null) return false
    const to = less(run.cap, this.#before)
    const isMore = (Object.keys(to) as (keyof Cap)[]).some((metric) => (to[metric] ?? 0n) > (hold.cap?.[metric] ?? 0n))
    return isMore && (await hold.raise(to)).granted
  }

  /** What is left of a cap for which nothing is held any more; from now on a new hold is for that. */
  async afresh(hold: RunHold): Promise<Cap | null> {
    if (hold.cap === null) return null
    const allowed = this.#allowed(hold)
    const before = added(await spentOf(this.#store, this.#run), await this.#presumed())
    const left = less(allowed, before)
    // Where nothing is left the old hold still says what was allowed.
    if (!Object.values(left).includes(0n)) this.#before = before
    return left
  }

  /** The figures of a cap of which nothing is left in some metric. */
  async used(hold: RunHold, left: Cap): Promise<LimitReached | undefined> {
    const isUsed = Object.values(left).includes(0n)
    return isUsed ? capReached(this.#allowed(hold), await spentOf(this.#store, this.#run), await this.#presumed(), {}) : undefined
  }

  /** The figures of the run's cap, where it had no room for a call. */
  async ofCap(denial: Denial, hold: RunHold): Promise<LimitReached> {
    const { metric, scope, asked } = denial
    if (metric === 'concurrency') return { ...limitOf(denial), budget: 'run' }
    const [spent, presumed] = [await spentOf(this.#store, this.#run), await this.#presumed()]
    const limit = this.#allowed(hold)[metric] ?? denial.limit
    const others = limit - spent[metric] - presumed[metric] - denial.room
    return {
      budget: 'run',
      metric,
      scope,
      limit,
      spent: spent[metric],
      // By its other calls, and by its stages that have a cap of their own.
      held: others > 0n ? others : 0n,
      presumed: presumed[metric],
      asked,
      resetsAt: null,
    }
  }

  /** What the run may spend over all its executions, as far as budgets had room for it. */
  #allowed({ cap }: RunHold): Cap {
    const allowed: Partial<Record<keyof Cap, bigint>> = {}
    for (const [metric, held] of Object.entries(cap ?? {}) as [keyof Cap, bigint][]) allowed[metric] = held + this.#before[metric]
    return allowed
  }

  /** What its calls left presumed; what is held for the run itself is not spent by anybody. */
  async #presumed(): Promise<Required<Cap>> {
    const holds = await this.#store.gate('holds', {})
    const isCall = ({ id, labels, state }: HoldView): boolean =>
      state === 'presumed' && labels['run'] === this.#run && !id.startsWith(runHoldPrefix(this.#run))
    return presumedOf(holds.filter(isCall))
  }
}
