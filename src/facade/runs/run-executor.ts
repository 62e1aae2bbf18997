import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import { limitText } from '../../runs/cap.ts'
import type { ModelNeed } from '../../runs/profiles/profile.ts'
import { capReached } from '../../runs/limits-between-stages.ts'
import type { Cap, Run, Stage } from '../../runs/run.ts'
import { capitalised, messageOf } from '../../text/sentence.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { ModelAnswer, ModelQuestion } from '../profiles/profile-book.ts'
import { ActiveRun } from './active-run.ts'
import type { Liveness } from './liveness.ts'
import { type AdmissionTerms, RunAdmissions } from './run-admission.ts'
import { claimRun, describeRun } from './run-claim.ts'
import { releaseEarlier, type RunHold } from './run-hold.ts'
import { RunHolds } from './run-holds.ts'
import { RunLease } from './run-lease.ts'
import type { RunLeft } from './run-left.ts'
import { RunLimits } from './run-limits.ts'
import type { RunAdmission, RunContext, RunOptions, RunResult } from './run-options.ts'
import { RunRecorder } from './run-recorder.ts'
import { added, amountsOf, less, presumedOf, spentOf } from './run-spending.ts'
import { RunStages } from './run-stages.ts'
import { RunTurns } from './run-turns.ts'
import { untrackedRun } from './untracked-run.ts'

/** What runs need of the rest of the facade. */
export interface RunServices {
  readonly seedAll: () => Promise<void>
  /** Waits until the calls that are over are booked. */
  readonly flush: () => Promise<unknown>
  readonly model: (question: ModelQuestion) => Promise<ModelAnswer>
  /** Keeps the report of a run that has ended. */
  readonly keepReport: (run: string) => Promise<void>
  readonly warn: (message: string) => void
  /** Told what a stage, or a run, came to. */
  readonly log: ((line: string, fields: Readonly<Record<string, unknown>>) => void) | undefined
}

/** A run on its way: what this process knows of it. */
interface Execution {
  readonly run: Run
  readonly lease: RunLease
  readonly recorder: RunRecorder
  readonly limits: RunLimits
  readonly presumed: readonly HoldView[]
  readonly terms: AdmissionTerms
}

/** Executes runs: claims them, lets them in, runs their code, and writes down how they end. */
export class RunExecutor {
  readonly #host: LedgerHost
  readonly #liveness: Liveness
  readonly #services: RunServices
  readonly #turns: RunTurns
  readonly #admissions: RunAdmissions

  constructor(host: LedgerHost, liveness: Liveness, services: RunServices) {
    this.#host = host
    this.#liveness = liveness
    this.#services = services
    this.#turns = new RunTurns(host.store, liveness)
    this.#admissions = new RunAdmissions(host.store, this.#turns)
  }

