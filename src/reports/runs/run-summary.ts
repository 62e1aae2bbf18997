import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Store } from '../../stores/store.ts'
import { answerCosts } from '../answer-costs.ts'
import type { runCostSummarySchema, stageCostSchema } from '../schemas/run-cost-schemas.ts'
import { everything } from './everything.ts'
import { readRunFacts, type RunFacts, type RunReading } from './run-facts.ts'
import { presumedCost, sumOf } from './run-limits.ts'
import { byLabel, type StageSums } from './run-sums.ts'
import { callsOf, costOf, doubtsJson, none, tokensJson, untrackedText, usdByValue } from './sums.ts'
import { estimateJson, varianceJson } from './variance.ts'

export type StageCost = z.infer<typeof stageCostSchema>
export type RunCostSummary = z.infer<typeof runCostSummarySchema>

/** What the calls of a run are grouped by for its summary. */
export const summaryGroupings = { role: byLabel('role'), operation: byLabel('operation') }

/**
 * What a run cost, from the sums of the ledger, and against what was foreseen and allowed. `by`: further labels to go by.
 * @throws PURSER_NOT_FOUND, and PURSER_BAD_QUERY for what cannot be asked by
 */
export async function summarizeRun(
  store: Store,
  id: string,
  by: readonly string[] = [],
  reading: RunReading = {},
): Promise<RunCostSummary> {
  return summaryOf(store, await readRunFacts(store, id, summaryGroupings, reading), by)
}

/** The summary of a run whose facts are read. */
export async function summaryOf(store: Store, facts: RunFacts, by: readonly string[]): Promise<RunCostSummary> {
  const { id, run, sums, isUntracked } = facts
  const cost = costOf(sums.total)
  const limit = facts.ownCap ?? facts.limits[0]?.left
  const others = await Promise.all(by.map(async (label) => [label, usdByValue(await costsBy(store, id, label))] as const))
  return {
    run_id: id,
    project: run?.project ?? facts.labels['project'] ?? null,
    state: run?.state ?? null,
    message: isUntracked ? untrackedText : (run?.message ?? null),
    started_at: iso(run?.startedAt),
    ended_at: iso(run?.endedAt),
    labels: facts.labels,
    total_cost_usd: toUsd(cost),
    total_cost_nanos: cost.toString(),
    calls: callsOf(sums.total),
    ...tokensJson(sums.total),
    estimated_calls: sums.total.metered.estimatedCalls + sums.total.plan.estimatedCalls,
    ...doubtsJson(sums.total, isUntracked),
    stages: sums.stages.map((stage) => stageJson(sums.stageNames[stage.stage] ?? none, stage)),
    by_stage: Object.fromEntries(sums.stageNames.map((stage, index) => [stage, toUsd((sums.stageCosts[index] ?? 0n) as Nanos)])),
    by_model: usdByValue(sums.byModel),
    by_role: usdByValue(sums.groups['role'] ?? new Map()),
    by_operation: usdByValue(sums.groups['operation'] ?? new Map()),
    by_scene: usdByValue(await costsBySubject(store, id, 'scene', cost)),
    by_label: Object.fromEntries(others),
    estimate: run?.estimate == null ? null : estimateJson(run.estimate),
    variance: run?.estimate == null ? null : varianceJson(run.estimate.costNanos, cost, doubtsJson(sums.total).is_lower_bound),
    budget_limit_usd: limit?.limit_usd ?? null,
    budget_remaining_usd: limit?.remaining_usd ?? null,
    budget: limit ?? null,
    ...holdsJson(facts),
  }
}

function stageJson(stage: string, sums: StageSums): StageCost {
  const cost = costOf(sums)
  return {
    stage_id: stage,
    provider: sums.provider,
    model: sums.model,
    ...tokensJson(sums),
    estimated_cost_usd: toUsd(cost),
    cost_nanos: cost.toString(),
    call_count: callsOf(sums),
    ...doubtsJson(sums),
  }
}

function holdsJson({ holds }: RunFacts) {
  const held = sumOf(holds, ({ state, left }) => (state === 'open' ? left.cost : 0n))
  const presumed = sumOf(holds, presumedCost)
  return {
    held_usd: toUsd(held as Nanos),
    held_nanos: held.toString(),
    presumed_usd: toUsd(presumed as Nanos),
    presumed_nanos: presumed.toString(),
    presumed_holds: holds.filter(({ state }) => state === 'presumed').length,
  }
}

/** By another subject, such as the scene; empty where no call of the run has one. */
async function costsBySubject(store: Store, run: string, by: string, total: bigint): Promise<Map<string, bigint>> {
  const costs = new Map<string, bigint>()
  if (!(await store.hasSubject(by))) return costs
  const shared = await store.sharedCosts({ kind: 'run', value: run, by })
  let rest = total
  for (const { value, sku, costNanos } of shared) {
    const metered = store.sku(sku).basis === 'plan' ? 0n : costNanos
    costs.set(value, (costs.get(value) ?? 0n) + metered)
    rest -= metered
  }
  if (costs.size > 0 && rest !== 0n) costs.set(none, (costs.get(none) ?? 0n) + rest)
  return costs
}

/** By anything that a question can be asked by. */
async function costsBy(store: Store, run: string, label: string): Promise<Map<string, bigint>> {
  const { rows } = await answerCosts(store, {
    ...everything(store),
    groupBy: [label],
    where: [{ field: 'run', op: 'equals', values: [run] }],
  })
  return new Map(rows.map(({ key, costNanos }) => [key[0] ?? none, costNanos]))
}

function iso(ms: number | null | undefined): string | null {
  return ms == null ? null : new Date(ms).toISOString()
}
