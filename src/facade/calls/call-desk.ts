import type { Denial, Grant } from '../../budgets/denial.ts'
import type { Ending } from '../../budgets/endings.ts'
import { PurserError } from '../../errors.ts'
import { messageOf } from '../../text/sentence.ts'
import { checkValue, handler } from '../check-fields.ts'
import type { HoldDesk } from '../hold-desk.ts'
import type { LedgerHost } from '../ledger-host.ts'
import { defaultTtlMs, type HoldRequest } from '../hold-request.ts'
import { contextServes, inContext, withOnly } from '../label-context.ts'
import { currentRun, type RunScope } from '../runs/run-scope.ts'
import type { Unavailable } from '../unavailable.ts'
import { type LedgerOptions, warnerOf } from '../open-options.ts'
import { type CallBooks, CallInFlight } from './call-in-flight.ts'
import type { BookedCall, CallOpener, CallStart, OpenCall } from './open-call.ts'
import { chargeLog } from './charge-log.ts'
import { checkServedLabels } from '../hold-arguments.ts'
import type { ChargeInput } from '../../ledger/charge.ts'
import { parseServes } from '../../ledger/parse-serves.ts'
import { type HeldFor, heldFor } from './held-for.ts'
import { type HeldCall, noHold, SettlementDesk } from './settlement-desk.ts'
import { journalFolder, UnbookedJournal } from './unbooked-journal.ts'
import { observeStream, type StreamEnd } from './observe-stream.ts'
import { untrackedCall } from './untracked.ts'

/** A call with its bounds, and how its answer is read. */
export interface CallOptions<T> extends CallStart {
  /** What the call came to, from its answer; by default the answer is the raw response of the request's API. */
  readonly read?: (answer: T) => HeldCall
}

/** What the code that makes the call is told. */
export interface CallContext {
  /** Aborts when the call's run is terminated: hand it to the provider's client. */
  readonly signal: AbortSignal | undefined
  /** With `shrink`: the longest answer that is held for. */
  readonly maxOutputTokens: number | undefined
}

/** A call that was granted and made. */
export interface CallAnswer<T> {
  readonly granted: true
  readonly answer: T
  readonly hold: string | null
  readonly warnings: Grant['warnings']
  /** Resolves once the call is booked, which goes on beside the caller. */
  readonly booked: Promise<BookedCall>
}

/** Opens calls, and books them beside the code that made them. */
export class CallDesk implements CallOpener {
  readonly #books: CallBooks
  readonly #holds: HoldDesk
  /** The ids that callers gave to calls: each stands for one call, which may be under way, or waits to be known. */
  readonly #named = new Set<string>()
  /** Ids of which nobody knows whether they were granted: they may be asked for again. */
  readonly #unanswered = new Set<string>()
  /** Bookings of calls that are over, which nobody waits for but `flush`. */
  readonly #booking = new Set<Promise<unknown>>()

  constructor(host: LedgerHost, holds: HoldDesk, options: LedgerOptions) {
    const settlements = new SettlementDesk(host)
    const warn = warnerOf(options)
    const journal = new UnbookedJournal(journalFolder(options.db), (late) => settlements.bookLate(late), warn)
    const log = options.log === undefined ? undefined : chargeLog(options.log)
    const over = (hold: string): void => void this.#named.delete(hold)
    this.#books = { host, settlements, journal, warn, follow: (work) => void this.#follow(work), over, log }
    this.#holds = holds
    if (host.isTracking && !host.store.isReadOnly) journal.adopt()
  }

