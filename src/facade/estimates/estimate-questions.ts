import type { Author } from '../access/change-document.ts'
import type { Labels } from '../../ledger/charge.ts'
import type { Filter } from '../../ledger/cost-query.ts'
import type { EstimateComparison } from '../../runs/estimates/compare-estimates.ts'
import type { RepricedRun } from '../../runs/estimates/repriced-run.ts'

export interface EstimateOptions {
  /** A percent on top, like 10; that of the plan unless given. */
  readonly buffer?: number | string
  /** Whose models are taken where the plan names none; the one in force unless given. */
  readonly profile?: string
  /** Whose profile and whose past are asked; that of the plan unless given. */
  readonly project?: string
  /** Corrects by what earlier estimates of the project turned out to be, where there are at least three. */
  readonly corrected?: boolean
}

/** Whose past is asked. */
export interface HistoryQuestion {
  readonly project?: string
  readonly stage?: string
  readonly role?: string
  readonly where?: readonly Filter[]
  /** From this instant, inclusive, in milliseconds since 1970. */
  readonly sinceMs?: number
  /** Up to this instant, exclusive. */
  readonly untilMs?: number
  readonly buffer?: number | string
}

/** Other models for a past run: by those that served it, `{ 'gpt-4o': 'gpt-4o-mini' }`, or those of a profile. */
export type RepriceChoice = ({ readonly models: Readonly<Record<string, string>> } | { readonly profile: string }) & {
  readonly buffer?: number | string
}

/** A past run under several profiles, side by side. */
export interface RunComparison extends EstimateComparison {
  readonly repriced: readonly RepricedRun[]
}

/** Whose estimates are compared with what was spent. */
export interface LearnedQuestion {
  readonly project?: string
  readonly stage?: string
}

export interface SaveOptions extends Author {
  readonly project?: string
  /** Of the run, where it is not known yet. */
  readonly labels?: Labels
  /** Profile that the run begins with; the one in force then unless given. */
  readonly profile?: string
}
