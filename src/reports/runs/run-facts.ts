import type { HoldView } from '../../budgets/hold-view.ts'
import { PurserError } from '../../errors.ts'
import type { Labels } from '../../ledger/charge.ts'
import { readRun } from '../../runs/run-documents.ts'
import type { Run } from '../../runs/run.ts'
import type { Store } from '../../stores/store.ts'
import { type Limit, limitsOf, ownCapLeft, type BudgetLeft } from './limits-of-summary.ts'
import { type Grouping, readRunSums, type RunSums } from './run-sums.ts'
import { costOfSums } from './sums.ts'

/** Everything that the ledger knows of a run. */
export interface RunFacts {
  readonly id: string
  /** Whether nothing is known of it because cost tracking is off: then every figure is missing, and none is zero. */
  readonly isUntracked: boolean
  /** Undefined for a run that is known by its label only. */
  readonly run: Run | undefined
  readonly sums: RunSums
  /** Labels of all its calls. */
  readonly labels: Labels
  /** Its open and presumed holds. */
  readonly holds: readonly HoldView[]
  /** Budgets on cost that count for it, the one with least left first. */
  readonly limits: readonly Limit[]
  /** What is left of its own cap. */
  readonly ownCap: BudgetLeft | undefined
}

/** How a run is read. */
export interface RunReading {
  /** False with cost tracking off: a run that is not known is then one of which nothing was booked, and no mistake. */
  readonly isTracking?: boolean
}

/** Reads a run, by its document and by the label of its calls. @throws PURSER_NOT_FOUND where there is neither */
export async function readRunFacts(
  store: Store,
  id: string,
  groupings: Readonly<Record<string, Grouping>>,
  { isTracking = true }: RunReading = {},
): Promise<RunFacts> {
  const run = (await readRun(store, id))?.value
  const sums = await readRunSums(store, id, groupings)
  const isUntracked = !isTracking && run === undefined && sums.days === undefined
  if (run === undefined && sums.days === undefined && isTracking) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no run "${id}". \`purser runs list\` shows those there are.`)
  }
  const labels = { ...sums.common, ...run?.labels, run: id }
  const holds = (await store.gate('holds', {})).filter((hold) => hold.labels['run'] === id)
  const limits = await limitsOf(store, { labels, carried: sums.carried })
  return { id, isUntracked, run, sums, labels, holds, limits, ownCap: run && ownCapLeft(run, costOfSums(sums.total), holds) }
}
