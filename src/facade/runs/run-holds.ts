import { hash } from 'node:crypto'
import { formatAmount } from '../../budgets/amount-text.ts'
import type { Denial } from '../../budgets/denial.ts'
import type { Labels } from '../../ledger/charge.ts'
import { limitText } from '../../runs/cap.ts'
import type { Cap, LimitReached, Run, Stage } from '../../runs/run.ts'
import { runHoldPrefix } from '../../runs/run-hold-prefix.ts'
import type { Store } from '../../stores/store.ts'
import { capitalised } from '../../text/sentence.ts'
import { type HeldRun, RunHold } from './run-hold.ts'
import type { RunLimits } from './run-limits.ts'
import { less } from './run-spending.ts'

/** A stage that has a cap of its own, and what it has spent by now. */
interface HeldStage {
  readonly hold: RunHold
  readonly spent: Cap
}

/** What a run holds while it is executed: its own hold, and those of stages that have a cap. */
export class RunHolds {
  readonly #store: Store
  readonly #run: Run
  readonly #limits: RunLimits
  readonly #warn: (message: string) => void
  readonly run: RunHold
  readonly #stages = new Map<RunHold, Stage>()
  #renewing: Promise<Denial | undefined> | undefined
  #isEnded = false

  constructor(store: Store, run: Run, hold: RunHold, { limits, warn }: { limits: RunLimits; warn: (message: string) => void }) {
    this.#store = store
    this.#run = run
    this.#limits = limits
    this.#warn = warn
    this.run = hold
  }

  /** Holds a stage's own cap, out of the run's where that has one. */
  async ofStage(stage: Stage, labels: Labels, cap: Cap): Promise<HeldRun | Denial> {
    const id = `${runHoldPrefix(this.#run.id)}${this.#run.attempt}:${hash('sha256', stage.key).slice(0, 16)}:${stage.attempt}`
    const held = await RunHold.ofStage(this.#store, id, this.run, labels, cap)
    if (held.granted) this.#stages.set(held.hold, stage)
    return held
  }

  /** Gives back what a stage did not use. */
  async release(hold: RunHold): Promise<void> {
    this.#stages.delete(hold)
    await hold.release()
  }

  /** Keeps all of it alive, and holds the run's cap anew where that ran out. */
  async keepAlive(): Promise<void> {
    for (const hold of [this.run, ...this.#stages.keys()]) if (await hold.isOpen()) await hold.extend()
    await this.renew()
  }

  /** The run is over: what it held is free, and nothing is held anew for calls that nobody waited for. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.#renewing
    for (const hold of this.#stages.keys()) await hold.release()
    await this.run.release()
  }

  /** Holds anew what ran out; gives the refusal where budgets have no room for it any more. */
  async renew(ofStage?: HeldStage): Promise<Denial | undefined> {
    if (this.#isEnded) return this.#ended()
    // One renewal at a time, so that calls that meet it together do not ask twice.
    this.#renewing ??= this.#renewRun().finally(() => (this.#renewing = undefined))
    return (await this.#renewing) ?? (ofStage === undefined ? undefined : this.#renewStage(ofStage))
  }

  #ended(): Denial {
    const { id } = this.#run
    return {
      ...usedUp(this.run, nothing),
      message: `The run "${id}" has ended, so nothing is held for calls of it any more. Its code must wait for its calls.`,
    }
  }

  async #renewRun(): Promise<Denial | undefined> {
    if (await this.run.isOpen()) return undefined
    const left = await this.#limits.afresh(this.run)
    const reached = left === null ? undefined : await this.#limits.used(this.run, left)
    if (reached !== undefined) return usedUp(this.run, reached)
    const renewed = await this.run.renew(left)
    if (renewed.granted) return undefined
    const { budget, metric, limit } = renewed
    this.#warn(
      `What was held for the run "${this.#run.id}" ran out, and budget "${budget}" of ${formatAmount(metric, limit)} has no room for it any more.`,
    )
    return renewed
  }

  async #renewStage({ hold, spent }: HeldStage): Promise<Denial | undefined> {
    const stage = this.#stages.get(hold)
    if (stage?.cap === undefined || stage.cap === null || (await hold.isOpen())) return undefined
    const left = less(stage.cap, spent, await hold.ofParts())
    // A hold for none of a metric would leave its calls to the budgets.
    const metric = (Object.keys(left) as (keyof Cap)[]).find((each) => left[each] === 0n)
    const limit = metric === undefined ? undefined : stage.cap[metric]
    if (metric !== undefined && limit !== undefined) {
      return usedUp(hold, { budget: 'stage', metric, scope: {}, limit, spent: limit, held: 0n, presumed: 0n, asked: null, resetsAt: null })
    }
    const renewed = await hold.renew(left)
    return renewed.granted ? undefined : renewed
  }
}

const nothing: LimitReached = {
  budget: 'run',
  metric: 'cost',
  scope: {},
  limit: 0n,
  spent: 0n,
  held: 0n,
  presumed: 0n,
  asked: null,
  resetsAt: null,
}

/** The refusal of a cap that has nothing left. */
function usedUp(hold: RunHold, limit: LimitReached): Denial {
  return {
    ...limit,
    granted: false,
    kind: 'exhausted',
    budget: hold.id,
    hold: hold.id,
    action: null,
    room: 0n,
    retryAfterMs: null,
    also: [],
    message: `${capitalised(limitText(limit))}.`,
  }
}
