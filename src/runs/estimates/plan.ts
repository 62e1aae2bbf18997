import type { Usage } from '../../usage/usage.ts'

/** Calls of one kind that a run will make. */
export interface PlannedCalls {
  readonly stage: string | null
  readonly role: string | null
  readonly pass: string | null
  /** As written, like the models of a profile; null where the profile says it. */
  readonly model: string | null
  readonly calls: number
  /** What one of them consumes. */
  readonly usage: Usage
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
}

/** What a run is going to do, in calls. */
export interface Plan {
  readonly calls: readonly PlannedCalls[]
  /** Added to what the calls come to; two decimals at most. */
  readonly bufferPercent: number
  /** Whose models are taken where a call names none. */
  readonly profile: string | null
  readonly project: string | null
}

/** Calls of one kind as they are written; besides these fields, quantities of one call by their names. */
export interface PlannedCallsInput {
  readonly stage?: string
  readonly role?: string
  readonly pass?: string
  /** `provider/model`, or a model that the catalog knows by name; left out, the profile says it. */
  readonly model?: string
  readonly provider?: string
  /** How many; 1 unless said otherwise. */
  readonly calls?: number
  /** One of `counts`, by which the number of calls is multiplied: `scene` or `scenes`. */
  readonly per?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly serviceTier?: string
  readonly speed?: string
  readonly region?: string
  readonly [quantity: string]: unknown
}

/** A plan as it is written in YAML, JSON and code. */
export interface PlanInput {
  readonly calls: readonly PlannedCallsInput[]
  /** How many there are of what calls are made for: `{ scenes: 40 }`. */
  readonly counts?: Readonly<Record<string, number>>
  /** A percent: `10` or `10%`. */
  readonly buffer?: string | number
  readonly profile?: string
  readonly project?: string
}
