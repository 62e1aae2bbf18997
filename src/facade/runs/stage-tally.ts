import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { tokensOf } from '../../ledger/measures.ts'
import type { Cap } from '../../runs/run.ts'

/** What the calls of a stage came to, with those of its earlier attempts. */
export class StageTally {
  #spent: Required<Cap>

  constructor(before: Required<Cap> | null) {
    this.#spent = before ?? { cost: 0n, tokens: 0n, calls: 0n }
  }

  get spent(): Required<Cap> {
    return this.#spent
  }

  add({ costNanos, usage }: Pick<ChargeDraft, 'costNanos' | 'usage'>): void {
    const { cacheReads, others } = tokensOf(usage)
    const { cost, tokens, calls } = this.#spent
    this.#spent = { cost: cost + (costNanos ?? 0n), tokens: tokens + BigInt(cacheReads + others), calls: calls + 1n }
  }
}
