import { formatAmount } from '../../budgets/amount-text.ts'
import { PurserError } from '../../errors.ts'
import type { RunSelection } from '../../reports/runs/list-runs.ts'
import { approved, declined, replanned } from '../../runs/approval.ts'
import { type CapInput, largerCap, parseCap } from '../../runs/cap.ts'
import { changeable, changeRun, isWritten, runEvent } from '../../runs/change-run.ts'
import { type Cap, endStates, type Run, type RunState, type Stage } from '../../runs/run.ts'
import { readRun, readRuns, readStages } from '../../runs/run-documents.ts'
import { type Author, authorOf } from '../access/change-document.ts'
import { checkValue, text } from '../check-fields.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { Liveness } from './liveness.ts'
import { describeRun } from './run-claim.ts'
import type { RunExecutor, RunServices } from './run-executor.ts'
import { releaseEarlier, runAsked } from './run-hold.ts'
import { isActive } from './run-lease.ts'
import { checkRunOptions, type RunContext, type RunOptions, type RunResult } from './run-options.ts'
import { less, parseEstimate } from './run-spending.ts'

export interface PlanOptions extends Author {
  /** Whether the run waits to be approved: until then `purser.run` refuses it. */
  readonly waits?: boolean
}

/** What is to change of a run that has not begun; null takes it away. */
export type PlanChange = Partial<{ readonly [K in 'estimate' | 'budget' | 'profile']: RunOptions[K] | null }>

/**
 * The runs of a ledger. With cost tracking off none is written or changed, and what is asked of one is answered all the same.
 * @example
 * await purser.runs.raise('film-7', { by: '5.00' })
 * await purser.runs.resume('film-7')
 */
export class RunBook {
  readonly #host: LedgerHost
  readonly #liveness = new Liveness()
  readonly #services: RunServices
  #executor: RunExecutor | undefined

  constructor(host: LedgerHost, services: RunServices) {
    this.#host = host
    this.#services = services
  }

  /** See `Purser.run`. */
  async execute<T>(options: RunOptions, fn: (run: RunContext) => Promise<T> | T): Promise<RunResult<T>> {
    checkRunOptions(options)
    checkValue('The code of a run', fn, { is: 'a function', holds: (value) => typeof value === 'function' })
    // Loaded on first use, because a question about costs does not need it.
    const { RunExecutor } = await import('./run-executor.ts')
    this.#executor ??= new RunExecutor(this.#host, this.#liveness, this.#services)
    return this.#executor.execute(options, fn)
  }

