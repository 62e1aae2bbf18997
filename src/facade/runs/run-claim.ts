import { PurserError } from '../../errors.ts'
import { newChargeId } from '../../ledger/charge-id.ts'
import { parseLabels } from '../../ledger/labels.ts'
import type { Labels } from '../../ledger/charge.ts'
import { largerCap, parseCap } from '../../runs/cap.ts'
import { waitsForApproval } from '../../runs/approval.ts'
import { isWritten, runEvent } from '../../runs/change-run.ts'
import { endStates, type Run, type RunOwner } from '../../runs/run.ts'
import { readRun } from '../../runs/run-documents.ts'
import type { Store } from '../../stores/store.ts'
import { contextLabels } from '../label-context.ts'
import type { Liveness } from './liveness.ts'
import { isActive } from './run-lease.ts'
import type { RunOptions } from './run-options.ts'
import { parseEstimate } from './run-spending.ts'

/** A run that this process may execute now, or one that stays as it is: somebody paused it, or it waits to be approved. */
export type Claim = { readonly run: Run; readonly isPaused: boolean; readonly waits?: true }

/** Describes a run that is not known yet. @throws PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL */
export function describeRun(options: RunOptions, nowMs: number): Run {
  const { id = newChargeId(nowMs), project, estimate, budget, profile = null } = options
  const labelled = options.labels?.['project']
  if (project !== undefined && labelled !== undefined && labelled !== project) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `The run is of the project "${project}", and its label says "${labelled}". Say one of them.`,
    )
  }
  // A run within a stage is a run of its own, and no part of that stage.
  const { stage: _stage, ...around } = contextLabels() ?? {}
  const labels = parseLabels({ ...around, ...(project !== undefined && { project }), ...options.labels, run: id })
  return {
    id,
    project: project ?? labels['project'] ?? null,
    labels,
    state: 'planned',
    createdAt: nowMs,
    startedAt: null,
    endedAt: null,
    estimate: estimate === undefined ? null : parseEstimate('estimate', estimate, nowMs),
    cap: budget === undefined ? null : parseCap('budget', budget),
    attempt: 0,
    message: null,
    limit: null,
    wanted: null,
    owner: null,
    profile,
    profileSince: profile === null ? null : nowMs,
  }
}

/**
 * Takes a run to execute it: one that is new, planned, paused or failed, or whose process is gone. Of two that try, one
 * wins and the other is told.
 * @throws PURSER_RUN_BUSY, PURSER_CONFLICT for one that has ended, PURSER_ID_CONFLICT for one with other labels; one that
 * was only planned until now takes those that its plan leaves out
 */
export async function claimRun(store: Store, described: Run, options: RunOptions, owner: RunOwner, liveness: Liveness): Promise<Claim> {
  for (;;) {
    const kept = await readRun(store, described.id)
    if (kept === undefined) {
      const run: Run = { ...described, state: 'queued', attempt: 1, owner }
      if (await isWritten(store, { run, event: runEvent('run.created', run) }, 0)) return { run, isPaused: false }
      continue
    }
    const known = kept.value
    checkClaim(known, described, options, liveness)
    if (waitsForApproval(known)) return { run: known, isPaused: false, waits: true }
    if (known.state === 'paused' && known.limit === null && options.resume !== true) return { run: known, isPaused: true }
    const run: Run = {
      ...known,
      ...(wasNeverRun(known) && saidOfBoth(known, described)),
      state: 'queued',
      attempt: known.attempt + 1,
      owner,
      wanted: null,
      message: null,
      limit: null,
      // What was foreseen before it began is what its cost is compared with.
      estimate: known.startedAt === null ? (described.estimate ?? known.estimate) : (known.estimate ?? described.estimate),
      cap: largerCap(known.cap, described.cap),
      ...profileOf(known, described),
    }
    if (await isWritten(store, { run, event: runEvent('run.claimed', run) }, kept.version)) return { run, isPaused: false }
  }
}

function wasNeverRun({ attempt }: Run): boolean {
  return attempt === 0
}

/** A plan may be made before anybody knows the project and the labels of its run: those that it leaves out are the run's. */
function saidOfBoth(plan: Run, { project, labels }: Run): Pick<Run, 'project' | 'labels'> {
  return { project: plan.project ?? project, labels: { ...labels, ...plan.labels } }
}

/** A profile that is named for this start, or that the plan names, counts from now on. */
function profileOf(known: Run, described: Run): Pick<Run, 'profile' | 'profileSince'> {
  const profile = described.profile ?? known.profile
  const isNew = described.profile !== null || wasNeverRun(known)
  return { profile, profileSince: profile !== null && isNew ? Date.now() : known.profileSince }
}

function checkClaim(known: Run, described: Run, options: RunOptions, liveness: Liveness): void {
  const { id, state, owner, labels } = known
  if (endStates.has(state)) {
    throw new PurserError('PURSER_CONFLICT', `The run "${id}" is ${state}, and is not run again. Another run needs another id.`)
  }
  if (owner !== null && isActive(owner) && !liveness.isGone(owner)) {
    const seen = new Date(owner.beatAt).toISOString()
    throw new PurserError(
      'PURSER_RUN_BUSY',
      `The run "${id}" is ${state} in process ${owner.pid} on ${owner.host}, which was last seen alive at ${seen}. Once it is gone, the run can be resumed here.`,
    )
  }
  // A run that is resumed by its id alone keeps the labels that it has.
  if (options.project === undefined && options.labels === undefined) return
  const isPlan = wasNeverRun(known)
  const differing = [...new Set([...Object.keys(labels), ...Object.keys(described.labels)])].find((key) => {
    const isUnsaid = labels[key] === undefined || described.labels[key] === undefined
    return labels[key] !== described.labels[key] && !(isPlan && isUnsaid)
  })
  if (differing !== undefined) throw otherLabels(id, differing, labels, described.labels)
}

function otherLabels(id: string, key: string, was: Labels, is: Labels): PurserError {
  const shown = (labels: Labels): string => (labels[key] === undefined ? 'none' : JSON.stringify(labels[key]))
  return new PurserError(
    'PURSER_ID_CONFLICT',
    `The run "${id}" was made with another ${key}: ${shown(was)} then, ${shown(is)} now. Another run needs another id.`,
  )
}
