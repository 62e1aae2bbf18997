import { figureTexts } from '../budgets/limit-figures.ts'
import { PurserError } from '../errors.ts'
import type { EventDraft, Store } from '../stores/store.ts'
import type { Run } from './run.ts'
import { readRun, writeRun } from './run-documents.ts'

/** What becomes of a run, and the event that says so; undefined leaves it as it is. */
export interface RunChange {
  readonly run: Run
  readonly event?: EventDraft
}

/**
 * Changes a run as it stands now: where somebody else changed it meanwhile, `change` is asked again. Gives the run as it
 * then is.
 * @throws PURSER_NOT_FOUND, and what `change` throws
 */
export async function changeRun(store: Store, id: string, change: (run: Run) => RunChange | undefined): Promise<Run> {
  for (;;) {
    const kept = await readRun(store, id)
    if (kept === undefined)
      throw new PurserError('PURSER_NOT_FOUND', `There is no run "${id}". \`purser runs list\` shows those there are.`)
    const changed = change(kept.value)
    if (changed === undefined) return kept.value
    if (await isWritten(store, changed, kept.version)) return changed.run
  }
}

/** Writes a run that must be as the version says; false where it is not. */
export async function isWritten(store: Store, { run, event }: RunChange, expectedVersion: number): Promise<boolean> {
  try {
    await store.transact({ documents: [writeRun(run, expectedVersion)], events: event === undefined ? [] : [event] })
    return true
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_CONFLICT') return false
    throw error
  }
}

/** The event of a run that came to a state: names and figures, amounts as text in the metric's unit. */
export function runEvent(kind: string, run: Run, more: Readonly<Record<string, unknown>> = {}): EventDraft {
  const { id, project, labels, state, attempt, message, limit } = run
  const figures = limit === null ? null : { ...limit, ...figureTexts(limit) }
  return { kind, body: { run: id, project, labels, state, attempt, message, limit: figures, ...more } }
}

/** What somebody may change of a run, for the log of changes. */
export function changeable({ state, wanted, cap, estimate, profile, approval }: Run): Readonly<Record<string, unknown>> {
  const caps = cap === null ? null : Object.fromEntries(Object.entries(cap).map(([metric, amount]) => [metric, String(amount)]))
  const estimateNanos = estimate === null ? null : String(estimate.costNanos)
  return { state, wanted, cap: caps, estimateNanos, profile, approval: approval ?? null }
}
