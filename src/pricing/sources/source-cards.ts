import type { Card } from '../card.ts'

/** Something that a foreign price list says and a card does not carry. Nothing is dropped without being named here. */
export interface SkippedPrice {
  readonly provider: string
  readonly model: string
  /** The key of the foreign list, or `match` for a rule on names. */
  readonly key: string
  readonly reason: string
}

/** What a reader makes of a foreign price list. */
export interface SourceCards {
  readonly cards: readonly Card[]
  readonly skipped: readonly SkippedPrice[]
}
