import { randomUUID } from 'node:crypto'
import { changeRun } from '../../runs/change-run.ts'
import type { Run, RunOwner } from '../../runs/run.ts'
import { readRun } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import { messageOf } from '../../text/sentence.ts'
import { thisProcess } from '../calls/process-mark.ts'

/** How soon a run notices what somebody else wants of it, and how often it says that it lives. */
const [lookMs, beatMs] = [500, 15_000]

// Of all copies of the package in this process: a run whose token is not among them has been left by its code.
const activeKey = Symbol.for('purser.activeRuns')
const holder = globalThis as { [activeKey]?: Set<string> }
const active = (holder[activeKey] ??= new Set())

/** Whether this process executes the run of a token now. */
export function isActive({ token, host, pid }: RunOwner): boolean {
  const own = thisProcess()
  return host !== own.host || pid !== own.pid || active.has(token)
}

/** Why the calls of a run are aborted. */
export type AbortReason = 'terminated' | 'taken-over' | 'host'

/**
 * The right to execute a run: gives signs of life, sees what others want of the run, and whether another process has
 * taken it over.
 */
export class RunLease {
  readonly token = randomUUID()
  readonly #store: Store
  readonly #run: string
  readonly #abort = new AbortController()
  readonly #onBeat: () => Promise<void>
  readonly #warn: (message: string) => void
  #timer: NodeJS.Timeout | undefined
  #beat = 0
  #beatAt = performance.now()
  #reason: AbortReason | undefined
  #wanted: Run['wanted'] = null

  constructor(store: Store, run: string, { onBeat, warn }: { onBeat: () => Promise<void>; warn: (message: string) => void }) {
    this.#store = store
    this.#run = run
    this.#onBeat = onBeat
    this.#warn = warn
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get reason(): AbortReason | undefined {
    return this.#reason
  }

  owner(): RunOwner {
    return { token: this.token, ...thisProcess(), beat: this.#beat, beatAt: Date.now() }
  }

  /** Begins with signs of life, until `end`. */
  begin(): void {
    active.add(this.token)
    this.#schedule()
  }

  end(): void {
    active.delete(this.token)
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  abort(reason: AbortReason, message: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#abort.abort(new DOMException(message, 'AbortError'))
  }

  /** What somebody wanted of the run when it was looked at last. */
  get wanted(): Run['wanted'] {
    return this.#wanted
  }

  /** Whether a run, as it stands, is still this one's; aborts where it is not, or somebody ends it. */
  owns(run: Run): boolean {
    this.#wanted = run.wanted
    if (run.owner?.token !== this.token) this.abort('taken-over', `Another process executes the run "${run.id}" now.`)
    else if (run.wanted === 'terminate') this.abort('terminated', `The run "${run.id}" was terminated.`)
    return this.#reason === undefined
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#look(), lookMs)
  }

  async #look(): Promise<void> {
    try {
      const kept = await readRun(this.#store, this.#run)
      if (kept !== undefined && this.owns(kept.value) && performance.now() - this.#beatAt > beatMs) await this.#giveSign()
    } catch (error) {
      this.#warn(`The run "${this.#run}" cannot say that it lives: ${messageOf(error)}.`)
    }
    if (this.#timer !== undefined && this.#reason !== 'taken-over') this.#schedule()
  }

  async #giveSign(): Promise<void> {
    this.#beatAt = performance.now()
    this.#beat += 1
    await changeRun(this.#store, this.#run, (run) =>
      run.owner?.token === this.token ? { run: { ...run, owner: this.owner() } } : undefined,
    )
    await this.#onBeat()
  }
}
