import type { Usage, UsageWarning } from './usage.ts'

/** What a reader takes from one raw provider response, or from the final usage of a stream. */
export interface UsageReading {
  /** The model that served the call, as the provider names it; null where the response does not say. */
  readonly model: string | null
  readonly usage: Usage
  /** As served: `standard`, `batch`, `flex`, `priority`, or the provider's own word for another. Absent is standard. */
  readonly serviceTier?: string
  /** As served: `fast` where the provider sells speed. Absent is standard. */
  readonly speed?: string
  /** Where the provider prices by data residency or region, e.g. `us`. */
  readonly region?: string
  /** The provider's id of the response, from which the charge's id is made. */
  readonly responseId?: string
  readonly stopReason?: string
  /** What the provider says the call cost, in dollars, as it wrote it. */
  readonly reportedCostUsd?: string
  readonly warnings: readonly UsageWarning[]
}

/** One reader: a provider's API and how its raw response becomes a usage. */
export interface UsageReader {
  /** Names of providers that it reads; `*` for any. */
  readonly providers: readonly string[]
  /** Names of the API that it reads; the first is the canonical one. */
  readonly apis: readonly string[]
  /** Whether the provider's input total counts cached tokens too (they are taken out of it). `null`: no such total. */
  readonly inputTotalIncludesCache: boolean | null
  /** Where the provider describes these fields. */
  readonly source: string
  /** @throws PURSER_UNREADABLE_USAGE when the body carries no usage at all. */
  readonly read: (body: unknown) => UsageReading
}
