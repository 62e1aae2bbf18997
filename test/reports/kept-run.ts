import type { Nanos } from '../../src/money/nanos.ts'
import type { CostEstimate } from '../../src/runs/cost-estimate.ts'
import { readRun, writeRun, writeStage } from '../../src/runs/run-documents.ts'
import type { Run, Stage } from '../../src/runs/run.ts'
import type { Store } from '../../src/stores/store.ts'

/** An estimate that somebody stated. */
export function estimateOf(costNanos: bigint, more: Partial<CostEstimate> = {}): CostEstimate {
  return {
    source: 'given',
    costNanos: costNanos as Nanos,
    bufferPercent: 0,
    calls: null,
    tokens: null,
    parts: [],
    unpriced: [],
    quantiles: null,
    profile: null,
    catalog: null,
    madeAt: Date.parse('2026-02-20T08:00:00Z'),
    ...more,
  }
}

/** A run that is over, as the ledger keeps it. */
export function aRun(id: string, more: Partial<Run> = {}): Run {
  const project = more.project ?? null
  return {
    id,
    project,
    labels: { run: id, ...(project !== null && { project }) },
    state: 'completed',
    createdAt: Date.parse('2026-02-20T09:00:00Z'),
    startedAt: Date.parse('2026-02-20T09:00:00Z'),
    endedAt: Date.parse('2026-02-20T11:00:00Z'),
    estimate: null,
    cap: null,
    attempt: 1,
    message: null,
    limit: null,
    wanted: null,
    owner: null,
    profile: null,
    profileSince: null,
    ...more,
  }
}

export function aStage(run: string, name: string, order: number, more: Partial<Stage> = {}): Stage {
  return {
    run,
    key: name,
    name,
    labels: {},
    state: 'completed',
    order,
    attempt: 1,
    startedAt: Date.parse('2026-02-20T09:00:00Z') + order * 60_000,
    endedAt: Date.parse('2026-02-20T09:00:30Z') + order * 60_000,
    cap: null,
    estimateNanos: null,
    message: null,
    spent: null,
    kept: null,
    ...more,
  }
}

/** Writes runs and stages down, in place of what is there. */
export async function keepRuns(store: Store, runs: readonly Run[], stages: readonly Stage[] = []): Promise<void> {
  const written = await Promise.all(runs.map(async (run) => writeRun(run, (await readRun(store, run.id))?.version ?? 0)))
  await store.transact({ documents: [...written, ...stages.map((stage) => writeStage(stage))] })
}
