import { hash } from 'node:crypto'
import { countCharge } from '../budgets/count-charge.ts'
import type { Denial, Grant } from '../budgets/denial.ts'
import { type Ending, holdEndings } from '../budgets/endings.ts'
import type { Explanation } from '../budgets/explain-admission.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import type { HoldId } from '../budgets/hold.ts'
import type { HoldOutcome } from '../budgets/find-hold.ts'
import type { Settling } from '../budgets/settle.ts'
import { PurserError } from '../errors.ts'
import type { ModelName } from '../usage/requests/call-request.ts'
import { newChargeId } from '../ledger/charge-id.ts'
import type { ChargeInput, Labels } from '../ledger/charge.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { carries } from '../ledger/labels.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { FittingModel } from '../runs/profiles/fitting-models.ts'
import { roomForCost } from '../runs/profiles/room-for-cost.ts'
import { type HeldCall, SettlementDesk } from './calls/settlement-desk.ts'
import { untrackedGrant, untrackedOutcome } from './calls/untracked.ts'
import { checkValue, text } from './check-fields.ts'
import {
  checkAnswer,
  checkCall,
  checkChargeId,
  checkEnding,
  checkHoldId,
  checkHoldRequest,
  checkLabelsOfCall,
  checkSettleOptions,
  type SettleOptions,
} from './hold-arguments.ts'
import { HoldAdmission } from './hold-admission.ts'
import { checkTtl, type HoldRequest } from './hold-request.ts'
import { checkBudgetNames } from './known-budgets.ts'
import { contextLabels, inContext } from './label-context.ts'
import type { LedgerHost } from './ledger-host.ts'
import type { Unavailable } from './unavailable.ts'

/** What a hold would get now, and with which models of the owner's profile a refused request would fit, the dearest first. */
export interface HoldExplanation extends Explanation {
  readonly fits: readonly FittingModel[]
}

const oneCall = { calls: 1n, concurrency: 1n }
/** A part takes no place of its own, and its calls are those of the hold that it comes from. */
const onePart = { calls: 1n, concurrency: 0n }

/** What holds need of the rest of the facade. */
export interface HoldServices {
  /** Lets new budgets count what was booked before them. */
  readonly seedAll: () => Promise<void>
  /** The models of the owner's profile for calls with some labels. */
  readonly profileModels: (labels: Labels) => Promise<readonly ModelName[]>
}

/**
 * Holds: money set aside before calls, so that a hard budget is never overdrawn.
 * @example
 * const hold = await purser.holds.reserve({ amount: { cost: '0.10' }, labels: { project: 'atlas' } })
 * if (hold.granted) await purser.holds.settle(hold.id, { costUsd: '0.08' })
 */
export class HoldDesk {
  readonly #host: LedgerHost
  readonly #profileModels: HoldServices['profileModels']
  readonly #admission: HoldAdmission
  readonly #settlements: SettlementDesk

  constructor(host: LedgerHost, { seedAll, profileModels }: HoldServices) {
    this.#host = host
    this.#profileModels = profileModels
    this.#admission = new HoldAdmission(host, seedAll)
    this.#settlements = new SettlementDesk(host)
  }