  /**
   * Waits until the calls that are over by now are booked, however many others follow, and tries what waits in the journal; gives
   * how many still do.
   */
  async flush(): Promise<number> {
    await Promise.allSettled(this.#booking)
    return this.#books.journal.drain()
  }

  async close(): Promise<void> {
    do await this.flush()
    while (this.#booking.size > 0)
    this.#books.journal.close()
  }

  /** Keeps a record that the ledger could not take, to be booked once it can. */
  bookLater(input: ChargeInput, because: unknown): void {
    this.#books.journal.add({ hold: noHold, input, ignore: [], settling: 'final', isMeasured: true }, because)
  }

  async #follow(work: Promise<unknown>): Promise<void> {
    this.#booking.add(work)
    await Promise.allSettled([work])
    this.#booking.delete(work)
  }

  /**
   * Bounds and reserves; within a run that has a cap, as a part of it.
   * @throws what `holds.reserve` throws, PURSER_BAD_RECORD and PURSER_BAD_NUMBER for whom it serves
   */
  async open(start: CallStart): Promise<OpenCall | Denial | Unavailable> {
    const { host } = this.#books
    if (!host.isTracking) return untrackedCall()
    const { callId, attempt, serves: own, ...request } = start
    const scope = currentRun(host.store.location)
    // Of a run that was terminated nothing more is sent.
    scope?.signal.throwIfAborted()
    const held = heldFor(inContext(request), own === undefined ? contextServes() : parseServes(own))
    const grant = await this.#reserveFor(held, scope).catch((error: unknown) => {
      const isUnanswered = error instanceof PurserError && error.code === 'PURSER_OUTCOME_UNKNOWN'
      if (isUnanswered && request.id !== undefined) this.#unanswered.add(request.id)
      throw error
    })
    if (!grant.granted) return grant
    if (request.id !== undefined) this.#claim(grant)
    return new CallInFlight(this.#books, {
      hold: grant.id,
      warnings: grant.warnings,
      maxOutputTokens: grant.maxOutputTokens,
      labels: held.request.labels ?? {},
      serves: held.serves,
      ttlMs: start.ttlMs ?? defaultTtlMs,
      callId,
      attempt,
      scope,
    })
  }

  /** One id is one call: what was set aside for it is not there for another. */
  #claim({ id, isRepeated = false }: Grant): void {
    const isMade = this.#named.has(id) || (isRepeated && !this.#unanswered.has(id))
    if (isMade) {
      throw new PurserError(
        'PURSER_ID_CONFLICT',
        `A call with the id "${id}" was made before, and is under way or not known to its end. Another call needs another id.`,
      )
    }
    this.#unanswered.delete(id)
    this.#named.add(id)
  }

  /** See `Purser.call`. */
  async call<T>(options: CallOptions<T>, send: (call: CallContext) => Promise<T>): Promise<CallAnswer<T> | Denial | Unavailable> {
    checkValue('The function that sends a call', send, handler)
    const { read, ...start } = options
    const readAnswer = read ?? readerOf(start)
    const open = await this.open(start)
    if (!open.granted) return open
    let answer: T
    try {
      answer = await send({ signal: open.signal, maxOutputTokens: open.maxOutputTokens })
    } catch (error) {
      open.end({ error })
      throw error
    }
    const over: StreamEnd = (ending, got) =>
      this.#end(open, ending, () => (readAnswer as (events: unknown) => HeldCall)(got), got.length > 0)
    // What a stream came to is known once it has been read to its end.
    const observed = observeStream(answer, open, over)
    if (observed === 'none') this.#end(open, 'ok', () => readAnswer(answer))
    if (observed === 'unwatchable') this.#leaveUnwatched(open)
    return { granted: true, answer, hold: open.hold, warnings: open.warnings, booked: open.booked }
  }

  #leaveUnwatched(open: OpenCall): void {
    if (open.hold === null) return
    this.#books.warn(
      `The stream that a call answered cannot be watched, such as one that is frozen, so nobody knows what it came to. Its hold ${open.hold} stays, and is presumed spent once it runs out; \`purser hold resolve\` says what it came to.`,
    )
    open.end('timeout')
  }

  /** The answer is the caller's, whatever is wrong with what is said of its cost: then nobody knows it. */
  #end(open: OpenCall, ending: Ending, read: () => HeldCall, hasArrived = true): void {
    let call: HeldCall | undefined
    try {
      if (hasArrived) call = read()
    } catch (error) {
      this.#books.warn(`The function that reads what a call came to threw: ${messageOf(error)}.`)
      open.end('timeout')
      return
    }
    open.end(ending, call)
  }

  /** A part of a run's cap; undefined where that is not held any more. */
  async #part(cap: string, request: HoldRequest): Promise<Grant | Denial | Unavailable | undefined> {
    try {
      return await this.#holds.split(cap, request)
    } catch (error) {
      if (!(error instanceof PurserError) || error.code !== 'PURSER_HOLD_ENDED') throw error
      const { state } = await this.#holds.get(cap)
      if (state === 'open') throw error
      return undefined
    }
  }

  async #reserveFor({ request, serves }: HeldFor, scope: RunScope | undefined): Promise<Grant | Denial | Unavailable> {
    if (serves === undefined) return this.#reserve(request, scope)
    const cap = scope?.cap()
    // A part of a cap has the labels of that, whomever the call serves.
    if (cap !== undefined) checkServedLabels(cap, (await this.#holds.get(cap)).labels, serves)
    return withOnly(request.labels ?? {}, () => this.#reserve(request, scope))
  }

  async #reserve(request: HoldRequest, scope: RunScope | undefined): Promise<Grant | Denial | Unavailable> {
    for (let hasWaited = false; ;) {
      const cap = scope?.cap()
      const grant = cap === undefined ? await this.#holds.reserve(placed(request, scope)) : await this.#part(cap, request)
      if (grant === undefined) {
        const refused = await scope?.renew()
        if (refused !== undefined) return refused
        continue
      }
      if (grant.granted || grant.kind === 'unavailable') return grant
      // What calls of this process did not use is free once they are booked.
      if (!hasWaited && this.#booking.size > 0) {
        hasWaited = true
        await Promise.allSettled(this.#booking)
        continue
      }
      if (scope === undefined || !(await scope.denied(grant as Denial))) return grant
    }
  }
}

/** The calls of a run take no place of their own: the run has one. */
function placed(request: HoldRequest, scope: RunScope | undefined): HoldRequest {
  return scope === undefined ? request : { ...request, amount: { concurrency: 0, ...request.amount } }
}

function readerOf({ request, provider }: CallStart): (answer: unknown) => HeldCall {
  if (request === undefined) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      'A call without a `request` needs `read`, a function that says what its answer came to, like `(answer) => ({ costUsd: answer.cost })`.',
    )
  }
  const model = request.model ?? modelOf(request.body)
  return (body) => ({ provider: provider ?? request.provider, api: request.api, body, ...(model !== undefined && { model }) })
}

/** The model that was asked for: that of the call where the answer does not name one. */
function modelOf(body: unknown): string | undefined {
  const model = typeof body === 'object' && body !== null && 'model' in body ? body.model : undefined
  return typeof model === 'string' && model !== '' ? model : undefined
}
