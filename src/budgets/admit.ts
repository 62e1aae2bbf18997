import { PurserError } from '../errors.ts'
import { committed, type Counter, type Tally, tally } from './counter.ts'
import type { Action, Mode } from './budget.ts'
import type { DenialKind } from './denial.ts'
import { largestStored } from './parse-amount.ts'

/** What a hold asks of one counter, or of the slices of a rolling one. */
export interface Claim {
  readonly counters: readonly Counter[]
  readonly limit: bigint
  readonly tolerance: bigint
  readonly mode: Mode
  readonly onLimit: Action
  readonly expected: bigint
  /** Null where the request is not bounded and the budget names no ceiling. */
  readonly worst: bigint | null
  /** Why it is not, and in whose words. */
  readonly refusal: { readonly kind: 'unpriced' | 'unbounded'; readonly message: string | null }
  /** Whether the budget has counted all that was booked before it. */
  readonly isSeeded: boolean
}

/** What one budget says: it fits, it is let through with a warning, or it is refused. */
export type Verdict =
  | { readonly kind: 'fits' }
  | { readonly kind: 'let-through'; readonly because: 'soft' | 'running-run' }
  | { readonly kind: 'refused'; readonly denial: DenialKind }

const fits: Verdict = { kind: 'fits' }

/**
 * The rule of the gate. With S spent, P presumed, E and W the sums over open holds, e and w asked: granted if
 * `S + P + E + e ≤ L` and `S + P + W + w ≤ L + T`; strict takes the worst case for the expected one and has no
 * tolerance. Nothing asked of a budget passes it, however full it is.
 * @throws PURSER_AMOUNT_OUT_OF_RANGE where no ledger could keep the sum
 */
export function admit(claim: Claim, isRunning: boolean): Verdict {
  const { worst, mode } = claim
  if (worst === 0n) return fits
  if (worst !== null) assertKept(claim, worst)
  if (mode === 'soft' || claim.onLimit === 'warn')
    return worst !== null && hasRoom(claim, worst) ? fits : { kind: 'let-through', because: 'soft' }
  if (!claim.isSeeded) return { kind: 'refused', denial: 'unavailable' }
  if (worst === null) return { kind: 'refused', denial: claim.refusal.kind }
  if (hasRoom(claim, worst)) return fits
  if (isRunning && stopsOnlyNewRuns(claim.onLimit)) return { kind: 'let-through', because: 'running-run' }
  return { kind: 'refused', denial: denialOf(claim, worst) }
}

/** What no limit stops, as in a soft budget, still has to be kept in the columns of a ledger. @throws PURSER_AMOUNT_OUT_OF_RANGE */
function assertKept({ counters }: Claim, worst: bigint): void {
  const sum = committed(tally(counters)) + worst
  if (sum <= largestStored) return
  throw new PurserError(
    'PURSER_AMOUNT_OUT_OF_RANGE',
    `With this hold ${sum} would be spent, held and presumed of one budget; a ledger keeps at most ${largestStored}. Settle or release holds first.`,
  )
}

/** Whether an action leaves what runs already alone. */
export function stopsOnlyNewRuns(action: Action): boolean {
  return action === 'block-new-runs' || action === 'pause' || action === 'queue'
}

function hasRoom({ counters, limit, tolerance, mode, expected }: Claim, worst: bigint): boolean {
  const sums = tally(counters)
  const settled = sums.spent + sums.presumed
  if (settled + sums.heldWorst + worst > limit + tolerance) return false
  return mode !== 'adaptive' || settled + sums.held + expected <= limit
}

/** The largest worst case that would fit now; for an expectation in the same proportion as the claim's. */
export function roomFor({ counters, limit, tolerance, mode, expected, worst }: Claim): bigint {
  const sums = tally(counters)
  const settled = sums.spent + sums.presumed
  const room = limit + tolerance - settled - sums.heldWorst
  if (mode !== 'adaptive' || worst === null || expected <= 0n) return room > 0n ? room : 0n
  const byExpected = ((limit - settled - sums.held) * worst) / expected
  const least = byExpected < room ? byExpected : room
  return least > 0n ? least : 0n
}

/** Whether a claim would fit beside what is spent and presumed, were nothing held. */
export function fitsBeside({ limit, tolerance, mode, expected }: Claim, worst: bigint, settled: bigint): boolean {
  return settled + worst <= limit + tolerance && (mode !== 'adaptive' || settled + expected <= limit)
}

function denialOf(claim: Claim, worst: bigint): DenialKind {
  if (!fitsBeside(claim, worst, 0n)) return 'never-fits'
  const sums: Tally = tally(claim.counters)
  return fitsBeside(claim, worst, sums.spent + sums.presumed) ? 'contended' : 'exhausted'
}