  /**
   * Grants a hold on every budget that applies, or on none; a refusal is a value that explains itself. The same id gets
   * the same grant while its hold is open. Where the ledger cannot be reached, or stays locked, nothing is granted: the
   * refusal is `unavailable`.
   * @throws PURSER_ID_CONFLICT, PURSER_HOLD_ENDED, PURSER_BAD_ARGUMENT, PURSER_BAD_LABEL, PURSER_LEDGER_READ_ONLY;
   * PURSER_OUTCOME_UNKNOWN where a grant may exist, with the id to ask again by
   */
  reserve(request: HoldRequest): Promise<Grant | Denial | Unavailable> {
    return this.#host.run(async () => {
      checkHoldRequest(request)
      if (!this.#host.isTracking) return untrackedGrant(request)
      const id = idOf(request.id)
      const labelled = inContext(request)
      const ask = () => this.#admission.ask(labelled, oneCall, (asked) => this.#host.store.gate('reserve', { id, asked }))
      return this.#admission.orUnavailable(id, ask, labelled)
    })
  }

  /**
   * Makes part of an open hold a hold of its own, such as a call's part of a run's cap.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, and what `reserve` throws
   */
  split(from: string, request: HoldRequest): Promise<Grant | Denial | Unavailable> {
    return this.#host.run(async () => {
      checkHoldId(from)
      checkHoldRequest(request)
      if (!this.#host.isTracking) return untrackedGrant(request)
      return this.#take(from, idOf(request.id), request)
    })
  }

  #take(from: string, id: HoldId, request: HoldRequest): Promise<Grant | Denial | Unavailable> {
    return this.#admission.orUnavailable(id, async () => {
      const { labels } = await this.#view(from)
      const part = { ...request, labels: { ...contextLabels(), ...labels, ...request.labels } }
      return this.#admission.ask(part, onePart, (asked) => this.#host.store.gate('split', { from: from as HoldId, id, asked }))
    })
  }

  /**
   * Books what a held call came to and gives the rest back; also after it ran out. `partial` keeps the hold open with what
   * is left, as for each part of a batch. A call that was cut or aborted is an estimate, and what is left of it, or of one
   * that timed out, stays presumed in strict budgets. So does what was set aside for a cost that has no price. The charge
   * carries the labels of its hold; where the call `serves` several, each of its parts those and its own.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_ID_CONFLICT, PURSER_BAD_ARGUMENT for labels that differ from the
   * hold's, and what recording a call throws
   */
  async settle(id: string, call: HeldCall, options: SettleOptions = {}): Promise<HoldOutcome> {
    checkHoldId(id)
    checkCall(call)
    checkSettleOptions(options)
    const { partial = false } = options
    const isCut = call.outcome === 'cut' || call.outcome === 'aborted'
    const isUncertain = isCut || call.outcome === 'timeout'
    const settling = partial ? (isUncertain ? 'partial-uncertain' : 'partial') : isUncertain ? 'uncertain' : 'final'
    return this.#settle(id, isCut ? { ...call, estimated: true } : call, settling)
  }

  async #settle(id: string, call: HeldCall, settling: Settling, as: 'settle' | 'resolve' = 'settle'): Promise<HoldOutcome> {
    if (!this.#host.isTracking) return untrackedOutcome(id, 'settled')
    return this.#host.run(async () => {
      const { labels, hold, ...held } = call
      const view = labels === undefined && held.serves === undefined ? undefined : await this.#view(id)
      if (view !== undefined && labels !== undefined) checkLabelsOfCall(view, labels)
      if (hold !== undefined && hold !== id) throw otherHold(id, hold)
      checkChargeId(held.id, id)
      const labelled = view === undefined ? held : { ...held, labels: view.labels }
      return this.#settlements.book(await this.#settlements.prepare(id, labelled, settling), as)
    })
  }

  /**
   * Books a call that was made under an open hold, and keeps the hold open with what is left. A call with more labels
   * than the hold becomes a part of it, which every budget is asked for that the added labels meet; a refusal books
   * nothing.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_ID_CONFLICT, PURSER_BAD_ARGUMENT for labels that differ, and what
   * recording a call throws
   */
  async record(id: string, record: CallRecord): Promise<HoldOutcome | Denial | Unavailable> {
    checkHoldId(id)
    checkCall(record)
    if (!this.#host.isTracking) return untrackedOutcome(id, 'open')
    const { labels = {}, ...call } = record
    const hold = await this.#view(id)
    if (carries(hold.labels, labels)) return this.settle(id, call, { partial: true })
    const all = { ...hold.labels, ...labels }
    checkChargeId(call.id, id)
    const basis = call.basis ?? (hold.basis === 'metered' ? undefined : hold.basis)
    const [input] = (await this.#host.read([{ ...call, labels: all, ...(basis !== undefined && { basis }) }])) as [ChargeInput]
    const draft = this.#host.draft(input)
    const part = `part:${hash('sha256', JSON.stringify([id, draft.id])).slice(0, 32)}`
    const taken = await this.#split(id, part, { labels: all, basis: draft.basis, amount: partOf(hold, draft) })
    return taken.granted ? this.settle(part, { ...call, id: draft.id }) : taken
  }

  /** A part that was split off before is as it was. */
  async #split(from: string, id: string, request: HoldRequest): Promise<Grant | Denial | Unavailable> {
    const known = await this.#view(id).catch((error: unknown) => {
      if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
      throw error
    })
    if (known === undefined) return this.#host.run(() => this.#take(from, id as HoldId, request))
    return { granted: true, id: id as HoldId, reservedAt: known.reservedAt, expiresAt: known.expiresAt, warnings: [] }
  }

  /** Gives a hold back: the call was not made, or the provider refused it. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
  async release(id: string): Promise<HoldOutcome> {
    checkHoldId(id)
    if (!this.#host.isTracking) return untrackedOutcome(id, 'released')
    return this.#host.run(() => this.#host.store.gate('release', { id: id as HoldId }))
  }

  /** Keeps a hold open for so many milliseconds from now. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
  async extend(id: string, ttlMs: number): Promise<HoldOutcome> {
    checkHoldId(id)
    checkTtl(ttlMs)
    if (!this.#host.isTracking) return untrackedOutcome(id, 'open')
    return this.#host.run(() => this.#host.store.gate('extend', { id: id as HoldId, ttlMs }))
  }

  /**
   * Says what became of a hold that is presumed spent: what it cost, or that its call was never sent. Where a charge of the
   * call is booked, what is said comes on top of it as its correction. The same answer told again books nothing.
   * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_BAD_ARGUMENT for a hold that is still open and for an answer that
   * leaves open what is presumed, PURSER_ID_CONFLICT where something else was said before
   */
  async resolve(id: string, answer: 'not-sent' | HeldCall): Promise<HoldOutcome> {
    checkHoldId(id)
    checkAnswer(answer)
    if (!this.#host.isTracking) return untrackedOutcome(id, 'settled')
    if (answer !== 'not-sent') return this.#settle(id, answer, 'final', 'resolve')
    return this.#host.run(() => this.#host.store.gate('release', { id: id as HoldId, resolving: true }))
  }

  /** Ends a hold as its call ended; `call` is what arrived, where anything did. */
  async end(id: string, ending: Ending, call: HeldCall = {}): Promise<HoldOutcome> {
    checkHoldId(id)
    checkEnding(ending)
    checkCall(call)
    switch (holdEndings[ending]) {
      case 'release':
        return this.release(id)
      case 'settle':
        return this.settle(id, call)
      case 'settle-delivered':
        return this.settle(id, { ...call, outcome: ending === 'aborted' ? 'aborted' : 'cut' })
      case 'keep': {
        if (!this.#host.isTracking) return untrackedOutcome(id, 'open')
        const { state, expiresAt } = await this.#view(id)
        return { id: id as HoldId, state, expiresAt, charge: null, overrun: [] }
      }
    }
  }

  /** Open and presumed holds, the oldest first; those that one budget counts where it is named. @throws PURSER_NOT_FOUND for a name that no budget has */
  async list(budget?: string): Promise<readonly HoldView[]> {
    if (budget !== undefined) checkValue('The name of a budget', budget, text)
    return this.#host.run(async () => {
      await checkBudgetNames(this.#host.store, budget === undefined ? [] : [budget])
      return this.#host.store.gate('holds', budget === undefined ? {} : { budget })
    })
  }

  /** A hold, also one that has ended. @throws PURSER_NOT_FOUND */
  async get(id: string): Promise<HoldView> {
    checkHoldId(id)
    return this.#view(id)
  }

  /**
   * What a hold would get now and why, and who holds what; nothing is granted. Of a request that is refused, also with which
   * models of the owner's profile it would fit.
   */
  why(request: HoldRequest): Promise<HoldExplanation> {
    return this.#host.run(async () => {
      checkHoldRequest(request)
      const labelled = inContext(request)
      const explanation = await this.#host.store.gate('why', { asked: await this.#admission.asked(labelled, oneCall) })
      return { ...explanation, fits: await this.#fitting(labelled, explanation) }
    })
  }

  async #fitting(request: HoldRequest, explanation: Explanation): Promise<readonly FittingModel[]> {
    const room = request.request === undefined ? undefined : roomForCost(explanation)
    const models = room === undefined ? undefined : await this.#profileModels(request.labels ?? {})
    return room === undefined || models === undefined ? [] : this.#admission.fitting(request, models, room)
  }

  #view(id: string): Promise<HoldView> {
    return this.#settlements.view(id)
  }
}

/** What a call came to, as far as its hold has that much left. */
function partOf({ left }: HoldView, draft: ChargeDraft): NonNullable<HoldRequest['amount']> {
  const amount = (metric: 'cost' | 'tokens'): bigint => {
    const [counted, most] = [countCharge({ metric, countsPlan: true, countsCacheReads: true }, draft), left[metric]]
    return most === undefined || counted < most ? counted : most
  }
  return { cost: amount('cost'), tokens: amount('tokens') }
}

function otherHold(id: string, named: string): PurserError {
  return new PurserError('PURSER_BAD_ARGUMENT', `The record names the hold "${named}", and is handed to the hold "${id}".`)
}

function idOf(given: string | undefined): HoldId {
  const id = given ?? newChargeId(Date.now())
  if (id === '' || id.length > 200 || /\p{Cc}/u.test(id)) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `The id of a hold has 1 to 200 characters without line breaks; this one has ${id.length}.`)
  }
  if (id.startsWith('part:')) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `"${id}" is the form of the id of a part that a record makes. Begin it with something else.`,
    )
  }
  return id as HoldId
}
