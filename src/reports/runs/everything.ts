import type { CostQuery } from '../../ledger/cost-query.ts'
import type { Store } from '../../stores/store.ts'

/** A question about all calls of all times, in one row. */
export function everything({ timezone }: Store): CostQuery {
  return { groupBy: [], where: [], sinceMs: undefined, untilMs: undefined, timezone, weekStart: 1 }
}
