import type { CostQuery, Filter } from '../../ledger/cost-query.ts'
import type { CostRow } from '../../ledger/cost-table.ts'
import { answerCosts } from '../../reports/answer-costs.ts'
import { sumByStage } from '../../runs/estimates/compare-estimates.ts'
import type { PastCost } from '../../runs/estimates/estimate-history.ts'
import { type EstimatedPast, type LearnedCorrection, learnedCorrection } from '../../runs/estimates/learned-correction.ts'
import type { Run } from '../../runs/run.ts'
import { readRuns } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import type { HistoryQuestion } from './estimate-questions.ts'

/**
 * What each stage of each past run cost, by the ledger's sums. Runs that the ledger keeps count once they are completed;
 * runs that are known by their label alone count as they are.
 */
export async function pastCosts(store: Store, question: HistoryQuestion): Promise<PastCost[]> {
  const { project, stage, role, where = [], sinceMs, untilMs } = question
  const states = new Map((await readRuns(store)).map(({ id, state }) => [id, state]))
  const filters = [...equal('project', project), ...equal('stage', stage), ...equal('role', role), ...where]
  const rows = await costRows(store, ['run', 'stage'], filters, { sinceMs, untilMs })
  return rows.flatMap(({ key: [run, ofStage], costNanos, calls, isLowerBound }) => {
    if (run == null || (states.get(run) ?? 'completed') !== 'completed') return []
    return [{ run, stage: ofStage ?? null, costNanos, calls, isLowerBound }]
  })
}

/** What completed runs came to for each dollar of their estimates; of one stage where it is named. */
export async function learnFrom(
  store: Store,
  { project, stage }: { readonly project: string | undefined; readonly stage: string | undefined },
): Promise<LearnedCorrection | { readonly samples: number }> {
  const runs = (await readRuns(store)).filter(
    (run) => run.state === 'completed' && run.estimate !== null && (project === undefined || run.project === project),
  )
  if (runs.length === 0) return { samples: 0 }
  const rows = await costRows(store, ['run'], [...equal('project', project), ...equal('stage', stage)], {})
  const costs = new Map(rows.map((row) => [row.key[0] ?? '', row]))
  return learnedCorrection(
    runs.flatMap((run) => {
      const [row, estimate] = [costs.get(run.id), estimateOf(run, stage)]
      if (row === undefined || estimate === undefined) return []
      return [{ estimate, actualNanos: row.costNanos, isLowerBound: row.isLowerBound }]
    }),
  )
}

/** What was estimated of a run, or of a stage of it, which its parts tell without the buffer. */
function estimateOf({ estimate }: Run, stage: string | undefined): EstimatedPast['estimate'] | undefined {
  if (estimate === null || stage === undefined) return estimate ?? undefined
  const costNanos = sumByStage(estimate).get(stage) ?? undefined
  if (costNanos === undefined) return undefined
  return { costNanos, bufferPercent: 0, unpriced: estimate.unpriced.filter((left) => left.stage === stage) }
}

async function costRows(
  store: Store,
  groupBy: readonly string[],
  where: readonly Filter[],
  { sinceMs, untilMs }: { readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined },
): Promise<readonly CostRow[]> {
  const query: CostQuery = { groupBy, where, sinceMs, untilMs, timezone: store.timezone, weekStart: 1 }
  return (await answerCosts(store, { ...query, where: [{ field: 'run', op: 'present', values: [] }, ...where] })).rows
}

function equal(field: string, value: string | undefined): Filter[] {
  return value === undefined ? [] : [{ field, op: 'equals', values: [value] }]
}