  /**
   * Writes a run down with its estimate, to be run later by its id; with cost tracking off nothing is written.
   * @throws PURSER_CONFLICT where there is one of that id
   */
  async plan(options: RunOptions, { waits = false, ...author }: PlanOptions = {}): Promise<Run> {
    checkRunOptions(options)
    const run: Run = { ...describeRun(options, Date.now()), ...(waits && { approval: 'waiting' }) }
    const event = runEvent('run.planned', run, { author: authorOf(author), before: null, after: changeable(run) })
    return this.#host.run(async () => {
      if (!this.#host.isTracking) return run
      if (await isWritten(this.#host.store, { run, event }, 0)) return run
      throw new PurserError('PURSER_CONFLICT', `There is a run "${run.id}" already. \`purser runs show ${run.id}\` shows it.`)
    })
  }

  /** Lets a planned run that waits for it begin. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
  approve(id: string, author: Author = {}): Promise<Run> {
    return this.#ask(id, 'run.approved', approved, author)
  }

  /** Ends a planned run that waits to be approved, for good. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
  decline(id: string, { reason, ...author }: Author & { readonly reason?: string } = {}): Promise<Run> {
    return this.#ask(id, 'run.declined', (run) => declined(run, reason, Date.now()), author)
  }

  /**
   * Changes what is planned of a run that has not begun. One that was approved waits to be approved again.
   * @throws PURSER_NOT_FOUND, PURSER_CONFLICT, PURSER_BAD_ARGUMENT
   */
  async replan(id: string, change: PlanChange, author: Author = {}): Promise<Run> {
    const { estimate, budget, profile } = change
    checkRunOptions(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null)))
    const now = Date.now()
    const changed = {
      ...(estimate !== undefined && { estimate: estimate === null ? null : parseEstimate('estimate', estimate, now) }),
      ...(budget !== undefined && { cap: budget === null ? null : parseCap('budget', budget) }),
      ...(profile !== undefined && { profile, profileSince: profile === null ? null : now }),
    }
    return this.#ask(id, 'run.replanned', (run) => replanned(run, changed), author)
  }

  /** A run as it stands; undefined where the ledger knows it by its calls at most. */
  get(id: string): Promise<Run | undefined> {
    checkValue('The id of a run', id, text)
    return this.#host.run(async () => (await readRun(this.#host.store, id))?.value)
  }

  /** The last made first. */
  list({ project, states }: RunSelection = {}): Promise<Run[]> {
    return this.#host.run(async () => {
      const runs = await readRuns(this.#host.store)
      return runs.filter(
        (run) => (project === undefined || run.project === project) && (states === undefined || states.includes(run.state)),
      )
    })
  }

  /** The stages of a run, in their order. */
  stages(id: string): Promise<Stage[]> {
    return this.#host.run(() => readStages(this.#host.store, id))
  }

  /** Pauses a run before its next stage; it stays so until it is resumed. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
  pause(id: string, author: Author = {}): Promise<Run> {
    const paused = { state: 'paused', message: 'Somebody paused it.', limit: null, owner: null } as const
    return this.#ask(id, 'run.pause-asked', (run, isExecuted) => (isExecuted ? { ...run, wanted: 'pause' } : { ...run, ...paused }), author)
  }

  /** Ends a run before its next stage, for good. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
  stop(id: string, author: Author = {}): Promise<Run> {
    return this.#end(id, 'stop', 'stopped', author)
  }

  /** Ends a run at once: its calls in flight are aborted. @throws PURSER_NOT_FOUND, PURSER_CONFLICT */
  terminate(id: string, author: Author = {}): Promise<Run> {
    return this.#end(id, 'terminate', 'terminated', author)
  }

  /** One that no process executes is over at once, and what was still held for it is free. */
  async #end(id: string, wanted: 'stop' | 'terminate', state: RunState, author: Author): Promise<Run> {
    const end = (run: Run, isExecuted: boolean): Run => (isExecuted ? { ...run, wanted } : over(run, state))
    const run = await this.#ask(id, `run.${wanted}-asked`, end, author)
    if (this.#host.isTracking && run.state === state) await this.#host.run(() => releaseEarlier(this.#host.store, id))
    return run
  }

  /**
   * Lets a paused run go on: in the process that waits with it, else the next time that its program calls `purser.run` with
   * its id. @throws PURSER_NOT_FOUND, PURSER_CONFLICT
   */
  resume(id: string, author: Author = {}): Promise<Run> {
    return this.#ask(id, 'run.resume-asked', freed, author)
  }

  /**
   * Gives a run more to spend: so much more, or so much in all, which may be less while it is not executed.
   * @throws PURSER_NOT_FOUND, PURSER_CONFLICT, PURSER_BAD_ARGUMENT, also for more than the whole of a budget
   */
  async raise(id: string, amount: { readonly to: CapInput } | { readonly by: CapInput }, author: Author = {}): Promise<Run> {
    const [to, by] = 'to' in amount ? [parseCap('to', amount.to), null] : [null, parseCap('by', amount.by)]
    const room = await this.#roomFor(id, to, by)
    const raise = (run: Run, isExecuted: boolean): Run => {
      if (run.cap === null && isExecuted) throw uncapped(run, 'no cap of its own')
      const more = by === null ? to : Object.fromEntries(Object.entries(by).map(([metric, added]) => [metric, added + capOf(run, metric)]))
      const cap = isExecuted ? largerCap(run.cap, more) : { ...run.cap, ...more }
      if (isExecuted && by === null && capText(cap) === capText(run.cap)) throw notMore(run, more)
      const raised = { ...run, cap }
      const waits = run.state === 'paused' && run.limit?.budget === 'run'
      const goesOn = isExecuted ? 'by itself' : 'when it is resumed or run again'
      if (room !== undefined)
        return { ...raised, message: `Its cap is ${capText(cap)} now, of which it gets what budgets have room for. ${room}` }
      return waits ? { ...raised, message: `Its cap is ${capText(cap)} now; it goes on ${goesOn}.` } : raised
    }
    return this.#ask(id, 'run.raised', raise, author)
  }

  /** What budgets say to what a run would get beyond what it has; undefined where they have room. */
  async #roomFor(id: string, to: Cap | null, by: Cap | null): Promise<string | undefined> {
    const { store, isTracking } = this.#host
    const run = isTracking ? await this.get(id) : undefined
    if (run === undefined) return undefined
    const more = by ?? less(to ?? {}, run.cap ?? {})
    const { decision } = await this.#host.run(() => store.gate('why', { asked: runAsked(run.labels, { ...more, concurrency: 0n }) }))
    if (decision.granted) return undefined
    if (decision.kind === 'never-fits')
      throw new PurserError('PURSER_BAD_ARGUMENT', `The run "${id}" cannot be raised so far: ${decision.message}`)
    return decision.message
  }

  #ask(id: string, kind: string, change: (run: Run, isExecuted: boolean) => Run, author: Author): Promise<Run> {
    checkValue('The id of a run', id, text)
    const { store, isTracking } = this.#host
    // With tracking off runs are not known, and none is changed: a run is given as it stands, or as one that has not begun.
    if (!isTracking) return this.#host.run(async () => (await readRun(store, id))?.value ?? describeRun({ id }, Date.now()))
    return this.#host.run(() =>
      changeRun(store, id, (run) => {
        if (endStates.has(run.state)) throw new PurserError('PURSER_CONFLICT', `The run "${id}" is ${run.state} already.`)
        const isExecuted = run.owner !== null && isActive(run.owner) && !this.#liveness.isGone(run.owner)
        const changed = change(run, isExecuted)
        const told = { author: authorOf(author), before: changeable(run), after: changeable(changed) }
        return { run: changed, event: runEvent(kind, changed, told) }
      }),
    )
  }
}

