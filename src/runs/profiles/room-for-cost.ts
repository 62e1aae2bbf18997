import type { Explanation } from '../../budgets/explain-admission.ts'

/**
 * The most that a refused call may cost so that every budget lets it through, in nanos; undefined where a cheaper model
 * does not help, because calls or tokens are what is used up, or nobody can say what was asked.
 */
export function roomForCost({ decision, needs, budgets }: Explanation): bigint | undefined {
  if (decision.granted || decision.asked === null || decision.metric !== 'cost') return undefined
  let short = 0n
  for (const { budget, raiseLimitBy } of needs) {
    if (raiseLimitBy === null || budgets.find((status) => status.budget === budget)?.metric !== 'cost') return undefined
    if (raiseLimitBy > short) short = raiseLimitBy
  }
  return decision.asked - short
}
