import { setTimeout as wait } from 'node:timers/promises'
import type { Denial } from '../../budgets/denial.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { parseLabels } from '../../ledger/labels.ts'
import { limitText } from '../../runs/cap.ts'
import type { ModelNeed } from '../../runs/profiles/profile.ts'
import type { Cap, LimitReached, Run, Stage } from '../../runs/run.ts'
import { capitalised } from '../../text/sentence.ts'
import { CallDenied } from '../calls/call-denied.ts'
import { withLabels } from '../label-context.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { ModelAnswer } from '../profiles/profile-book.ts'
import { limitOf } from './run-admission.ts'
import type { RunHold } from './run-hold.ts'
import type { RunHolds } from './run-holds.ts'
import type { RunLease } from './run-lease.ts'
import { RunLeft } from './run-left.ts'
import type { RunLimits } from './run-limits.ts'
import { checkStage, type RunAdmission, type RunContext, type StageContext, type StageOptions, type StageRunner } from './run-options.ts'
import { type RunScope, withinRun } from './run-scope.ts'
import { keptResult, type RunStages } from './run-stages.ts'
import type { RunRecorder } from './run-recorder.ts'

/** How often a run that waits while it is paused looks whether it may go on. */
const lookMs = 300

export interface ActiveRunParts {
  readonly host: LedgerHost
  readonly run: Run
  readonly lease: RunLease
  readonly holds: RunHolds
  readonly limits: RunLimits
  readonly stages: RunStages
  readonly recorder: RunRecorder
  readonly admission: RunAdmission
  readonly presumed: readonly HoldView[]
  readonly whenPaused: 'leave' | 'wait'
  readonly model: (choice: ModelNeed) => Promise<ModelAnswer>
  readonly warn: (message: string) => void
  readonly log: (stage: Stage) => Promise<void>
}

type StageWork<T> = (stage: StageContext) => Promise<T> | T

/** A run that is executed: what its code sees, and what happens between its stages. */
export class ActiveRun implements RunContext {
  readonly #parts: ActiveRunParts
  #left: RunLeft | undefined
  /** What refused a call of a stage that has not ended. */
  #refusedBy: LimitReached | undefined
  readonly stage: StageRunner

  constructor(parts: ActiveRunParts) {
    this.#parts = parts
    const run = <T>(name: string, ...rest: [StageWork<T>] | [StageOptions, StageWork<T>]): Promise<T | undefined> =>
      rest.length === 1 ? this.#stage(name, {}, rest[0]) : this.#stage(name, rest[0], rest[1])
    this.stage = run as StageRunner
  }

  get id(): string {
    return this.#parts.run.id
  }

  get labels(): Labels {
    return this.#parts.run.labels
  }

  get attempt(): number {
    return this.#parts.run.attempt
  }

  get admission(): RunAdmission {
    return this.#parts.admission
  }

  get signal(): AbortSignal {
    return this.#parts.lease.signal
  }

  get presumed(): readonly HoldView[] {
    return this.#parts.presumed
  }

  /** Why the run's code was left; undefined while it was not. */
  get left(): RunLeft | undefined {
    return this.#left
  }

  model(choice: ModelNeed = {}): Promise<ModelAnswer> {
    return this.#parts.model(choice)
  }

