import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import { waitingText } from '../../runs/approval.ts'
import { limitText } from '../../runs/cap.ts'
import type { ModelNeed } from '../../runs/profiles/profile.ts'
import { capReached } from '../../runs/limits-between-stages.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { Cap, Run, Stage } from '../../runs/run.ts'
import { capitalised, messageOf } from '../../text/sentence.ts'
import type { LedgerHost } from '../ledger-host.ts'
import type { BegunWith, ModelAnswer, ModelQuestion } from '../profiles/profile-book.ts'
import { ActiveRun } from './active-run.ts'
import type { Liveness } from './liveness.ts'
import { type AdmissionTerms, RunAdmissions } from './run-admission.ts'
import { claimRun, describeRun } from './run-claim.ts'
import { releaseEarlier, type RunHold } from './run-hold.ts'
import { RunHolds } from './run-holds.ts'
import { RunLease } from './run-lease.ts'
import { raiseIt, type RunLeft } from './run-left.ts'
import { RunLimits } from './run-limits.ts'
import type { RunAdmission, RunContext, RunOptions, RunResult } from './run-options.ts'
import { RunRecorder } from './run-recorder.ts'
import { added, amountsOf, less, presumedOf, spentOf } from './run-spending.ts'
import { RunStages } from './run-stages.ts'
import { stageLine } from './stage-line.ts'
import { RunTurns } from './run-turns.ts'
import { untrackedRun } from './untracked-run.ts'

/** What runs need of the rest of the facade. */
export interface RunServices {
  readonly seedAll: () => Promise<void>
  /** Waits until the calls that are over are booked. */
  readonly flush: () => Promise<unknown>
  readonly model: (question: ModelQuestion, run: BegunWith) => Promise<ModelAnswer>
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
  /** What is foreseen of it now; null where that is what was foreseen before. */
  readonly estimate: CostEstimate | null
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
    let claimed = described
    const model = (need: ModelNeed): Promise<ModelAnswer> => this.#model(claimed, need)
    if (!this.#host.isTracking) return untrackedRun(described, options, fn, model)
    const { store } = this.#host
    let holds: RunHolds | undefined
    const lease = new RunLease(store, described.id, { onBeat: async () => holds?.keepAlive(), warn: this.#services.warn })
    const claim = await this.#host.run(() => claimRun(store, described, options, lease.owner(), this.#liveness))
    claimed = claim.run
    if (claim.waits === true) return { state: 'refused', run: claim.run, message: waitingText(claim.run), limit: null }
    if (claim.isPaused)
      return {
        state: 'paused',
        run: claim.run,
        message: `Somebody paused it. ${resumeIt(claim.run)}`,
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
      const execution = {
        run,
        lease,
        recorder,
        limits,
        presumed,
        estimate: described.estimate,
        terms: this.#terms(options, lease, recorder, run),
      }
      const admitted = await this.#admit(execution, before)
      if ('state' in admitted) return admitted
      const { waitedFor, ...said } = admitted.admission
      const started = await recorder.started({ ...said, ...(waitedFor !== null && { waitedFor: waitedFor.message }) })
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
        flush: () => this.#services.flush(),
      })
      return await this.#execute(execution, active, holds, fn)
    } finally {
      options.signal?.removeEventListener('abort', abort)
      lease.end()
    }
  }

  async #execute<T>(
    execution: Execution,
    active: ActiveRun,
    holds: RunHolds,
    fn: (run: RunContext) => Promise<T> | T,
  ): Promise<RunResult<T>> {
    let result: T
    try {
      result = await active.execute(fn)
    } catch (error) {
      const left = active.leftBy(error)
      if (left !== undefined) return this.#leave(execution, holds, left)
      await this.#over(execution, holds, () => execution.recorder.ended('failed', messageOf(error), null))
      throw error
    }
    const left = active.left ?? active.leftBy(undefined)
    if (left !== undefined) return this.#leave(execution, holds, left)
    const run = await this.#over(execution, holds, () => execution.recorder.ended('completed', null, null))
    return { state: 'completed', run, result, admission: active.context.admission }
  }

  async #leave<T>(execution: Execution, holds: RunHolds, left: RunLeft): Promise<RunResult<T>> {
    const { message, limit } = left
    if (left.as === 'lost') {
      await holds.end()
      throw new PurserError('PURSER_RUN_BUSY', `${message} What this one still did is booked; its last stage is executed again there.`)
    }
    const state = left.as
    const run = await this.#over(execution, holds, () => execution.recorder.ended(state, message, limit))
    return { state, run, message, limit }
  }

  /** Ends a run: its calls are booked, what it held is free, its turn is the next one's, and its report is kept. */
  async #over({ run, terms }: Execution, holds: RunHolds, record: () => Promise<Run>): Promise<Run> {
    await this.#services.flush()
    await holds.end()
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
    { run, recorder, lease, terms, estimate }: Execution,
    before: Required<Cap>,
  ): Promise<{ hold: RunHold; admission: RunAdmission } | Extract<RunResult<never>, { limit: unknown }>> {
    const cap = run.cap === null ? null : less(run.cap, before)
    const spent = run.cap === null ? undefined : capReached(run.cap, before, none, {})
    const answer =
      spent === undefined
        ? await this.#admissions.admit(run, { cap, estimate: less(amountsOf(estimate ?? run.estimate), before) }, terms)
        : {
            granted: false as const,
            limit: spent,
            message: `${capitalised(limitText(spent))}. ${raiseIt(run.id, spent)}.`,
          }
    if (answer.granted) return { ...answer, admission: withUnpriced(answer.admission, estimate ?? run.estimate) }
    const { limit, message } = answer
    if (lease.signal.aborted) {
      const said = `The run "${run.id}" was terminated while it waited.`
      return { state: 'terminated', run: await recorder.ended('terminated', said, null), message: said, limit: null }
    }
    if (lease.wanted === 'stop' || lease.wanted === 'pause') {
      const as = lease.wanted === 'stop' ? 'stopped' : 'paused'
      const said = `The run "${run.id}" was ${as} while it waited.`
      return { state: as, run: await recorder.ended(as, said, null), message: said, limit: null }
    }
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
      wanted: () => lease.wanted,
      maxConcurrent,
      queue,
      waitMs,
      onWait: async (message, limit) => void (await recorder.queued(message, limit)),
      seedAll: this.#services.seedAll,
    }
  }

  #model({ labels, profile, profileSince }: Run, need: ModelNeed): Promise<ModelAnswer> {
    return this.#services.model({ ...need, labels }, { profile, profileSince })
  }

  #logStage({ id, project }: Run, stage: Stage): void {
    const { log } = this.#services
    if (log === undefined) return
    const [line, fields] = stageLine({ id, project }, stage)
    log(line, fields)
  }
}

/** What nobody can price is left out of an estimate, which no budget was asked for. */
function withUnpriced(admission: RunAdmission, estimate: CostEstimate | null): RunAdmission {
  if (estimate === null || estimate.unpriced.length === 0) return admission
  const models = [...new Set(estimate.unpriced.map(({ model }) => model))].join(', ')
  const warning = `Its estimate leaves out what has no price (${models}), so the run costs more than budgets were asked for.`
  return {
    ...admission,
    verdict: admission.verdict === 'granted' ? 'warned' : admission.verdict,
    warnings: [...admission.warnings, warning],
  }
}

const none: Required<Cap> = { cost: 0n, tokens: 0n, calls: 0n }

function resumeIt({ id }: Run): string {
  return `\`purser runs resume ${id}\` lets it go on.`
}
