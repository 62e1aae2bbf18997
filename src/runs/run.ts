import type { Labels } from '../ledger/charge.ts'
import type { Metric } from '../budgets/budget.ts'
import type { LimitFigures } from '../budgets/limit-figures.ts'
import type { Approval } from './approval.ts'
import type { CostEstimate } from './cost-estimate.ts'

/**
 * `planned`: described, not asked for yet; `queued`: waits for its turn or for room; `running`; `paused`: stopped between
 * stages, to be resumed; `completed`; `failed`: its code threw; `stopped`: ended between stages on request; `terminated`:
 * ended with its calls aborted.
 */
export const runStates = ['planned', 'queued', 'running', 'paused', 'completed', 'failed', 'stopped', 'terminated'] as const
export type RunState = (typeof runStates)[number]

/** States that a run does not leave. */
export const endStates: ReadonlySet<RunState> = new Set(['completed', 'stopped', 'terminated'])

/** What a run, or a stage of it, may spend: amounts in the metric's unit (nanos, tokens, calls). */
export type Cap = Readonly<Partial<Record<Extract<Metric, 'cost' | 'tokens' | 'calls'>, bigint>>>

/** Why a run is paused or was refused, with the figures of the budget that says so. */
export interface LimitReached extends LimitFigures {
  /** A budget's name; `run` or `stage` for the run's or the stage's own cap. */
  readonly budget: string
  readonly metric: Metric
  readonly scope: Labels
  /** Milliseconds since 1970; null where waiting does not help. */
  readonly resetsAt: number | null
  /** The threshold that says so, in percent of the limit, where that is not reached itself. */
  readonly threshold?: number
}

/** The process that runs it. Another one may take the run over once this one is gone. */
export interface RunOwner {
  /** Random, of one `purser.run`. */
  readonly token: string
  readonly host: string
  readonly pid: number
  /** When the system started the process, in its own unit; empty where it does not say. */
  readonly started: string
  /** Counts up while the owner lives. */
  readonly beat: number
  /** When it did so last, by the owner's clock. */
  readonly beatAt: number
}

/** One execution of a pipeline or an agent, as the ledger keeps it. Instants are milliseconds since 1970. */
export interface Run {
  readonly id: string
  readonly project: string | null
  /** Of all its calls: `run`, `project` where it has one, and its own. */
  readonly labels: Labels
  readonly state: RunState
  readonly createdAt: number
  /** When it first ran. */
  readonly startedAt: number | null
  /** When it came to its state, where that is an end or a pause. */
  readonly endedAt: number | null
  readonly estimate: CostEstimate | null
  readonly cap: Cap | null
  /** How often it was started: 1 for the first time. */
  readonly attempt: number
  /** What is to be said of its state: why it is paused, what it failed with. */
  readonly message: string | null
  readonly limit: LimitReached | null
  /** What somebody wants of it while it runs. */
  readonly wanted: 'pause' | 'stop' | 'terminate' | null
  readonly owner: RunOwner | null
  /** The profile that it began with; null where it goes by the one in force. */
  readonly profile: string | null
  /** When it was given that one: what is put into force later takes its place. */
  readonly profileSince: number | null
  /** Of one that was planned to wait for somebody's word; absent where it begins whenever its program runs it. */
  readonly approval?: Approval
}

export const stageStates = ['running', 'completed', 'failed', 'interrupted'] as const
export type StageState = (typeof stageStates)[number]

/** A step of a run. */
export interface Stage {
  readonly run: string
  /** Tells it from the other stages of its run, and finds it again when the run is resumed. */
  readonly key: string
  readonly name: string
  /** Labels that its calls carry besides those of the run and `stage`. */
  readonly labels: Labels
  readonly state: StageState
  /** Place among the stages of the run, from 1. */
  readonly order: number
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number | null
  readonly cap: Cap | null
  /** Nanos, where the run's estimate or the stage says so. */
  readonly estimateNanos: bigint | null
  readonly message: string | null
  /** What its calls came to over all its attempts; of one that is executed now, before this attempt. Null where nobody knows. */
  readonly spent: Required<Cap> | null
  /** What its host asked to keep: JSON of its own, or a reference. */
  readonly kept: { readonly value?: unknown } | null
}