  /** Runs the code of the run, with its labels and within its cap. */
  execute<T>(fn: (run: RunContext) => Promise<T> | T): Promise<T> {
    return withLabels(this.labels, () => withinRun(this.#scope(this.#parts.holds.run), async () => fn(this)))
  }

  /** What an error that left the run's code means: a refusal that nobody handled pauses the run. */
  leftBy(error: unknown): RunLeft | undefined {
    if (this.#left !== undefined) return this.#left
    if (this.signal.aborted) return this.#leave(...this.#abortedAs())
    const denial = denialOf(error)
    if (denial === undefined) return undefined
    const limit = this.#refusedBy ?? (denial.kind === 'unavailable' ? null : limitOf(denial as Denial))
    const why = limit === null ? denial.message : `${capitalised(limitText(limit))}. ${this.#nextStep(limit)}`
    return this.#leave('paused', `The run "${this.id}" is paused, because a call was refused. ${why}`, limit)
  }

  async #stage<T>(name: string, options: StageOptions, fn: StageWork<T>): Promise<T | undefined> {
    checkStage(name, options)
    const { stages, run } = this.#parts
    const stage = stages.describe(name, options, parseLabels(options.labels ?? {}))
    const finished = stages.finished(stage.key, options.keep === true)
    if (finished !== undefined) return (finished.kept?.value ?? undefined) as T | undefined
    const labels = parseLabels({ ...run.labels, ...stage.labels, stage: name })
    const next = { ...stage.cap, ...(stage.estimateNanos !== null && { cost: stage.estimateNanos }) }
    await this.#between(stage.key, labels, next)
    const hold = stage.cap === null ? undefined : await this.#holdFor(stage, labels, stage.cap)
    await this.#write(stage)
    try {
      return await this.#executeStage(stage, labels, hold, options, fn)
    } finally {
      if (hold !== undefined) await this.#parts.holds.release(hold)
    }
  }

  async #executeStage<T>(stage: Stage, labels: Labels, hold: RunHold | undefined, options: StageOptions, fn: StageWork<T>): Promise<T> {
    this.#refusedBy = undefined
    const context = { name: stage.name, key: stage.key, labels, signal: this.signal, attempt: stage.attempt }
    let value: T
    try {
      value = await withLabels({ ...stage.labels, stage: stage.name }, () =>
        withinRun(this.#scope(hold ?? this.#parts.holds.run, hold), async () => fn(context)),
      )
    } catch (error) {
      const left = this.leftBy(error)
      if (left?.as !== 'lost') {
        const message = left?.message ?? (error instanceof Error ? error.message : String(error))
        await this.#write({ ...stage, state: left === undefined ? 'failed' : 'interrupted', endedAt: Date.now(), message })
      }
      throw left ?? error
    }
    if (this.signal.aborted) throw this.#leave(...this.#abortedAs())
    await this.#complete(stage, options, value)
    return value
  }

  async #complete(stage: Stage, { keep = false }: StageOptions, value: unknown): Promise<void> {
    const kept = keep ? keptResult(value) : null
    if (kept === undefined) {
      this.#parts.warn(
        `What the stage "${stage.key}" gave is no JSON of at most 64 KB, so it is not kept, and runs again when the run is resumed.`,
      )
    }
    const ended: Stage = { ...stage, state: 'completed', endedAt: Date.now(), kept: kept ?? null }
    await this.#write(ended)
    await this.#parts.log(ended)
  }

  /** Goes on where nothing is in the way of the next stage; else leaves the run's code, or waits. */
  async #between(next: string, labels: Labels, amounts: Cap): Promise<void> {
    const { lease, limits, recorder, whenPaused, holds } = this.#parts
    for (let isPaused = false; ;) {
      if (this.#left !== undefined) throw this.#left
      const run = await recorder.read()
      if (!lease.owns(run) || lease.signal.aborted) throw this.#leave(...this.#abortedAs())
      if (run.wanted === 'stop') throw this.#leave('stopped', `The run "${run.id}" was stopped before the stage "${next}".`, null)
      const found =
        run.wanted === 'pause' || (isPaused && run.state === 'paused' && run.limit === null)
          ? asked
          : await limits.before(run, holds.run, labels, amounts)
      if (found === undefined) {
        if (isPaused) await recorder.resumed()
        return
      }
      const { action, limit } = found
      const why = limit === null ? 'Somebody asked for it.' : `${capitalised(limitText(limit))}.`
      if (action === 'terminate')
        throw this.#leave('terminated', `The run "${run.id}" was terminated before the stage "${next}". ${why}`, limit)
      const message = `The run "${run.id}" is paused before the stage "${next}". ${why} ${this.#nextStep(limit)}`
      if (whenPaused === 'leave') throw this.#leave('paused', message, limit)
      // Resumed by somebody, it is paused again where the limit still stands.
      if (!isPaused || run.state !== 'paused') await recorder.paused(message, limit)
      isPaused = true
      await wait(lookMs)
    }
  }

