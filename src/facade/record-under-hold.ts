import { type ErrorCode, PurserError } from '../errors.ts'
import type { HoldOutcome } from '../budgets/find-hold.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import type { Charge } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { ServedRecord } from '../ledger/parse-serves.ts'
import type { HoldDesk } from './hold-desk.ts'

/** What recording under a hold needs of a ledger. */
interface HoldingLedger {
  readonly holds: Pick<HoldDesk, 'get' | 'record'>
  readonly record: (record: CallRecord) => Promise<Charge>
  readonly charge: (id: string) => Promise<Charge | undefined>
}

/** A call that was booked under a hold, or without it. */
export interface UnderHold {
  readonly charge: Charge
  /** Budgets of which the call took more than was held for it. */
  readonly overrun: HoldOutcome['overrun']
  /** Why the hold could not take it; null where it did. */
  readonly alone: { readonly code: ErrorCode | null; readonly message: string } | null
}

/**
 * Books a call that was made under a hold, such as that of `purser guard`. One with another label than the hold is taken by
 * the hold that it is a part of. The call was made, so where no hold can take it (another one's labels, no money left, ended, not in this ledger) it is booked without, and the answer says why.
 * @throws what recording a call throws
 */
export async function recordUnderHold(ledger: HoldingLedger, hold: string, record: CallRecord): Promise<UnderHold> {
  const alone = async (message: string, code: ErrorCode | null = null): Promise<UnderHold> => ({
    charge: await ledger.record(record),
    overrun: [],
    alone: { code, message },
  })
  try {
    const taker = await takerOf(ledger, hold, labelsIn(record))
    if (taker.hold === null) return await alone(taker.message)
    const outcome = await ledger.holds.record(taker.hold, record)
    if ('granted' in outcome) return await alone(outcome.message)
    return { charge: (await ledger.charge(outcome.charge ?? '')) as Charge, overrun: outcome.overrun, alone: null }
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    if (error.code !== 'PURSER_NOT_FOUND' && error.code !== 'PURSER_HOLD_ENDED') throw error
    return alone(error.message, error.code)
  }
}

/** The hold, or of those that it is a part of the nearest, whose labels the call has: what is for another stage of a run is still the run's. */
async function takerOf(
  { holds }: HoldingLedger,
  inner: string,
  call: readonly [string, string][],
): Promise<{ readonly hold: string } | { readonly hold: null; readonly message: string }> {
  let message = ''
  for (let hold: string | null = inner; hold !== null;) {
    const { labels, parent }: HoldView = await holds.get(hold)
    const other = call.find(([key, value]) => Object.hasOwn(labels, key) && labels[key] !== value)
    if (other === undefined) return { hold }
    const [key, value] = other
    message ||= `The hold "${hold}" is for ${key}=${labels[key]}, and the call has ${key}=${value}.`
    hold = parent
  }
  return { hold: null, message }
}

/** All labels that a record names, as far as it is one; what is wrong with it is said where it is booked. */
function labelsIn({ labels, serves }: CallRecord): [string, string][] {
  const served = Array.isArray(serves) ? serves.map((each: Partial<ServedRecord> | null) => each?.labels) : []
  return [labels, ...served].flatMap((each) => Object.entries(each ?? {}))
}
