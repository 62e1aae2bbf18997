import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import type { Store } from '../../stores/store.ts'
import { isAsked, keyOf, planCosts } from '../cost-plan.ts'
import { readSums } from '../cost-sums.ts'
import type { runCostSummarySchema, stageCostSchema } from '../schemas/run-cost-schemas.ts'
import { everything } from './everything.ts'
import { readRunFacts, type RunFacts, type RunReading } from './run-facts.ts'
import { presumedCost, sumOf } from './limits-of-summary.ts'
import { byLabel, type StageSums } from './run-sums.ts'
import {
  addToSums,
  callsOf,
  doubtsJson,
  groupsJson,
  isNothing,
  none,
  spentByValue,
  costOfSums,
  type Sums,
  tokensJson,
  untrackedText,
  usdByValue,
  zeroSums,
} from './sums.ts'
import { estimateJson, varianceJson } from './variance.ts'

export type StageCost = z.infer<typeof stageCostSchema>
export type RunCostSummary = z.infer<typeof runCostSummarySchema>

/** What the calls of a run are grouped by for its summary. */
export const summaryGroupings = { role: byLabel('role'), operation: byLabel('operation') }

/** Of each a few microseconds. */
const mostCallsLookedAt = 1000

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

/**
 * The summary of a run whose facts are read. Calls and tokens by scene take a look at each charge of the run, so of a long one
 * they are there only where they are asked for: by name, or `withScenes`.
 */
export async function summaryOf(store: Store, facts: RunFacts, by: readonly string[], withScenes = false): Promise<RunCostSummary> {
  const { id, run, sums, isUntracked } = facts
  const cost = costOfSums(sums.total)
  const limit = facts.ownCap ?? facts.limits[0]?.left
  const scenes = await costsBySubject(store, id, 'scene', cost)
  const looksAtScenes = scenes.size > 0 && (withScenes || callsOf(sums.total) <= mostCallsLookedAt)
  const read = looksAtScenes ? [...by, 'scene'] : by
  const others = await Promise.all([...new Set(read)].map(async (label) => [label, await sumsBy(store, id, label)] as const))
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
    by_model: usdByValue(spentByValue(sums.byModel)),
    by_role: usdByValue(spentByValue(sums.groups['role'] ?? new Map())),
    by_operation: usdByValue(spentByValue(sums.groups['operation'] ?? new Map())),
    by_scene: usdByValue(scenes),
    by_label: Object.fromEntries(
      others.filter(([label]) => by.includes(label)).map(([label, found]) => [label, usdByValue(spentByValue(found))]),
    ),
    groups: Object.fromEntries(
      [['model', sums.byModel] as const, ...Object.entries(sums.groups), ...others].map(([label, found]) => [label, groupsJson(found)]),
    ),
    estimate: run?.estimate == null ? null : estimateJson(run.estimate),
    variance: run?.estimate == null ? null : varianceJson(run.estimate, cost, doubtsJson(sums.total).is_lower_bound),
    budget_limit_usd: limit?.limit_usd ?? null,
    budget_remaining_usd: limit?.remaining_usd ?? null,
    budget: limit ?? null,
    ...holdsJson(facts),
  }
}

function stageJson(stage: string, sums: StageSums): StageCost {
  const cost = costOfSums(sums)
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
async function sumsBy(store: Store, run: string, label: string): Promise<Map<string, Sums>> {
  const where = [{ field: 'run', op: 'equals', values: [run] }] as const
  const plan = planCosts(store, { ...everything(store), groupBy: [label], where })
  const found = new Map<string, Sums>()
  for await (const sum of readSums(store, plan)) {
    if (!isAsked(plan, sum)) continue
    const value = keyOf(plan, sum)[0] ?? none
    const sums = found.get(value) ?? zeroSums()
    addToSums(sums, sum.sku.basis, sum.measures)
    found.set(value, sums)
  }
  return new Map([...found].filter(([, sums]) => !isNothing(sums)))
}

function iso(ms: number | null | undefined): string | null {
  return ms == null ? null : new Date(ms).toISOString()
}