  #nextStep(limit: LimitReached | null): string {
    const { id } = this.#parts.run
    if (limit === null) return `\`purser runs resume ${id}\` lets it go on.`
    if (limit.budget === 'run') return `\`purser runs raise ${id} --by USD\` gives it more, and then it is resumed.`
    if (limit.budget === 'stage') return 'Its program has to give the stage a larger budget when it runs it again.'
    return `Raise the limit, or wait for its next window, and resume it.`
  }

  /** A stage's own cap, out of the run's where that has one. */
  async #holdFor(stage: Stage, labels: Labels, cap: Cap): Promise<RunHold> {
    const { holds, run } = this.#parts
    const held = await holds.ofStage(stage, labels, cap)
    if (held.granted) return held.hold
    const limit = await this.#limitOf(held)
    const why = `${capitalised(limitText(limit))}. ${this.#nextStep(limit)}`
    throw this.#leave('paused', `The run "${run.id}" is paused before the stage "${stage.key}". ${why}`, limit)
  }

  #scope(hold: RunHold, ofStage?: RunHold): RunScope {
    const { host, lease, run, holds } = this.#parts
    return {
      location: host.store.location,
      run: run.id,
      cap: () => (hold.cap === null ? undefined : hold.id),
      signal: lease.signal,
      denied: (denial) => this.#denied(denial, ofStage),
      renew: async () => {
        const refused = await holds.renew(ofStage)
        if (refused !== undefined) this.#refusedBy = await this.#limitOf(refused)
        return refused
      },
    }
  }

  /** A call was refused: by a cap that somebody may have raised, by a budget that ends the run, or by another one. */
  async #denied(denial: Denial, ofStage: RunHold | undefined): Promise<boolean> {
    const { holds, limits, recorder, lease } = this.#parts
    const { run: hold } = holds
    if (denial.hold === hold.id && ofStage === undefined && (await limits.raise(await recorder.read(), hold))) return true
    const limit = await this.#limitOf(denial)
    this.#refusedBy = limit
    if (denial.action === 'terminate') {
      this.#leave('terminated', `The run "${this.id}" is terminated. ${capitalised(limitText(limit))}.`, limit)
      lease.abort('terminated', limitText(limit))
    }
    return false
  }

  /** The figures of a refusal; those of a cap are what the run, or the stage, came to. */
  async #limitOf(denial: Denial): Promise<LimitReached> {
    return denial.hold === undefined ? limitOf(denial) : this.#parts.limits.ofCap(denial, this.#parts.holds.run)
  }

  /** Notes once why the run's code is left. */
  #leave(...[as, message, limit]: ConstructorParameters<typeof RunLeft>): RunLeft {
    return (this.#left ??= new RunLeft(as, message, limit))
  }

  #abortedAs(): ConstructorParameters<typeof RunLeft> {
    const { lease, run } = this.#parts
    if (lease.reason === 'taken-over') return ['lost', `Another process executes the run "${run.id}" now.`, null]
    return ['terminated', `The run "${run.id}" was terminated${lease.reason === 'host' ? ' by its host' : ''}.`, null]
  }

  async #write(stage: Stage): Promise<void> {
    try {
      await this.#parts.stages.write(stage)
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_CONFLICT') throw error
      throw this.#leave('lost', `Another process executes the run "${this.id}" now.`, null)
    }
  }
}

const asked = { action: 'pause', limit: null } as const

/** The refusal that an error stands for, also where it was thrown on in another one. */
function denialOf(error: unknown): CallDenied['denial'] | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    if (each instanceof CallDenied) return each.denial
  }
  return undefined
}
