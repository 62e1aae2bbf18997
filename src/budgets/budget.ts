import type { Labels } from '../ledger/charge.ts'
import type { Filter } from '../ledger/cost-query.ts'

/**
 * What a budget limits. `cost`: nano-dollars; `tokens`: tokens of every kind; `calls`: calls, each attempt one;
 * `concurrency`: holds that are open at the same time.
 */
export const metrics = ['cost', 'tokens', 'calls', 'concurrency'] as const
export type Metric = (typeof metrics)[number]

/**
 * `strict`: a call is granted only if its worst case fits. `adaptive`: its expected cost must fit the limit, its worst case the
 * limit and the tolerance. `soft`: always granted, with a warning once the limit is passed.
 */
export const modes = ['strict', 'adaptive', 'soft'] as const
export type Mode = (typeof modes)[number]

/** What happens where a call does not fit. What a call inside a running run gets stands in the reference of budgets. */
export const actions = ['warn', 'block', 'block-new-runs', 'pause', 'terminate', 'queue'] as const
export type Action = (typeof actions)[number]

export const levels = ['info', 'warning', 'critical'] as const
export type Level = (typeof levels)[number]

/**
 * The span of time that a limit holds for. `run`: one run, however long it takes. `rolling`: the last hours, in quarters
 * of an hour. `startsOn`: ISO weekday. `anchorDay`: the day of the month on which it begins, the last one where a month
 * is shorter.
 */
export type Window =
  | { readonly kind: 'run' | 'total' | 'hour' }
  | { readonly kind: 'day' | 'quarter' | 'year' }
  | { readonly kind: 'week'; readonly startsOn: number }
  | { readonly kind: 'month'; readonly anchorDay: number }
  | { readonly kind: 'rolling'; readonly hours: number }

/** Fires once per counter when what is spent reaches the share of the limit. */
export interface Threshold {
  /** 80 is four fifths of the limit; two decimals at most. */
  readonly percent: number
  readonly level: Level
  readonly message?: string
  readonly action?: Action
}

/** What may change while a budget's counters go on counting. Amounts are in the metric's unit: nanos for cost. */
export interface Terms {
  readonly limit: bigint
  readonly mode: Mode
  /** How far the worst case may pass the limit, where `adaptive`. */
  readonly tolerance: bigint
  readonly onLimit: Action
  readonly thresholds: readonly Threshold[]
}

/** Other terms for named values of the labels that a budget is kept apart by. */
export interface Override extends Partial<Terms> {
  /** The labels of `each`, all of them, with their values. */
  readonly match: Labels
}

/** A higher limit until an instant. */
export interface Increase {
  readonly by: bigint
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Who defined a budget, so that a file does not take away what was set by command. */
export const origins = ['file', 'cli', 'sdk', 'api'] as const
export type Origin = (typeof origins)[number]

/** A limit on a metric over a scope and a window. */
export interface Budget extends Terms {
  readonly name: string
  readonly metric: Metric
  /** Which labels a call must have to count; all filters must hold. A missing label is a value of its own. */
  readonly where: readonly Filter[]
  /** Labels by whose values it is counted apart: each combination has the whole limit. */
  readonly each: readonly string[]
  readonly window: Window
  /** IANA zone in which days and longer windows begin. */
  readonly zone: string
  readonly overrides: readonly Override[]
  readonly increase: Increase | null
  /** Whether charges that a subscription covers count. */
  readonly countsPlan: boolean
  /** Whether tokens read from a cache count, for `tokens`. */
  readonly countsCacheReads: boolean
  /** What is held for a request that cannot be bounded; null refuses it where the budget is hard. */
  readonly ceiling: bigint | null
  /** For `adaptive`: labels by which the expected share of the worst case is learned apart, besides the model. */
  readonly learnBy: readonly string[]
  /** For `adaptive`: the share of earlier holds that the expected amount must have covered, above 0 and at most 1; 0.9 unless said otherwise. */
  readonly quantile: number
  readonly origin: Origin
}

/** The fields whose change makes a new revision, with counters of its own. */
export const revisionFields = ['metric', 'where', 'each', 'window', 'zone', 'countsPlan', 'countsCacheReads'] as const
