import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { tokensOf } from '../ledger/measures.ts'
import type { Budget } from './budget.ts'

type Countable = Pick<ChargeDraft, 'basis' | 'costNanos' | 'usage' | 'corrects'>

/** What a charge adds to a budget, in the metric's unit; a correction adds its difference, and no call. */
export function countCharge(budget: Pick<Budget, 'metric' | 'countsPlan' | 'countsCacheReads'>, charge: Countable): bigint {
  if (charge.basis === 'plan' && !budget.countsPlan) return 0n
  switch (budget.metric) {
    case 'cost':
      return charge.costNanos ?? 0n
    case 'tokens': {
      const { cacheReads, others } = tokensOf(charge.usage)
      return BigInt(budget.countsCacheReads ? others + cacheReads : others)
    }
    case 'calls':
      return charge.corrects === null ? 1n : 0n
    case 'concurrency':
      return 0n
  }
}

/** What a charge adds to the calls without a price; a correction that gives a price takes its call out of them. */
export function unpricedBy({ status, restates }: Pick<ChargeDraft, 'status' | 'restates'>): number {
  return Number(status === 'unpriced') - Number(restates === 'unpriced')
}