function freed(run: Run, isExecuted: boolean): Run {
  const free = { ...run, wanted: null, message: null, limit: null }
  if (isExecuted) return run.state === 'paused' ? { ...free, state: 'running' } : free
  return { ...free, state: 'planned', owner: null, message: 'It goes on when its program runs it again.' }
}

function over(run: Run, state: RunState): Run {
  return { ...run, state, endedAt: Date.now(), owner: null, wanted: null }
}

/** @throws PURSER_BAD_ARGUMENT for a run that has no cap to be raised */
function capOf(run: Run, metric: string): bigint {
  const amount = (run.cap as Partial<Record<string, bigint>> | null)?.[metric]
  if (amount !== undefined) return amount
  throw uncapped(run, `no cap of ${metric}`)
}

function uncapped({ id, cap }: Run, what: string): PurserError {
  const [metric] = Object.keys(cap ?? {})
  const rest =
    metric === undefined
      ? 'so nothing of it can be raised. Its budgets limit it'
      : `and is limited by its ${metric}: \`--metric ${metric}\``
  return new PurserError('PURSER_BAD_ARGUMENT', `The run "${id}" has ${what}, ${rest}.`)
}

function notMore({ id, cap }: Run, to: Cap | null): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', `The run "${id}" may spend ${capText(cap)} already; ${capText(to)} is not more.`)
}

function capText(cap: Cap | null): string {
  return (Object.entries(cap ?? {}) as [keyof Cap, bigint][]).map(([metric, amount]) => formatAmount(metric, amount)).join(', ')
}
