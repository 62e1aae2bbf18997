import { AsyncLocalStorage } from 'node:async_hooks'
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
import { denialOf } from '../calls/call-denied.ts'
import { withLabels } from '../label-context.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { ModelAnswer } from '../profiles/profile-book.ts'
import { limitOf } from './run-admission.ts'
import type { RunHold } from './run-hold.ts'
import type { RunHolds } from './run-holds.ts'
import type { RunLease } from './run-lease.ts'
import { pausedText, RunLeft } from './run-left.ts'
import type { RunLimits } from './run-limits.ts'
import { checkStage, type RunAdmission, type RunContext, type StageContext, type StageOptions, type StageRunner } from './run-options.ts'
import { type RunScope, withinRun } from './run-scope.ts'
import { keptResult, type RunStages } from './run-stages.ts'
import { checkNesting, holdForStage } from './stage-hold.ts'
import { StageTally } from './stage-tally.ts'
import { stopBefore } from './stop-before.ts'
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
  readonly log: (stage: Stage) => void
  /** Waits until the calls that are over are booked. */
  readonly flush: () => Promise<unknown>
}

/** A stage while it is executed: its own cap, where it has one, and what its calls came to. */
interface ExecutedStage {
  readonly hold: RunHold | undefined
  readonly cap: Cap | null
  readonly tally: StageTally
}

type StageWork<T> = (stage: StageContext) => Promise<T> | T

/** A run that is executed: what its code sees, and what happens between its stages. */
export class ActiveRun {
  readonly #parts: ActiveRunParts
  #left: RunLeft | undefined
  /** Stages that have begun and are not over. */
  readonly #running = new Set<Promise<unknown>>()
  /** The stage that code belongs to, for stages within stages. */
  readonly #within = new AsyncLocalStorage<ExecutedStage>()
  /** Whether the run's code has ended, so that no further stage begins. */
  #isOver = false
  /** What refused a call of a stage that has not ended. */
  #refusedBy: LimitReached | undefined
  /** What its code sees. */
  readonly context: RunContext

  constructor(parts: ActiveRunParts) {
    this.#parts = parts
    const run = <T>(name: string, ...rest: [StageWork<T>] | [StageOptions, StageWork<T>]): Promise<T | undefined> =>
      this.#follow(rest.length === 1 ? this.#stage(name, {}, rest[0]) : this.#stage(name, rest[0], rest[1]))
    const { id, labels, attempt } = parts.run
    const { admission, presumed, lease, model } = parts
    const stage = run as StageRunner
    this.context = { id, labels, attempt, admission, presumed, signal: lease.signal, stage, model: (need = {}) => model(need) }
  }

  /** Why the run's code was left; undefined while it was not. */
  get left(): RunLeft | undefined {
    return this.#left
  }

  /** Runs the code of the run, with its labels and within its cap, until it and all stages that it began are over. */
  async execute<T>(fn: (run: RunContext) => Promise<T> | T): Promise<T> {
    let result: T
    try {
      result = await withLabels(this.context.labels, () => withinRun(this.#scope(this.#parts.holds.run), async () => fn(this.context)))
    } catch (error) {
      await this.#stagesEnd()
      throw error
    }
    const unwaited = await this.#stagesEnd()
    if (unwaited !== undefined) throw unwaited.reason
    return result
  }

  /** Waits for the stages that the code has begun and not waited for; gives what the first of them threw that failed. */
  async #stagesEnd(): Promise<PromiseRejectedResult | undefined> {
    this.#isOver = true
    let failed: PromiseRejectedResult | undefined
    while (this.#running.size > 0) {
      const ended = await Promise.allSettled(this.#running)
      failed ??= ended.find((each) => each.status === 'rejected')
    }
    return failed
  }

  /** What an error that left the run's code means: a refusal that nobody handled pauses the run. */
  leftBy(error: unknown): RunLeft | undefined {
    if (this.#left !== undefined) return this.#left
    if (this.context.signal.aborted) return this.#leave(...this.#abortedAs())
    const denial = denialOf(error)
    if (denial === undefined) return undefined
    const isLimit = denial.kind === 'exhausted' || denial.kind === 'contended' || denial.kind === 'never-fits'
    const limit = this.#refusedBy ?? (isLimit ? limitOf(denial) : null)
    const why = limit === null ? denial.message : pausedText(this.context.id, limit)
    return this.#leave('paused', `The run "${this.context.id}" is paused, because a call was refused. ${why}`, limit)
  }

  /** Stages may run side by side; the run is over once they all are. */
  #follow<T>(stage: Promise<T>): Promise<T> {
    const forget = (): void => void this.#running.delete(stage)
    this.#running.add(stage)
    // What a stage throws that nobody waits for is thrown by the run itself, once its code is over.
    stage.then(forget, forget)
    return stage
  }

  async #stage<T>(name: string, options: StageOptions, fn: StageWork<T>): Promise<T | undefined> {
    checkStage(name, options)
    checkNesting(name, this.#within.getStore())
    const { stages, run } = this.#parts
    const stage = stages.describe(name, options, parseLabels(options.labels ?? {}))
    const finished = stages.finished(stage.key, options)
    if (finished !== undefined) return finished.kept?.value as T | undefined
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
    const tally = new StageTally(stage.spent)
    const executed = { hold, cap: stage.cap, tally }
    const context = { name: stage.name, key: stage.key, labels, signal: this.context.signal, attempt: stage.attempt }
    let value: T
    try {
      value = await withLabels({ ...stage.labels, stage: stage.name }, () =>
        withinRun(this.#scope(executed.hold ?? this.#parts.holds.run, executed), () => this.#within.run(executed, async () => fn(context))),
      )
    } catch (error) {
      const left = this.leftBy(error)
      if (left?.as !== 'lost') {
        const message = left?.message ?? (error instanceof Error ? error.message : String(error))
        await this.#end({ ...stage, state: left === undefined ? 'failed' : 'interrupted', message }, tally)
        if (left === undefined) this.#parts.stages.free(stage.key)
      }
      throw left ?? error
    }
    if (this.context.signal.aborted) throw this.#leave(...this.#abortedAs())
    await this.#complete(stage, options, value, tally)
    return value
  }

  async #complete(stage: Stage, { keep = false }: StageOptions, value: unknown, tally: StageTally): Promise<void> {
    const kept = keep ? keptResult(value) : null
    if (kept === undefined) {
      this.#parts.warn(
        `What the stage "${stage.key}" gave is no JSON of at most 64 KB, so it is not kept. A resumed run cannot give it again: keep a reference instead, such as a path.`,
      )
    }
    await this.#end({ ...stage, state: 'completed', kept: kept ?? null }, tally)
  }

  /** Writes down that a stage is over, and what its calls came to. */
  async #end(stage: Stage, tally: StageTally): Promise<void> {
    await this.#parts.flush()
    const ended: Stage = { ...stage, endedAt: Date.now(), spent: tally.spent }
    await this.#write(ended)
    this.#parts.log(ended)
  }

