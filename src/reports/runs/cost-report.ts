import { carries } from '../../ledger/labels.ts'
import type { z } from 'zod'
import type { Labels } from '../../ledger/charge.ts'
import { type Nanos, toUsd } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import { readRuns } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import type { costReportSchema } from '../schemas/host-schemas.ts'
import { listRuns } from './list-runs.ts'
import { readRunFacts, type RunFacts, type RunReading } from './run-facts.ts'
import { type Limit, limitsOf } from './limits-of-summary.ts'
import { costOfSums, doubtsJson } from './sums.ts'
import { percentOf, varianceJson } from './variance.ts'

export type CostReport = z.infer<typeof costReportSchema>

/** Windows of budgets that the report can be asked for. */
export type ReportWindow = 'day' | 'week' | 'month' | 'year'

/**
 * A run, the experiment or project that it belongs to, and the budget of a window: of those that count for the run the one
 * with least left; where none has that window, of all others.
 * @throws PURSER_NOT_FOUND
 */
export async function makeCostReport(
  store: Store,
  id: string | undefined,
  window: ReportWindow,
  { isTracking = true }: RunReading = {},
): Promise<CostReport> {
  const read = id === undefined ? undefined : await readRunFacts(store, id, {}, { isTracking })
  const facts = read?.isUntracked === true ? undefined : read
  const limits = read?.limits ?? (await limitsOf(store, { labels: {}, carried: new Set() }))
  const limit = limits.find(({ budget }) => budget.window.kind === window) ?? limits[0]
  const group = facts && (await groupOf(store, facts))
  const notes = [
    ...(facts === undefined && isTracking ? ['No run is known yet: calls carry no label run.'] : []),
    ...(facts === undefined && !isTracking ? [untrackedRunText] : []),
    ...(facts !== undefined && group === undefined ? ['The run has no label experiment or project, so there is no total of either.'] : []),
    ...(limit === undefined ? ['No budget on cost counts for it.'] : []),
    ...(limit !== undefined && limit.budget.window.kind !== window
      ? [`No budget of a ${window} counts for it; of the others, "${limit.budget.name}" has least left.`]
      : []),
  ]
  return {
    run: facts === undefined ? null : runPart(facts),
    group: group ?? null,
    budget: limit === undefined ? null : budgetPart(limit),
    notes,
  }
}

const untrackedRunText = 'Cost tracking is off, so no call is booked, and nothing is known of the run.'

function runPart({ id, run, sums }: RunFacts): CostReport['run'] {
  const actual = costOfSums(sums.total)
  const doubts = doubtsJson(sums.total)
  const variance = run?.estimate == null ? null : varianceJson(run.estimate, actual, doubts.is_lower_bound)
  return {
    run_id: id,
    estimated_usd: variance?.estimated_usd ?? null,
    estimated_nanos: variance?.estimated_nanos ?? null,
    estimated_is_lower_bound: variance?.estimated_is_lower_bound ?? false,
    actual_usd: toUsd(actual),
    actual_nanos: actual.toString(),
    variance_percent: variance?.variance_percent ?? null,
    ...doubts,
  }
}

async function groupOf(store: Store, { id, run, labels }: RunFacts): Promise<NonNullable<CostReport['group']> | undefined> {
  const experiment = run?.labels['experiment'] ?? (await experimentOf(store, id))
  if (experiment !== undefined) return totalOf('experiment', experiment, await experimentRuns(store, experiment))
  const project = run?.project ?? labels['project']
  return project === undefined ? undefined : totalOf('project', project, await projectRuns(store, project))
}

/** The experiment of a run that is known by its label only: that on which most was spent. */
async function experimentOf(store: Store, run: string): Promise<string | undefined> {
  if (!(await store.hasSubject('experiment'))) return undefined
  const shared = await store.sharedCosts({ kind: 'run', value: run, by: 'experiment' })
  return shared.toSorted((a, b) => (a.costNanos > b.costNanos ? -1 : 1))[0]?.value
}

interface GroupRuns {
  /** Nanos that each run spent. */
  readonly costs: ReadonlyMap<string, bigint>
  readonly isLowerBound: boolean
}

async function experimentRuns(store: Store, experiment: string): Promise<GroupRuns> {
  const costs = new Map<string, bigint>(begunWith(await readRuns(store), { experiment }))
  for (const { value, sku, costNanos } of await store.sharedCosts({ kind: 'experiment', value: experiment, by: 'run' })) {
    costs.set(value, (costs.get(value) ?? 0n) + (store.sku(sku).basis === 'plan' ? 0n : costNanos))
  }
  const source = { rows: 'subjects', subject: 'experiment', value: experiment } as const
  const [rows = []] = await store.rollups([{ source, from: 0, to: Number.MAX_SAFE_INTEGER, byTime: false, byMeter: false }])
  return { costs, isLowerBound: rows.some(({ measures }) => measures.unpricedCalls + measures.partialCalls > 0) }
}

function begunWith(runs: Awaited<ReturnType<typeof readRuns>>, labels: Labels): [string, bigint][] {
  return runs.filter((run) => run.startedAt !== null && carries(run.labels, labels)).map(({ id }) => [id, 0n])
}

async function projectRuns(store: Store, project: string): Promise<GroupRuns> {
  const runs = (await listRuns(store, { project })).filter(({ run }) => run === undefined || run.startedAt !== null)
  return {
    costs: new Map(runs.map(({ id, costNanos }) => [id, costNanos])),
    isLowerBound: runs.some(({ sums }) => doubtsJson(sums).is_lower_bound),
  }
}

function totalOf(label: string, value: string, { costs, isLowerBound }: GroupRuns): NonNullable<CostReport['group']> {
  const total = costs.values().reduce((sum, cost) => sum + cost, 0n) as Nanos
  const average = costs.size === 0 ? null : (divideHalfEven(total, BigInt(costs.size)) as Nanos)
  return {
    label,
    value,
    runs: costs.size,
    total_cost_usd: toUsd(total),
    total_cost_nanos: total.toString(),
    average_per_run_usd: average === null ? null : toUsd(average),
    average_per_run_nanos: average === null ? null : average.toString(),
    is_lower_bound: isLowerBound,
  }
}

function budgetPart({ left }: Limit): CostReport['budget'] {
  const { scope: _scope, resets_at: _resets, spent_usd: used_usd, spent_nanos: used_nanos, ...rest } = left
  return { ...rest, used_usd, used_nanos, used_percent: percentOf(BigInt(used_nanos), BigInt(left.limit_nanos)) }
}
