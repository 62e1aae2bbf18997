import type { Nanos } from '../money/nanos.ts'

/** Where an estimate comes from: a figure of the owner, a plan, what such stages cost before, or a past run repriced. */
export const estimateSources = ['given', 'plan', 'history', 'repriced'] as const
export type EstimateSource = (typeof estimateSources)[number]

/** Calls of one kind within an estimate. */
export interface EstimatePart {
  readonly stage: string | null
  readonly role: string | null
  readonly pass: string | null
  readonly provider: string | null
  readonly model: string | null
  readonly calls: number
  /** Quantities of all its calls by meter. */
  readonly usage: Readonly<Record<string, number>>
  /** Without the buffer; null where nobody knows a price. */
  readonly costNanos: Nanos | null
}

/** Calls that an estimate leaves out, in whole or in part, because nobody knows their price: it is then a lower bound. */
export interface Unestimated {
  readonly stage: string | null
  readonly role: string | null
  readonly provider: string | null
  /** Null where neither the plan nor a profile names one. */
  readonly model: string | null
  readonly calls: number
  readonly message: string
}

/** A cost foreseen. */
export interface CostEstimate {
  readonly source: EstimateSource
  /** What is foreseen, with the buffer: what the actual cost is compared with. */
  readonly costNanos: Nanos
  /** Added to what the parts come to. */
  readonly bufferPercent: number
  /** The learned factor by which it was corrected before the buffer; absent where it was not. */
  readonly factor?: number
  readonly calls: number | null
  readonly tokens: number | null
  readonly parts: readonly EstimatePart[]
  readonly unpriced: readonly Unestimated[]
  /** What half, and nine of ten, of such runs or stages came to. */
  readonly quantiles: { readonly p50: Nanos; readonly p90: Nanos; readonly samples: number } | null
  /** The profile whose models it counts with. */
  readonly profile: string | null
  /** The revision of the price catalog. */
  readonly catalog: string | null
  /** Milliseconds since 1970. */
  readonly madeAt: number
}
