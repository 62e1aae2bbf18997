import { PurserError } from '../errors.ts'
import { endStates, type Run } from './run.ts'

/** What somebody said to a planned run: `waiting` until they did, and then it is not begun. */
export const approvals = ['waiting', 'approved', 'declined'] as const
export type Approval = (typeof approvals)[number]

/** Whether a run may not begin yet. */
export function waitsForApproval({ approval }: Run): boolean {
  return approval === 'waiting'
}

/** Why a run that waits is not begun. */
export function waitingText({ id }: Run): string {
  return `The run "${id}" waits to be approved, and is not begun before.`
}

/** @throws PURSER_CONFLICT for a run that waits for nobody's word */
export function approved(run: Run): Run {
  assertWaits(run)
  return { ...run, approval: 'approved', message: null }
}

/** A declined run is over. @throws PURSER_CONFLICT */
export function declined(run: Run, reason: string | undefined, nowMs: number): Run {
  assertWaits(run)
  const message = reason === undefined ? 'It was declined.' : `It was declined: ${reason}`
  return { ...run, approval: 'declined', state: 'stopped', endedAt: nowMs, owner: null, wanted: null, message }
}

/**
 * A run that has not begun, with other figures: what was approved was what it said before, so it waits again.
 * @throws PURSER_CONFLICT for one that has begun
 */
export function replanned(run: Run, change: Partial<Pick<Run, 'estimate' | 'cap' | 'profile' | 'profileSince'>>): Run {
  const { id, state, attempt, approval } = run
  if (attempt > 0 || state !== 'planned') {
    throw new PurserError('PURSER_CONFLICT', `The run "${id}" is ${state}, and a plan is changed before its run begins.`)
  }
  return { ...run, ...change, ...(approval === 'approved' && { approval: 'waiting' as const }) }
}

function assertWaits({ id, state, approval }: Run): void {
  if (approval === 'waiting' && !endStates.has(state)) return
  const why = approval === undefined ? 'was not planned to wait for that' : `is ${approval} already`
  throw new PurserError('PURSER_CONFLICT', `The run "${id}" cannot be approved or declined: it ${why}.`)
}