  async execute<T>(options: RunOptions, fn: (run: RunContext) => Promise<T> | T): Promise<RunResult<T>> {
    const described = describeRun(options, Date.now())
    const model = (need: ModelNeed): Promise<ModelAnswer> => this.#model(described, need)
    if (!this.#host.isTracking) return untrackedRun(described, options, fn, model)
    const { store } = this.#host
    let holds: RunHolds | undefined
    const lease = new RunLease(store, described.id, { onBeat: async () => holds?.keepAlive(), warn: this.#services.warn })
    const claim = await this.#host.run(() => claimRun(store, described, options, lease.owner(), this.#liveness))
    if (claim.isPaused)
      return {
        state: 'paused',
        run: claim.run,
        message: `${claim.run.message ?? 'Somebody paused it.'} ${resumeIt(claim.run)}`,
        limit: null,
      }
    lease.begin()
    const abort = (): void => lease.abort('host', 'The host ended the run.')
    options.signal?.addEventListener('abort', abort, { once: true })
    if (options.signal?.aborted === true) abort()
    try {
      const recorder = new RunRecorder(store, described.id, lease)
      const { run } = claim
      const presumed = run.attempt > 1 ? await releaseEarlier(store, run.id) : []
      const before = run.attempt > 1 ? added(await spentOf(store, run.id), presumedOf(presumed)) : none
      const limits = new RunLimits(store, run.id, before)
      const execution = { run, lease, recorder, limits, presumed, terms: this.#terms(options, lease, recorder, run) }
      const admitted = await this.#admit(execution, before)
      if ('state' in admitted) return admitted
      const started = await recorder.started({ ...admitted.admission })
      const stages = await RunStages.load(store, run.id)
      holds = new RunHolds(store, started, admitted.hold, { limits, warn: this.#services.warn })
      const active = new ActiveRun({
        host: this.#host,
        run: started,
        lease,
        holds,
        limits,
        stages,
        recorder,
        admission: admitted.admission,
        presumed,
        whenPaused: options.whenPaused ?? 'leave',
        model,
        warn: this.#services.warn,
        log: (stage) => this.#logStage(started, stage),
      })
      return await this.#execute(execution, active, admitted, fn)
    } finally {
      options.signal?.removeEventListener('abort', abort)
      lease.end()
    }
  }

  async #execute<T>(
    execution: Execution,
    active: ActiveRun,
    { hold, admission }: { hold: RunHold; admission: RunAdmission },
    fn: (run: RunContext) => Promise<T> | T,
  ): Promise<RunResult<T>> {
    let result: T
    try {
      result = await active.execute(fn)
    } catch (error) {
      const left = active.leftBy(error)
      if (left !== undefined) return this.#leave(execution, hold, left)
      await this.#over(execution, hold, () => execution.recorder.ended('failed', messageOf(error), null))
      throw error
    }
    const left = active.left ?? active.leftBy(undefined)
    if (left !== undefined) return this.#leave(execution, hold, left)
    const run = await this.#over(execution, hold, () => execution.recorder.ended('completed', null, null))
    return { state: 'completed', run, result, admission }
  }

  async #leave<T>(execution: Execution, hold: RunHold, left: RunLeft): Promise<RunResult<T>> {
    const { message, limit } = left
    if (left.as === 'lost') {
      await hold.release()
      throw new PurserError('PURSER_RUN_BUSY', `${message} What this one still did is booked; its last stage is executed again there.`)
    }
    const state = left.as
    const run = await this.#over(execution, hold, () => execution.recorder.ended(state, message, limit))
    return { state, run, message, limit }
  }

  /** Ends a run: its calls are booked, what it held is free, its turn is the next one's, and its report is kept. */
  async #over({ run, terms }: Execution, hold: RunHold, record: () => Promise<Run>): Promise<Run> {
    await this.#services.flush()
    await hold.release()
    const ended = await record()
    if (terms.maxConcurrent !== undefined) await this.#turns.leave(terms.place, terms.queue)
    if (ended.state !== 'paused') {
      await this.#services.keepReport(run.id).catch((error: unknown) => {
        this.#services.warn(
          `The report of the run "${run.id}" could not be kept: ${messageOf(error)}. \`purser runs report ${run.id}\` makes it.`,
        )
      })
    }
    return ended
  }

  async #admit(
    { run, recorder, lease, terms }: Execution,
    before: Required<Cap>,
  ): Promise<{ hold: RunHold; admission: RunAdmission } | Extract<RunResult<never>, { limit: unknown }>> {
    const cap = run.cap === null ? null : less(run.cap, before)
    const spent = run.cap === null ? undefined : capReached(run.cap, before, none, {})
    const answer =
      spent === undefined
        ? await this.#admissions.admit(run, { cap, estimate: less(amountsOf(run.estimate), before) }, terms)
        : {
            granted: false as const,
            limit: spent,
            message: `${capitalised(limitText(spent))}. \`purser runs raise ${run.id} --by USD\` gives it more.`,
          }
    if (answer.granted) return answer
    const { limit, message } = answer
    if (lease.signal.aborted) return { state: 'terminated', run: await recorder.ended('terminated', message, limit), message, limit }
    // One that ran before stays what it was: paused, to be resumed.
    const state = run.attempt > 1 ? 'paused' : 'planned'
    return { state: 'refused', run: await recorder.ended(state, message, limit, 'run.refused'), message, limit }
  }

  #terms(
    { maxConcurrent, queue = 'runs', waitMs = Number.POSITIVE_INFINITY }: RunOptions,
    lease: RunLease,
    recorder: RunRecorder,
    run: Run,
  ): AdmissionTerms {
    return {
      place: { run: run.id, token: lease.token },
      signal: lease.signal,
      maxConcurrent,
      queue,
      waitMs,
      onWait: async (message, limit) => void (await recorder.queued(message, limit)),
      seedAll: this.#services.seedAll,
    }
  }

  #model({ labels, profile }: Run, need: ModelNeed): Promise<ModelAnswer> {
    return this.#services.model({ ...need, labels, ...(profile !== null && { profile }) })
  }

  async #logStage({ id, project }: Run, { name, key }: Stage): Promise<void> {
    const { log } = this.#services
    if (log === undefined) return
    await this.#services.flush()
    const { stageLine } = await import('./stage-line.ts')
    const [line, fields] = await stageLine(this.#host.store, { run: id, project, stage: name, key })
    log(line, fields)
  }
}

const none: Required<Cap> = { cost: 0n, tokens: 0n, calls: 0n }

function resumeIt({ id }: Run): string {
  return `\`purser runs resume ${id}\` lets it go on.`
}
