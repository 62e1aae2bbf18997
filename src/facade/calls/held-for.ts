import type { Labels, Served } from '../../ledger/charge.ts'
import type { HoldRequest } from '../hold-request.ts'

/** What is held for a call, and for whom it is made. */
export interface HeldFor {
  readonly request: HoldRequest
  readonly serves: readonly Served[] | undefined
}

/**
 * A hold is for all that its call serves, so it has no label in which one of them differs: each then brings that itself, or
 * what the call would have had.
 */
export function heldFor(request: HoldRequest, serves: readonly Served[] | undefined): HeldFor {
  if (serves === undefined) return { request, serves }
  const differs = ([key, value]: readonly [string, string]): boolean =>
    serves.some(({ labels }) => Object.hasOwn(labels, key) && labels[key] !== value)
  const all = Object.entries(request.labels ?? {})
  const apart: Labels = Object.fromEntries(all.filter(differs))
  const common: Labels = Object.fromEntries(all.filter((each) => !differs(each)))
  return { request: { ...request, labels: common }, serves: serves.map((each) => ({ ...each, labels: { ...apart, ...each.labels } })) }
}
