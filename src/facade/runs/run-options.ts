import { PurserError } from '../../errors.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { CapInput } from '../../runs/cap.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { LimitReached, Run } from '../../runs/run.ts'
import type { ModelNeed } from '../../runs/profiles/profile.ts'
import {
  anything,
  checkFields,
  checkValue,
  count,
  duration,
  type FieldKinds,
  flag,
  type Kind,
  mapping,
  oneOf,
  text,
} from '../check-fields.ts'
import type { ModelAnswer } from '../profiles/profile-book.ts'

/** What a run or a stage is foreseen to cost: dollars, or what `purser.estimate` gave. */
export type EstimateInput = string | number | CostEstimate

/** A run: one execution of a pipeline or an agent. */
export interface RunOptions {
  /** Yours, to find it again and resume it; made up where it is left out. */
  readonly id?: string
  readonly project?: string
  /** Of all its calls, besides `run` and `project`. */
  readonly labels?: Readonly<Record<string, string>>
  readonly estimate?: EstimateInput
  /** What it may spend at most: dollars, or amounts by metric. That much is held while it runs. */
  readonly budget?: CapInput
  /** At most so many runs of its queue run at the same time; further ones wait in order. */
  readonly maxConcurrent?: number
  /** The queue that it waits in; `runs` unless said otherwise. */
  readonly queue?: string
  /** Milliseconds that it waits for its turn, or for room in a budget that queues; as long as it takes unless said otherwise. */
  readonly waitMs?: number
  /** Profile that it begins with, in the place of the one in force; what is put into force after that takes its place. */
  readonly profile?: string
  /** Goes on with a run that somebody paused, as `runs resume` does. */
  readonly resume?: boolean
  /**
   * What happens where a limit says pause: `leave` ends `purser.run` with the run paused, to be resumed by another one;
   * `wait` keeps its code waiting between two stages, until the limit is raised or somebody resumes it. `leave` unless said
   * otherwise.
   */
  readonly whenPaused?: 'leave' | 'wait'
  /** Ends the run, and aborts its calls. */
  readonly signal?: AbortSignal
}

/** A step of a run. */
export interface StageOptions {
  /** Of all its calls, such as `scene` or `role`; they tell it from other stages of that name. */
  readonly labels?: Readonly<Record<string, string>>
  /** What it may spend at most: a part of what the run may spend, where the run has a cap. */
  readonly budget?: CapInput
  readonly estimate?: EstimateInput
  /** Tells it from the other stages of its run; made of its name and labels where it is left out. */
  readonly key?: string
  /** Keeps what it gives, JSON of at most 64 KB, to be given again when the run is resumed. */
  readonly keep?: boolean
  /** Runs it also where it was finished before, and pays for it once more. */
  readonly again?: boolean
}

/** How a run was let in. */
export interface RunAdmission {
  /** `queued`: it waited for its turn or for room before. */
  readonly verdict: 'granted' | 'warned' | 'queued'
  readonly warnings: readonly string[]
  /** Milliseconds that it waited. */
  readonly waitedMs: number
  /** What it waited for in the end, with the figures of the budget where that was one; null where it did not wait. */
  readonly waitedFor: { readonly message: string; readonly limit: LimitReached | null } | null
}

/** What a run came to. A run whose code threw throws that. */
export type RunResult<T> =
  | { readonly state: 'completed'; readonly run: Run; readonly result: T; readonly admission: RunAdmission }
  | {
      readonly state: 'paused' | 'stopped' | 'terminated'
      readonly run: Run
      readonly message: string
      readonly limit: LimitReached | null
    }
  | { readonly state: 'refused'; readonly run: Run; readonly message: string; readonly limit: LimitReached | null }

/** A run as its code sees it. */
export interface RunContext {
  readonly id: string
  readonly labels: Labels
  /** 1 when it runs for the first time; more when it was resumed. */
  readonly attempt: number
  readonly admission: RunAdmission
  /** Aborts when the run is terminated: hand it to whatever takes long. */
  readonly signal: AbortSignal
  /** Calls of earlier attempts of which nobody knows what they came to: they are presumed spent, or held until they are. */
  readonly presumed: readonly HoldView[]
  /**
   * Runs a step. One that was finished before is not run again, unless it says `again`: it gives what it kept, or undefined. Where a limit says
   * that the run pauses, stops or ends, this does not return: the run's code is left.
   */
  readonly stage: StageRunner
  /** The model that the profile in force chooses for a call. */
  readonly model: (choice?: ModelNeed) => Promise<ModelAnswer>
}

export interface StageRunner {
  <T>(name: string, options: StageOptions & { readonly keep: true }, fn: (stage: StageContext) => Promise<T> | T): Promise<T>
  <T>(name: string, options: StageOptions, fn: (stage: StageContext) => Promise<T> | T): Promise<T | undefined>
  <T>(name: string, fn: (stage: StageContext) => Promise<T> | T): Promise<T | undefined>
}

/** A stage as its code sees it. */
export interface StageContext {
  readonly name: string
  readonly key: string
  readonly labels: Labels
  readonly signal: AbortSignal
  readonly attempt: number
}

const id: Kind = {
  is: 'text of 1 to 200 characters without line breaks',
  holds: (value) => typeof value === 'string' && value !== '' && value.length <= 200 && !/\p{Cc}/u.test(value),
}
const several: Kind = { is: 'a whole number, 1 or more', holds: (value) => count.holds(value) && Number(value) >= 1 }
const signal: Kind = { is: 'an AbortSignal', holds: (value) => value instanceof AbortSignal }

const runKinds: FieldKinds<RunOptions> = {
  id,
  project: text,
  labels: mapping,
  estimate: anything,
  budget: anything,
  maxConcurrent: several,
  queue: text,
  waitMs: duration,
  profile: text,
  resume: flag,
  whenPaused: oneOf(['leave', 'wait']),
  signal,
}

const stageKinds: FieldKinds<StageOptions> = { labels: mapping, budget: anything, estimate: anything, key: id, keep: flag, again: flag }

/** @throws PURSER_BAD_ARGUMENT naming the option that is wrong, and what is right */
export function checkRunOptions(options: unknown): asserts options is RunOptions {
  checkFields<RunOptions>('the options of a run', options, runKinds, '{ id: "film-7", project: "film", budget: "20.00" }')
}

/** @throws PURSER_BAD_ARGUMENT */
export function checkStage(name: unknown, options: unknown): asserts options is StageOptions {
  checkValue('The name of a stage', name, id)
  checkFields<StageOptions>('the options of a stage', options, stageKinds, '{ labels: { scene: "s1" }, budget: "0.50" }')
  const taken = ['run', 'stage'].find((key) => Object.hasOwn(options.labels ?? {}, key))
  if (taken !== undefined) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `The label "${taken}" of a stage is that of its run and its name; choose another label.`)
  }
}
