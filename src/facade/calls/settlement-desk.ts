import type { HoldOutcome } from '../../budgets/find-hold.ts'
import type { HoldId } from '../../budgets/hold.ts'
import type { HoldView } from '../../budgets/hold-view.ts'
import type { Settling } from '../../budgets/settle.ts'
import { hasUsage } from '../../budgets/count-charge.ts'
import { PurserError } from '../../errors.ts'
import type { ChargeInput } from '../../ledger/charge.ts'
import { newChargeId } from '../../ledger/charge-id.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import type { CallRecord } from '../../ledger/parse-record.ts'
import { saysQuantities } from '../../ledger/says-quantities.ts'
import { toBooked } from '../draft-records.ts'
import { checkServedLabels } from '../hold-arguments.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { withChargeIds } from '../retry-by-id.ts'

/** What a held call came to: as a record. Labels and hold may be left out; they are those of its hold. */
export type HeldCall = Partial<CallRecord>

/** A settlement whose usage is read and whose charge has its id, so that it can be told again and is booked once. */
export interface PreparedSettlement {
  readonly hold: HoldId
  readonly input: ChargeInput
  /** Fields that the caller left to purser, which a second try need not repeat. */
  readonly ignore: readonly (keyof ChargeDraft)[]
  readonly settling: Settling
  /** Whether it says what was used, be it nothing. */
  readonly isMeasured: boolean
}

/** Stands in the place of a hold where a call was recorded without one. */
export const noHold = '' as HoldId
const unknownName = 'unknown'
const withoutHold: ReadonlySet<string> = new Set(['PURSER_HOLD_ENDED', 'PURSER_NOT_FOUND', 'PURSER_ID_CONFLICT'])

/** Turns what held calls came to into charges, and books them. */
export class SettlementDesk {
  readonly #host: LedgerHost

  constructor(host: LedgerHost) {
    this.#host = host
  }

  /** Reads what a call came to. @throws what recording a call throws; PURSER_NOT_FOUND where the hold must name the model */
  async prepare(id: string, call: HeldCall, settling: Settling): Promise<PreparedSettlement> {
    const [input] = (await this.#host.read([await this.#named(id, call)])) as [ChargeInput]
    checkServedLabels(id, call.labels, input.serves)
    const isNamed = input.id !== undefined || input.responseId !== undefined
    const made = settling.startsWith('partial') ? newChargeId(Date.now()) : `hold:${id}`
    return {
      hold: id as HoldId,
      input: isNamed ? input : { ...input, id: made },
      ignore: call.at === undefined ? ['at'] : [],
      settling,
      isMeasured: hasUsage(input) || saysQuantities(call),
    }
  }

  /**
   * Books it, or as an answer to what is presumed.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_ID_CONFLICT, and what pricing a call throws
   */
  async book({ hold, input, ...prepared }: PreparedSettlement, as: 'settle' | 'resolve' = 'settle'): Promise<HoldOutcome> {
    const booked = toBooked(input, this.#host.draft)
    const settlement = { ...booked, ...prepared, takesBasis: input.basis === undefined }
    return this.#host.store.gate(as, { id: hold, settlement }).catch((error: unknown) => {
      throw withChargeIds(error, [booked.draft])
    })
  }

  /**
   * The same long after the call: where the hold has ended otherwise, or is not known, the call is booked without it, and
   * where its id stands for another call by now that one stays as it is.
   */
  async bookLate(prepared: PreparedSettlement): Promise<void> {
    if (prepared.hold === noHold) return this.#bookRecord(prepared.input)
    try {
      await this.book(prepared)
    } catch (error) {
      if (!(error instanceof PurserError) || !withoutHold.has(error.code)) throw error
      const booked = toBooked(prepared.input, this.#host.draft)
      await this.#host.store.transact({ bookings: [{ ...booked, onExisting: 'duplicate', rank: 1 }] })
    }
  }

  /** A record that waited; the hold that it names may be over by now. */
  async #bookRecord(input: ChargeInput): Promise<void> {
    const booking = { onExisting: 'duplicate', rank: 1 } as const
    try {
      await this.#host.store.transact({ bookings: [{ ...toBooked(input, this.#host.draft), ...booking }] })
    } catch (error) {
      if (!(error instanceof PurserError) || input.hold === undefined || !withoutHold.has(error.code)) throw error
      const { hold: _, ...free } = input
      await this.#host.store.transact({ bookings: [{ ...toBooked(free, this.#host.draft), ...booking }] })
    }
  }

  view(id: string): Promise<HoldView> {
    return this.#host.run(() => this.#host.store.gate('hold', { id: id as HoldId }))
  }

  /** A call that names no model is one of the model that was asked for. */
  async #named(id: string, call: HeldCall): Promise<CallRecord> {
    const { provider, model } = call
    if (provider !== undefined && (model !== undefined || call.body !== undefined)) return { ...call, provider }
    const hold = await this.view(id)
    return {
      ...call,
      provider: provider ?? hold.provider ?? unknownName,
      ...(call.body === undefined && { model: model ?? hold.model ?? unknownName }),
    }
  }
}
