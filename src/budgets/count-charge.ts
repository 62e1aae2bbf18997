import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { addsCall, tokensOf } from '../ledger/measures.ts'
import type { Budget } from './budget.ts'

type Countable = Pick<ChargeDraft, 'basis' | 'costNanos' | 'usage' | 'corrects' | 'part'>

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
      return addsCall(charge) ? 1n : 0n
    case 'concurrency':
      return 0n
  }
}

/**
 * The instant in whose windows a call counts: the one at which its hold was granted, where there is one. A record of a call
 * that was made before the hold that it names counts at its own time.
 */
export function callCountsAt({ at }: Pick<ChargeDraft, 'at'>, reservedAt: number | undefined): number {
  return reservedAt === undefined || reservedAt > at ? at : reservedAt
}

/** Whether all of a charge has a price; of one that is priced in part nobody knows the rest. */
export function hasPrice({ status }: Pick<ChargeDraft, 'status'>): boolean {
  return status !== 'unpriced' && status !== 'partial'
}

/** Whether a correction brings the price that its charge did not have. */
export function bringsPrice({ status, restates }: Pick<ChargeDraft, 'status' | 'restates'>): boolean {
  return restates !== null && !hasPrice({ status: restates }) && hasPrice({ status })
}

/** Whether a charge says what its call used; one of which only the cost is stated does not. */
export function hasUsage({ usage }: Pick<ChargeDraft, 'usage'>): boolean {
  for (const _ in usage) return true
  return false
}

/** What a charge adds to the calls without a price; a correction that gives a price takes its call out of them. */
export function unpricedBy({ status, restates }: Pick<ChargeDraft, 'status' | 'restates'>): number {
  return Number(status === 'unpriced') - Number(restates === 'unpriced')
}
