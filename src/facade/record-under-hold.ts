import { type ErrorCode, PurserError } from '../errors.ts'
import type { HoldOutcome } from '../budgets/find-hold.ts'
import type { Charge } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
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
 * Books a call that was made under a hold, such as that of `purser guard`. The call was made, so where the hold cannot take
 * it (another one's labels, no money left, ended, not in this ledger) it is booked without, and the answer says why.
 * @throws what recording a call throws
 */
export async function recordUnderHold(ledger: HoldingLedger, hold: string, record: CallRecord): Promise<UnderHold> {
  const alone = async (message: string, code: ErrorCode | null = null): Promise<UnderHold> => ({
    charge: await ledger.record(record),
    overrun: [],
    alone: { code, message },
  })
  try {
    const { labels } = await ledger.holds.get(hold)
    const other = Object.entries(record.labels ?? {}).find(([key, value]) => labels[key] !== undefined && labels[key] !== value)
    if (other !== undefined) {
      const [key, value] = other
      return await alone(`The hold "${hold}" is for ${key}=${labels[key]}, and the call has ${key}=${value}.`)
    }
    const outcome = await ledger.holds.record(hold, record)
    if ('granted' in outcome) return await alone(outcome.message)
    return { charge: (await ledger.charge(outcome.charge ?? '')) as Charge, overrun: outcome.overrun, alone: null }
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    if (error.code !== 'PURSER_NOT_FOUND' && error.code !== 'PURSER_HOLD_ENDED') throw error
    return alone(error.message, error.code)
  }
}
