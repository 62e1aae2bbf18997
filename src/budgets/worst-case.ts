import type { Budget, Metric } from './budget.ts'
import type { Asked } from './hold.ts'

/** Why a metric of a hold has no worst case; tokens without a price are still counted, so only a cost is unpriced. */
export function refusalOf(
  { refusal }: Asked,
  metric: Metric,
): NonNullable<Asked['refusal']> | { readonly kind: 'unbounded'; readonly message: null } {
  return refusal !== null && (metric === 'cost' || refusal.kind === 'unbounded') ? refusal : { kind: 'unbounded', message: null }
}

/**
 * What a hold may come to at most in a budget's metric; null where nobody can say. The budget's ceiling stands for what
 * cannot be bounded, not for a price that nobody knows. What a free card or a plan covers costs nothing.
 */
export function worstCase(asked: Asked, { metric, countsPlan, ceiling }: Pick<Budget, 'metric' | 'countsPlan' | 'ceiling'>): bigint | null {
  if (asked.basis === 'plan' && !countsPlan && metric !== 'concurrency') return 0n
  if (asked.basis === 'free' && metric === 'cost') return 0n
  return asked.worst[metric] ?? (refusalOf(asked, metric).kind === 'unbounded' ? ceiling : null)
}