  /** Goes on where nothing is in the way of the next stage; else leaves the run's code, or waits. */
  async #between(next: string, labels: Labels, amounts: Cap): Promise<void> {
    const { recorder, lease } = this.#parts
    for (let isPaused = false; ;) {
      if (this.#left !== undefined) throw this.#left
      if (this.#isOver) {
        throw new PurserError(
          'PURSER_CONFLICT',
          `The code of the run "${this.context.id}" has ended, so the stage "${next}" does not begin.`,
        )
      }
      const run = await recorder.read()
      if (!lease.owns(run) || lease.signal.aborted) throw this.#leave(...this.#abortedAs())
      const stop = await stopBefore(this.#parts, run, { next, labels, amounts, isPaused })
      if (stop === undefined) {
        if (isPaused) await recorder.resumed()
        return
      }
      if (stop.as !== 'paused' || this.#parts.whenPaused === 'leave') throw this.#leave(stop.as, stop.message, stop.limit)
      // Resumed by somebody, it is paused again where the limit still stands.
      if (!isPaused || run.state !== 'paused') await recorder.paused(stop.message, stop.limit)
      isPaused = true
      await wait(lookMs)
    }
  }

  /** A stage's own cap, out of the run's where that has one; without room for it the run's code is left. */
  async #holdFor(stage: Stage, labels: Labels, cap: Cap): Promise<RunHold> {
    const { holds, run } = this.#parts
    const held = await holdForStage(holds, stage, labels, cap)
    if ('hold' in held) return held.hold
    const limit = 'reached' in held ? held.reached : await this.#limitOf(held.denial)
    throw this.#leave('paused', `The run "${run.id}" is paused before the stage "${stage.key}". ${pausedText(run.id, limit)}`, limit)
  }

  #scope(hold: RunHold, stage?: ExecutedStage): RunScope {
    const { host, lease, run, holds } = this.#parts
    return {
      location: host.store.location,
      run: run.id,
      profile: run.profile,
      profileSince: run.profileSince,
      cap: () => (hold.cap === null ? undefined : hold.id),
      signal: lease.signal,
      denied: (denial) => this.#denied(denial, stage),
      renew: async () => {
        const held = stage?.hold && { hold: stage.hold, spent: stage.tally.spent }
        const refused = await holds.renew(held)
        if (refused !== undefined) this.#refusedBy = await this.#limitOf(refused, stage)
        return refused
      },
      booked: (draft) => stage?.tally.add(draft),
    }
  }

  /** A call was refused: by a cap that somebody may have raised, by a budget that ends the run, or by another one. */
  async #denied(denial: Denial, stage: ExecutedStage | undefined): Promise<boolean> {
    const { holds, limits, recorder, lease } = this.#parts
    const { run: hold } = holds
    if (denial.hold === hold.id && (await limits.raise(await recorder.read(), hold))) return true
    const limit = await this.#limitOf(denial, stage)
    // What nobody can bound or price reached no limit; its own words say what to do.
    this.#refusedBy = denial.kind === 'unbounded' || denial.kind === 'unpriced' ? undefined : limit
    if (denial.action === 'terminate') {
      this.#leave('terminated', `The run "${this.context.id}" is terminated. ${capitalised(limitText(limit))}.`, limit)
      lease.abort('terminated', limitText(limit))
    }
    return false
  }

  /** The figures of a refusal; those of a cap are what the run, or the stage, came to. */
  async #limitOf(denial: Denial, stage?: ExecutedStage): Promise<LimitReached> {
    if (denial.hold === undefined) return limitOf(denial)
    const { holds, limits } = this.#parts
    if (stage?.hold === undefined || denial.hold !== stage.hold.id) return limits.ofCap(denial, holds.run)
    // A stage's figures are its own, also where others have its name.
    await this.#parts.flush()
    const { metric } = denial
    if (metric === 'concurrency') return { ...limitOf(denial), budget: 'stage' }
    return { ...limitOf(denial), budget: 'stage', limit: stage.cap?.[metric] ?? denial.limit, spent: stage.tally.spent[metric], held: 0n }
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
      throw this.#leave('lost', `Another process executes the run "${this.context.id}" now.`, null)
    }
  }
}
