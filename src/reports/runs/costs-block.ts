import type { z } from 'zod'
import { toUsd } from '../../money/nanos.ts'
import type { Store } from '../../stores/store.ts'
import type { costsBlockSchema } from '../schemas/host-schemas.ts'
import { readRunFacts, type RunReading } from './run-facts.ts'
import { none, spentByValue, costOfSums, usdByValue } from './sums.ts'
import { varianceJson } from './variance.ts'

export type CostsBlock = z.infer<typeof costsBlockSchema>

const groupings = { breakdown: (labels: Readonly<Record<string, string>>) => labels['operation'] ?? labels['stage'] ?? none }

/**
 * What a generator writes into its own output about a run: estimated and actual dollars, by operation (by stage where a
 * call has none) and by model.
 * @throws PURSER_NOT_FOUND
 */
export async function makeCostsBlock(store: Store, id: string, reading: RunReading = {}): Promise<CostsBlock> {
  const { run, sums } = await readRunFacts(store, id, groupings, reading)
  const actual = costOfSums(sums.total)
  const variance = run?.estimate == null ? null : varianceJson(run.estimate, actual, false)
  return {
    costs: {
      estimated_before: variance?.estimated_usd ?? null,
      actual: toUsd(actual),
      variance: variance?.variance_usd ?? null,
      variance_percent: variance?.variance_percent ?? null,
      breakdown: usdByValue(spentByValue(sums.groups['breakdown'] ?? new Map())),
      by_model: usdByValue(spentByValue(sums.byModel)),
    },
  }
}
