import type { Basis, Labels } from '../ledger/charge.ts'
import type { Usage } from '../usage/usage.ts'
import type { Metric } from './budget.ts'
import type { LimitFigures } from './limit-figures.ts'

/** Identifies a hold within a ledger. */
export type HoldId = string & { readonly __id: 'hold' }

/**
 * `open`: money is set aside. `presumed`: it ran out, or its call was cut, and what is left of it counts as spent until
 * somebody knows better. `settled` and `released` are final.
 */
export const holdStates = ['open', 'presumed', 'settled', 'released'] as const
export type HoldState = (typeof holdStates)[number]

/** Amounts by metric, each in its unit: nanos, tokens, calls, places. */
export type Amounts = Readonly<Partial<Record<Metric, bigint>>>

/** What a hold was asked for; the same id must mean the same. */
export interface Asked {
  readonly labels: Labels
  /** Worst cases. A metric that is absent could not be bounded. */
  readonly worst: Amounts
  /** Whether somebody said for how many calls it is; a hold that says nothing is for one, and may have any number of parts. */
  readonly saysCalls?: boolean
  /** Whether it is for calls that bring labels of their own, as the hold of a run is. */
  readonly isForParts?: boolean
  /** What is expected, where the caller says so. */
  readonly expected: Amounts
  readonly ttlMs: number
  readonly basis: Basis
  readonly provider: string | null
  readonly model: string | null
  /** Why cost or tokens are absent. */
  readonly refusal: { readonly kind: 'unpriced' | 'unbounded'; readonly message: string } | null
  /** Revision of the catalog that bounded the request. */
  readonly catalog: string | null
  /** Digest of the request that the worst cases were bounded from; the same id must mean the same request. */
  readonly request: string | null
  /** The longest answer that they allow, in tokens. */
  readonly maxOutputTokens: number | null
}

/** Metrics of which a part can be split off. */
export const divisible = ['cost', 'tokens', 'calls'] as const

/** What a hold sets aside in one counter, and is not yet spent. */
export interface Share {
  readonly counter: number
  readonly metric: Metric
  expected: bigint
  worst: bigint
}

/** What somebody said of the calls of a hold beyond what is booked of them, so that to say it again books nothing. */
export interface Told {
  /** A cost that was said, in nanos; null where it follows from the usage, or none was said. */
  readonly cost: bigint | null
  readonly usage: Usage
  /** Whether it said what was used, be it nothing. */
  readonly isMeasured: boolean
  /** What was booked for it. */
  readonly charges: readonly string[]
}

/** Money set aside before a call. */
export interface Hold {
  readonly number: number
  readonly id: HoldId
  readonly asked: Asked
  /** The hold that it was split from. */
  readonly parent: HoldId | null
  /** The store's clock when it was granted; its charges count in the windows of this instant. */
  readonly reservedAt: number
  expiresAt: number
  state: HoldState
  shares: Share[]
  /** What is neither spent nor split off, by metric. */
  left: Partial<Record<Metric, bigint>>
  /** What was added to what was asked, by metric. */
  readonly raised: Partial<Record<Metric, bigint>>
  /** What its charges came to. */
  spent: Partial<Record<Metric, bigint>>
  /** What was expected of it by the budgets that learn, by metric. */
  readonly given: Amounts
  /** Charges booked under it. */
  charges: number
  /** Of those, how many have no price yet, or only part of one. */
  unpriced: number
  /** Of those, how many say nothing of what they used, so that their tokens are not known. */
  unmeasured: number
  /** Metrics of which a call that was cut may have used more than what arrived. */
  uncertain: readonly Metric[]
  /** Charges of which something is missing: a price, what they used, or what a call that was cut came to beyond them. */
  lacking: readonly string[]
  /** The last charge that was booked under it. */
  lastCharge: string | null
  /** What was said of what its charges left open. */
  told: readonly Told[]
  /** Whether its calls are over: what is still presumed waits for somebody who knows what they came to. */
  isOver: boolean
  /** Warnings of the grant, given again to who asks with the same id. */
  readonly warnings: readonly BudgetWarning[]
}

/** A limit that was passed, or a call let through, where the budget does not refuse. */
export interface BudgetWarning extends LimitFigures {
  readonly budget: string
  readonly metric: Metric
  readonly scope: Labels
  readonly asked: bigint
  readonly message: string
}
