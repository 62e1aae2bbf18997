import { setTimeout } from 'node:timers/promises'
import { PurserError } from '../../errors.ts'
import type { CostEstimate } from '../../runs/cost-estimate.ts'
import { changeable } from '../../runs/change-run.ts'
import type { Run } from '../../runs/run.ts'
import { readRun, writeRun } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import { authorOf } from '../access/change-document.ts'
import { describeRun } from '../runs/run-claim.ts'
import type { SaveOptions } from './estimate-questions.ts'

const longestPauseMs = 10

/**
 * Keeps an estimate with a run that has not begun, and plans one that is not known yet. Whoever changes the run meanwhile
 * is read again.
 * @throws PURSER_CONFLICT, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export async function saveEstimate(store: Store, id: string, estimate: CostEstimate, options: SaveOptions): Promise<void> {
  const planned = describeRun({ ...options, id, estimate }, Date.now())
  for (;;) {
    const kept = await readRun(store, id)
    if (kept !== undefined && kept.value.startedAt !== null) throw begun(kept.value)
    const run = kept === undefined ? planned : estimatedAnew(kept.value, planned)
    try {
      await store.transact({
        documents: [writeRun(run, kept?.version ?? 0)],
        events: [
          {
            kind: 'run.estimated',
            body: {
              run: id,
              project: run.project,
              labels: run.labels,
              source: estimate.source,
              costNanos: String(estimate.costNanos),
              author: authorOf(options),
              before: kept === undefined ? null : changeable(kept.value),
              after: changeable(run),
            },
          },
        ],
      })
      return
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_CONFLICT') throw error
      // Asked again at once, it would meet the write that it conflicts with before that is committed.
      await setTimeout(Math.random() * longestPauseMs)
    }
  }
}

/** What was approved was what the run said before, so it waits again. */
function estimatedAnew(run: Run, { estimate, profile }: Run): Run {
  return { ...run, estimate, profile: profile ?? run.profile, ...(run.approval === 'approved' && { approval: 'waiting' }) }
}

function begun({ id, state, startedAt }: Run): PurserError {
  const when = new Date(startedAt ?? 0).toISOString()
  return new PurserError(
    'PURSER_CONFLICT',
    `Run "${id}" began at ${when} and is ${state}; an estimate is made before a run. Plan it under another id.`,
  )
}
