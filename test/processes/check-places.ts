import type { Store } from '../../src/stores/store.ts'
import { holdOf } from './check-told.ts'
import { ttlMs } from './held-request.ts'
import type { Asked } from './kill-at-random.ts'

/** From the first instant at which a hold had its place to the last one at which it certainly still had it. */
interface Stay {
  readonly from: number
  readonly until: number
}

/**
 * How many places were taken at the same time, at the fullest instant. A place is a lease, so no sum that remains says
 * whether too many were given; but from outside it is known for each hold when it certainly had its place. It got it when
 * it was granted, by the store's clock, which is read while nobody else can write. It kept it at least until somebody first
 * asked to end it: that was written down, with the time, before it was asked. If nobody did, it kept it until the lease ran
 * out, or so long after an extension that was granted had been asked for. All clocks are those of one machine. So each of
 * these stays is as long as the true one or shorter, and more of them at once than there are places is a grant too many.
 */
export async function mostPlaces(store: Store, asked: readonly Asked[]): Promise<number> {
  const endAsked = new Map<string, number>()
  const extended = new Map<string, number>()
  for (const { request, at, told } of asked) {
    const ends = request.kind === 'release' || (request.kind === 'settle' && request.settling === 'final')
    if (ends) endAsked.set(request.id, Math.min(at, endAsked.get(request.id) ?? at))
    if (request.kind === 'extend' && told?.state === 'open') extended.set(request.id, at + ttlMs)
  }
  const stays: Stay[] = []
  for (const { request, told } of asked) {
    // Parts share the place of the hold that they come from.
    if (request.kind !== 'reserve' || told?.granted === false) continue
    // A process that was killed before it had its answer may have got its place all the same.
    const from = told?.reservedAt ?? (await holdOf(store, request.id))?.reservedAt
    if (from === undefined) continue
    const runsOut = Math.max(from + ttlMs, extended.get(request.id) ?? 0)
    stays.push({ from, until: Math.min(runsOut, endAsked.get(request.id) ?? runsOut) })
  }
  return mostAtOnce(stays)
}

/** A stay does not count at the instant at which it ends. */
function mostAtOnce(stays: readonly Stay[]): number {
  const steps = stays
    .filter(({ from, until }) => until > from)
    .flatMap(({ from, until }) => [
      { at: from, change: 1 },
      { at: until, change: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.change - b.change)
  let [taken, most] = [0, 0]
  for (const { change } of steps) {
    taken += change
    most = Math.max(most, taken)
  }
  return most
}
