import { type Ending, holdEndings } from '../../budgets/endings.ts'
import type { BudgetWarning, HoldId } from '../../budgets/hold.ts'
import type { Settling } from '../../budgets/settle.ts'
import { invariant, PurserError } from '../../errors.ts'
import type { Charge, ChargeId, Labels, Served } from '../../ledger/charge.ts'
import { messageOf } from '../../text/sentence.ts'
import { endingOfError } from '../ending-of-error.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { partsOfCall } from '../parts-of-call.ts'
import type { RunScope } from '../runs/run-scope.ts'
import type { BookedCall, OpenCall } from './open-call.ts'
import type { HeldCall, SettlementDesk } from './settlement-desk.ts'
import type { UnbookedJournal } from './unbooked-journal.ts'

/** What books the calls of a ledger once they are over. */
export interface CallBooks {
  readonly host: LedgerHost
  readonly settlements: SettlementDesk
  readonly journal: UnbookedJournal
  readonly warn: (message: string) => void
  /** Keeps track of work that `flush` and `close` wait for. */
  readonly follow: (work: Promise<unknown>) => void
  /** Told that what the call of a hold came to is known, and booked. */
  readonly over: (hold: string) => void
  readonly log: ((charge: Charge) => void) | undefined
}

/** What is known of a call from its start. */
export interface StartedCall {
  readonly hold: HoldId
  readonly warnings: readonly BudgetWarning[]
  readonly maxOutputTokens: number | undefined
  readonly labels: Labels
  /** Among whom it is split, unless what it came to says its own. */
  readonly serves: readonly Served[] | undefined
  readonly ttlMs: number
  readonly callId: string | undefined
  readonly attempt: number | undefined
  /** The run that it belongs to. */
  readonly scope: RunScope | undefined
}

type Booking = { readonly outcome: BookedCall['outcome']; readonly charge: string | null }

/** Errors that trying again does not mend, because the call itself is at fault. */
const atFault: ReadonlySet<string> = new Set(['PURSER_ID_CONFLICT', 'PURSER_AMOUNT_OUT_OF_RANGE', 'PURSER_BAD_NUMBER', 'PURSER_BAD_RECORD'])

/** A call that holds money and is under way. */
export class CallInFlight implements OpenCall {
  readonly granted = true
  readonly #books: CallBooks
  readonly #call: StartedCall
  readonly #startedAt = performance.now()
  readonly #over = Promise.withResolvers<Booking>()
  #isOver = false

  constructor(books: CallBooks, call: StartedCall) {
    this.#books = books
    this.#call = call
  }

  get hold(): string {
    return this.#call.hold
  }

  get warnings(): readonly BudgetWarning[] {
    return this.#call.warnings
  }

  get maxOutputTokens(): number | undefined {
    return this.#call.maxOutputTokens
  }

  get signal(): AbortSignal | undefined {
    return this.#call.scope?.signal
  }

  get booked(): Promise<BookedCall> {
    return this.#over.promise.then(async ({ outcome, charge }) => ({ outcome, charge: await this.#chargeOf(charge) }))
  }

  succeed(call: HeldCall): void {
    const isCut = call.outcome === 'cut' || call.outcome === 'aborted'
    this.#finish(() => this.#settle(isCut ? { ...call, estimated: true } : call, isCut ? 'uncertain' : 'final'))
  }

  end(how: { readonly error: unknown } | Ending, call?: HeldCall): void {
    const ending = typeof how === 'string' ? how : endingOfError(how.error)
    switch (holdEndings[ending]) {
      case 'release':
        return this.#finish(() => this.#release())
      case 'settle':
        return this.succeed(call ?? {})
      case 'settle-delivered':
        if (call === undefined) {
          this.#books.warn(
            `What arrived of a call that was ${ending} says nothing of its usage, so nobody knows its cost. ${this.#keptText()}`,
          )
          return this.#finish(() => this.#keep())
        }
        return this.succeed({ ...call, outcome: ending === 'aborted' ? 'aborted' : 'cut' })
      case 'keep':
        return this.#finish(() => this.#keep())
    }
  }

  extend(): void {
    if (this.#isOver) return
    const { hold, ttlMs } = this.#call
    const extended = this.#books.host.store.gate('extend', { id: hold, ttlMs }).catch((error: unknown) => {
      this.#books.warn(`The hold ${hold} could not be kept alive: ${messageOf(error)}.`)
    })
    this.#books.follow(extended)
  }

  #finish(work: () => Promise<Booking>): void {
    invariant(!this.#isOver, `The call of the hold ${this.#call.hold} has ended twice.`)
    this.#isOver = true
    this.#books.follow(this.#book(work))
  }

  async #book(work: () => Promise<Booking>): Promise<void> {
    const done = await work()
    // Of one that is kept, or waits in the journal, the hold stays, which is for no other call.
    if (done.outcome === 'booked' || done.outcome === 'released') this.#books.over(this.#call.hold)
    this.#over.resolve(done)
    if (this.#books.log === undefined) return
    if (done.charge !== null) for (const each of await partsOfCall(this.#books.host.store, done.charge)) this.#books.log(each)
  }

  async #settle(call: HeldCall, settling: Settling): Promise<Booking> {
    const { hold, labels, serves, callId, attempt } = this.#call
    const { settlements, journal, warn } = this.#books
    const durationMs = Math.round(performance.now() - this.#startedAt)
    const known = { ...(callId !== undefined && { callId }), ...(attempt !== undefined && { attempt }), ...(serves && { serves }) }
    const whole = { durationMs, ...known, ...call, labels, hold }
    const prepared = await settlements.prepare(hold, whole, settling).catch((error: unknown) => {
      warn(`What a call came to cannot be read, so nobody knows its cost: ${messageOf(error)}. ${this.#keptText()}`)
      return undefined
    })
    if (prepared === undefined) return { outcome: 'kept', charge: null }
    const unread = prepared.input.warnings?.find(({ code }) => code === 'unread-quantity')
    if (unread !== undefined) warn(`Nobody knows all that a call cost: ${unread.message} Its charge has a part of its price only.`)
    await callersTurn()
    try {
      const { charge } = await settlements.book(prepared)
      this.#call.scope?.booked(this.#books.host.draft(prepared.input))
      return { outcome: 'booked', charge }
    } catch (error) {
      if (error instanceof PurserError && atFault.has(error.code)) {
        warn(`What a call came to cannot be booked: ${error.message} ${this.#keptText()}`)
        return { outcome: 'kept', charge: null }
      }
      journal.add(prepared, error)
      return { outcome: 'journaled', charge: null }
    }
  }

  /** A hold that cannot be given back now runs out and is presumed, which loses nothing. */
  async #release(): Promise<Booking> {
    try {
      await this.#books.host.store.gate('release', { id: this.#call.hold })
      return { outcome: 'released', charge: null }
    } catch (error) {
      this.#books.warn(`The hold of a call that was not made could not be given back: ${messageOf(error)}. ${this.#keptText()}`)
      return { outcome: 'kept', charge: null }
    }
  }

  async #keep(): Promise<Booking> {
    return { outcome: 'kept', charge: null }
  }

  #keptText(): string {
    return `Its hold ${this.#call.hold} stays, and is presumed spent once it runs out; \`purser hold resolve\` says what it came to.`
  }

  async #chargeOf(id: string | null): Promise<Charge | null> {
    return id === null ? null : ((await this.#books.host.store.charge(id as ChargeId)) ?? null)
  }
}

/**
 * Whoever made the call goes on first: a hold that it asks for next is written alone, and this call is booked while that one
 * is under way, not in the same transaction.
 */
async function callersTurn(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
