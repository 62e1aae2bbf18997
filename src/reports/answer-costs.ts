import type { CostQuery } from '../ledger/cost-query.ts'
import { type CostTable, CostTableBuilder } from '../ledger/cost-table.ts'
import type { Store } from '../stores/store.ts'
import { isAsked, keyOf, planCosts } from './cost-plan.ts'
import { readSums } from './cost-sums.ts'
import { countRuns, RunCounter, tellsRuns } from './count-runs.ts'

/** Answers a question about costs from the sums that the ledger keeps. @throws PURSER_BAD_QUERY */
export async function answerCosts(store: Store, query: CostQuery): Promise<CostTable> {
  const plan = planCosts(store, query)
  const builder = new CostTableBuilder(plan.fields.findIndex((field) => field.kind === 'meter'))
  const runs = tellsRuns(plan) ? new RunCounter(builder) : undefined
  for await (const sum of readSums(store, plan)) {
    if (!isAsked(plan, sum)) continue
    const key = keyOf(plan, sum)
    builder.add({ key, isPlan: sum.sku.basis === 'plan', measures: sum.measures, meters: sum.meters })
    runs?.add(key, sum)
  }
  if (runs === undefined) await countRuns(store, plan, builder)
  const timePlace = plan.fields.findIndex((field) => field.kind === 'time')
  return builder.build(query.sort, query.descending, timePlace, query.limit)
}
