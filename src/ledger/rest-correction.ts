import { type Nanos, nanos } from '../money/nanos.ts'
import { quantities } from '../usage/usage.ts'
import type { Charge } from './charge.ts'
import { correctionId } from './charge-id.ts'
import { asItStands } from './correction.ts'
import type { ChargeDraft } from './draft-charge.ts'

/** A charge as a ledger has it, with its corrections in the order in which they were booked. */
export interface BookedCharge {
  readonly original: Charge
  readonly corrections: readonly Charge[]
}

/** What somebody says that a call came to beyond what is booked of it. */
export interface Rest {
  /** Its usage, and its cost with how that came about. */
  readonly call: ChargeDraft
  /** Which of the two were missing; what is known already is left as it is. */
  readonly adds: { readonly cost: boolean; readonly tokens: boolean }
  /** The hold of which it was presumed. */
  readonly hold: string
}

/**
 * The correction that adds to a charge what was missing of its call; undefined where that is nothing. It adds no call, takes
 * the time, the labels and the model of the charge, and its id, like that of every correction, is the charge's with a number.
 * A cost that is told for a charge without a price is the charge's cost from now on.
 */
export function restCorrection({ original, corrections }: BookedCharge, { call, adds, hold }: Rest): ChargeDraft | undefined {
  const { seq: _, bookedAt: __, batch: ___, ...stands } = asItStands(original, corrections)
  const cost = adds.cost ? (call.costNanos ?? nanos(0n)) : null
  const usage = adds.tokens ? call.usage : {}
  const status = adds.cost ? call.status : stands.status
  if ((cost ?? 0n) === 0n && status === stands.status && quantities(usage).length === 0) return undefined
  return {
    ...stands,
    ...(adds.cost && pricingOf(call, stands.costNanos)),
    id: correctionId(original.id, corrections.length + 1),
    responseId: null,
    part: null,
    warnings: [],
    metadata: { [restOf]: hold },
    usage,
    lines: adds.cost ? call.lines : [],
    costNanos: cost ?? (stands.costNanos === null ? null : nanos(0n)),
    corrects: original.id,
    restates: stands.status,
  }
}

const restOf = 'restOf'

/**
 * Whether somebody said what a call came to beyond its own price, so that no price of its usage is the whole of it.
 */
export function exceedsItsUsage(corrections: readonly Pick<Charge, 'metadata' | 'restates'>[]): boolean {
  return corrections.some(
    ({ metadata, restates }) => metadata !== null && restOf in metadata && restates !== 'unpriced' && restates !== 'partial',
  )
}

/** How the cost came about; one that was stated is stated in all, with what was booked before. */
function pricingOf(call: ChargeDraft, before: Nanos | null): Partial<ChargeDraft> {
  const { status, card, match, unpricedReason, unratedMeters, statedNanos, reportedNanos } = call
  const whole = (said: Nanos | null): Nanos | null => (said === null ? null : nanos(said + (before ?? 0n)))
  return { status, card, match, unpricedReason, unratedMeters, statedNanos: whole(statedNanos), reportedNanos: whole(reportedNanos) }
}
