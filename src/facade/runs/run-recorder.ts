import { changeRun, runEvent } from '../../runs/change-run.ts'
import type { LimitReached, Run, RunState } from '../../runs/run.ts'
import type { Store } from '../../stores/store.ts'
import type { RunLease } from './run-lease.ts'

/** Writes down what becomes of a run that this process executes; one that another has taken over stays as it is. */
export class RunRecorder {
  readonly #store: Store
  readonly #run: string
  readonly #lease: RunLease

  constructor(store: Store, run: string, lease: RunLease) {
    this.#store = store
    this.#run = run
    this.#lease = lease
  }

  read(): Promise<Run> {
    return changeRun(this.#store, this.#run, () => undefined)
  }

  queued(message: string, limit: LimitReached | null): Promise<Run> {
    return this.#change('run.queued', (run) => ({ ...run, state: 'queued', message, limit }))
  }

  started(more: Readonly<Record<string, unknown>>): Promise<Run> {
    return this.#change(
      'run.started',
      (run) => ({ ...run, state: 'running', startedAt: run.startedAt ?? Date.now(), endedAt: null, message: null, limit: null }),
      more,
    )
  }

  /** Its code waits; it is still this process's. */
  paused(message: string, limit: LimitReached | null): Promise<Run> {
    return this.#change('run.paused', (run) => ({ ...run, state: 'paused', message, limit, wanted: null }))
  }

  resumed(): Promise<Run> {
    return this.#change('run.resumed', (run) => ({ ...run, state: 'running', message: null, limit: null, wanted: null }))
  }

  /** Its code is left, and nobody executes it any more. */
  ended(state: RunState, message: string | null, limit: LimitReached | null, kind = `run.${state}`): Promise<Run> {
    return this.#change(kind, (run) => ({ ...run, state, message, limit, endedAt: Date.now(), owner: null, wanted: null }))
  }

  #change(kind: string, change: (run: Run) => Run, more: Readonly<Record<string, unknown>> = {}): Promise<Run> {
    return changeRun(this.#store, this.#run, (run) => {
      if (run.owner?.token !== this.#lease.token) return undefined
      const changed = change(run)
      return { run: changed, event: runEvent(kind, changed, more) }
    })
  }
}
