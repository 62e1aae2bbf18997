import type { z } from 'zod'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import { readRuns } from '../../runs/run-documents.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import type { Run } from '../../runs/run.ts'
import type { Store } from '../../stores/store.ts'
import { isAsked, keyOf, planCosts, type Sum } from '../cost-plan.ts'
import { readSums } from '../cost-sums.ts'
import type { projectCostSummarySchema } from '../schemas/project-cost-schemas.ts'
import { everything } from './everything.ts'
import { sumsOfRuns } from './run-sums.ts'
import { addToSums, callsOf, costOfSums, doubtsJson, none, type Sums, tokensJson, usdByValue, zeroSums } from './sums.ts'
import { trendOf } from './trend.ts'
import { varianceJson } from './variance.ts'

export type ProjectCostSummary = z.infer<typeof projectCostSummarySchema>

/** What a run spent on what is asked about. */
interface RunPart {
  readonly id: string
  readonly run: Run | undefined
  readonly started: string
  readonly cost: Nanos
  /** Whether calls of it have no price, or none for a part of them. */
  readonly isLowerBound: boolean
}

/**
 * What everything under one value of a label cost, run by run: a project, video, job, ticket, user, scene, experiment.
 * @throws PURSER_BAD_QUERY for what is no label
 */
export async function summarizeSubject(store: Store, label: string, value: string): Promise<ProjectCostSummary> {
  const adder = new SubjectAdder()
  const where = [{ field: label, op: 'equals', values: [value] }] as const
  const plan = planCosts(store, { ...everything(store), groupBy: ['day', 'run'], where })
  for await (const sum of readSums(store, plan)) {
    if (!isAsked(plan, sum)) continue
    const [day = null, run = null] = keyOf(plan, sum)
    adder.add(sum, day ?? '', run)
  }
  const runs = await partsOf(store, label, value, adder.runs)
  const inRuns = runs.reduce((sum, { cost }) => sum + cost, 0n) as Nanos
  const average = runs.length === 0 ? null : (divideHalfEven(inRuns, BigInt(runs.length)) as Nanos)
  const cost = costOfSums(adder.total)
  return {
    label,
    value,
    total_cost_usd: toUsd(cost),
    total_cost_nanos: cost.toString(),
    calls: callsOf(adder.total),
    ...tokensJson(adder.total),
    ...doubtsJson(adder.total),
    by_model: usdByValue(adder.byModel),
    by_stage: usdByValue(adder.byStage),
    by_service: usdByValue(adder.byService),
    run_count: runs.length,
    runs_cost_usd: toUsd(inRuns),
    runs_cost_nanos: inRuns.toString(),
    runs_is_lower_bound: runs.some(({ isLowerBound }) => isLowerBound),
    average_per_run_usd: average === null ? null : toUsd(average),
    average_per_run_nanos: average === null ? null : average.toString(),
    runs: await historyOf(store, runs),
    trend: trendOf(runs.filter((run) => hasEnded(run) && !run.isLowerBound).map((run) => run.cost)),
  }
}

class SubjectAdder {
  readonly total = zeroSums()
  readonly byModel = new Map<string, bigint>()
  readonly byStage = new Map<string, bigint>()
  readonly byService = new Map<string, bigint>()
  readonly runs = new Map<string, { readonly sums: Sums; first: string }>()

  add({ sku, labels, measures }: Sum, day: string, run: string | null): void {
    addToSums(this.total, sku.basis, measures)
    if (sku.basis !== 'plan') {
      addTo(this.byModel, sku.model, measures.costNanos)
      addTo(this.byStage, labels['stage'] ?? none, measures.costNanos)
      addTo(this.byService, labels['service'] ?? sku.provider, measures.costNanos)
    }
    if (run === null) return
    let known = this.runs.get(run)
    if (known === undefined) this.runs.set(run, (known = { sums: zeroSums(), first: day }))
    addToSums(known.sums, sku.basis, measures)
    if (day < known.first) known.first = day
  }
}

function addTo(costs: Map<string, bigint>, key: string, nanos: bigint): void {
  // What is left of rows whose calls turned out to be elsewhere.
  if (nanos !== 0n || costs.has(key)) costs.set(key, (costs.get(key) ?? 0n) + nanos)
}

/** Runs that have begun, the first first. */
async function partsOf(
  store: Store,
  label: string,
  value: string,
  labelled: ReadonlyMap<string, { readonly sums: Sums; readonly first: string }>,
): Promise<RunPart[]> {
  const kept = new Map((await readRuns(store)).map((run) => [run.id, run]))
  const named = [...kept.values()].filter(
    (run) => run.startedAt !== null && (run.labels[label] === value || (label === 'project' && run.project === value)),
  )
  const ids = new Set([...labelled.keys(), ...named.map(({ id }) => id)])
  const parts = [...ids].map((id): RunPart => {
    const [run, known] = [kept.get(id), labelled.get(id)]
    const began = run === undefined ? undefined : new Date(run.startedAt ?? run.createdAt).toISOString()
    const sums = known?.sums ?? zeroSums()
    return { id, run, started: began ?? known?.first ?? '', cost: costOfSums(sums), isLowerBound: doubtsJson(sums).is_lower_bound }
  })
  return parts.toSorted((a, b) => (a.started === b.started ? (a.id < b.id ? -1 : 1) : a.started < b.started ? -1 : 1))
}

const unfinished: ReadonlySet<string> = new Set(['planned', 'queued', 'running', 'paused'])

function hasEnded({ run }: RunPart): boolean {
  return run === undefined || !unfinished.has(run.state)
}

async function historyOf(store: Store, runs: readonly RunPart[]): Promise<ProjectCostSummary['runs']> {
  const rows: ProjectCostSummary['runs'] = []
  // A run may spend on other things too, so its whole cost is what the estimate is compared with.
  const whole = runs.some(({ run }) => run?.estimate != null) ? await sumsOfRuns(store) : new Map<string, Sums>()
  let [cumulative, isAtLeast] = [0n, false]
  for (const { id, run, started, cost, isLowerBound } of runs) {
    cumulative += cost
    isAtLeast ||= isLowerBound
    const variance = run?.estimate == null ? null : varianceOf(whole.get(id) ?? zeroSums(), run.estimate)
    rows.push({
      run_id: id,
      state: run?.state ?? null,
      started,
      cost_usd: toUsd(cost),
      cost_nanos: cost.toString(),
      cumulative_usd: toUsd(cumulative as Nanos),
      cumulative_nanos: cumulative.toString(),
      is_lower_bound: isLowerBound,
      cumulative_is_lower_bound: isAtLeast,
      estimate_usd: variance?.estimated_usd ?? null,
      variance_usd: variance?.variance_usd ?? null,
      variance_percent: variance?.variance_percent ?? null,
      variance_is_lower_bound: variance?.is_lower_bound ?? false,
      estimate_is_lower_bound: variance?.estimated_is_lower_bound ?? false,
    })
  }
  return rows
}

function varianceOf(sums: Sums, estimate: CostEstimate) {
  return varianceJson(estimate, costOfSums(sums), doubtsJson(sums).is_lower_bound)
}
