import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { slotMs } from '../time/calendar.ts'
import type { Budget } from './budget.ts'
import { bringsPrice, callCountsAt, countCharge, unpricedBy } from './count-charge.ts'
import { type Cause, committed, type Counter, tally } from './counter.ts'
import { finish, priceArrived } from './end-hold.ts'
import { isEnded } from './find-hold.ts'
import type { GateEffects, HeldBooking } from './gate-effects.ts'
import type { GateRows } from './gate-rows.ts'
import type { Hold, HoldId } from './hold.ts'
import type { ActiveBudget, Applied } from './scope.ts'
import { scopeLabels } from './scope.ts'
import { settleByRecord } from './settle.ts'
import { giveBackShare } from './shares.ts'
import { crossedThresholds, hundredths } from './thresholds.ts'
import { oldestSlice } from './window.ts'

/** The counters of one budget that a call meets: the one it is counted in, and all that make up the window. */
export interface Meeting {
  readonly applied: Applied
  readonly counter: Counter
  readonly counters: readonly Counter[]
}

/** Why an amount takes a counter above its bound, asked before it is counted; null where that is no doing of the charge. */
export type CauseOf = (counter: Counter, budget: Budget, amount: bigint) => Cause | null

/** A charge that is counted, or with `sign` -1 taken out, in the windows of an instant. */
export interface Counting {
  readonly charge: ChargeDraft
  readonly countedAt: number
  readonly sign: 1 | -1
  readonly causeOf: CauseOf
}

/**
 * The counters of a ledger inside one write transaction. Everything that changes them goes through here: charges as they
 * are booked, holds as they are granted and end.
 */
export class Gate {
  readonly rows: GateRows
  readonly effects: GateEffects
  nowMs = 0
  readonly #lastMeeting = new WeakMap<Applied, Meeting>()
  #isLapsing = false
  /** Charges that a settlement books, to be counted once its hold has made room for them. */
  #deferred: { charge: ChargeDraft; countedAt: number }[] | undefined

  constructor(rows: GateRows, effects: GateEffects) {
    this.rows = rows
    this.effects = effects
  }

  /** Counts a charge as it is booked, or with `sign` -1 takes it out again. `bookedSeq` is its place in the ledger's order. */
  count(charge: ChargeDraft, bookedSeq: number, sign: 1 | -1): void {
    if (this.rows.budgets.length === 0 && charge.hold === null) return
    const at = this.countedAt(charge)
    if (this.#deferred !== undefined) {
      this.#deferred.push({ charge, countedAt: at })
      return
    }
    const hold = sign === 1 && charge.hold !== null ? this.hold(charge.hold as HoldId) : undefined
    if (hold !== undefined && charge.corrects === null && !isEnded(hold)) {
      settleByRecord(this, hold, charge, (causeOf) => this.#count({ charge, countedAt: at, sign, causeOf }, bookedSeq))
      return
    }
    if (hold !== undefined && bringsPrice(charge)) priceArrived(this, hold)
    const cause = charge.corrects === null ? 'unheld' : 'correction'
    this.#count({ charge, countedAt: at, sign, causeOf: () => cause }, bookedSeq)
  }

  /** A hold by its id, as it stands now: presumed where it ran out. */
  hold(id: HoldId): Hold | undefined {
    const hold = this.rows.hold(id)
    if (hold?.state === 'open' && hold.expiresAt <= this.nowMs) {
      this.lapse()
      // Only so many lapse at once.
      if (hold.state === 'open') this.#lapse(hold)
    }
    return hold
  }

  /** A held call counts in the windows in which its hold was granted, any other in those of its own time. */
  countedAt(charge: Pick<ChargeDraft, 'at' | 'hold'>): number {
    return charge.hold === null ? charge.at : callCountsAt(charge, this.rows.hold(charge.hold as HoldId)?.reservedAt)
  }

  /** Books a charge of a hold; `makeRoom` takes its amounts out of the hold before they are counted as spent. */
  bookHeld(booking: HeldBooking, makeRoom: CauseOf): ReturnType<GateEffects['book']> {
    this.#deferred = []
    try {
      const booked = this.effects.book(booking)
      const counted = this.#deferred
      this.#deferred = undefined
      for (const { charge: each, countedAt } of counted) this.#count({ charge: each, countedAt, sign: 1, causeOf: makeRoom }, booked.seq)
      return booked
    } finally {
      this.#deferred = undefined
    }
  }

  #count(counting: Counting, bookedSeq: number): void {
    for (const applied of this.rows.applied(counting.charge.labels)) {
      if (counting.sign === 1 || !isStillToSeed(applied.active, counting.charge.at, bookedSeq)) this.countFor(applied, counting)
    }
  }

  /** Counts a charge for one budget that applies to it. */
  countFor(applied: Applied, { charge, countedAt, sign, causeOf }: Counting): void {
    const { budget, record } = applied.active
    if (countedAt < record.countsFrom) return
    const amount = countCharge(budget, charge)
    const unpriced = budget.metric === 'cost' && (charge.basis !== 'plan' || budget.countsPlan) ? sign * unpricedBy(charge) : 0
    if (amount === 0n && unpriced === 0) return
    const meeting = this.meet(applied, countedAt)
    this.change(meeting, (counter) => {
      const cause = causeOf(counter, budget, amount)
      counter.spent += sign === 1 ? amount : -amount
      counter.unpriced += unpriced
      return cause
    })
    this.fireThresholds(meeting)
  }

  /** The counters that a call of some instant meets. */
  meet(applied: Applied, atMs: number): Meeting {
    const { active, scope } = applied
    const { revision, budget } = active
    const { start, end } = active.windowAt(atMs)
    if (budget.window.kind !== 'rolling') {
      const last = this.#lastMeeting.get(applied)
      if (last !== undefined && last.counter.start === start && this.rows.isCurrent(last.counter)) return last
      const counter = this.rows.counter({ revision, scope, start }, end)
      const meeting = { applied, counter, counters: [counter] }
      this.#lastMeeting.set(applied, meeting)
      return meeting
    }
    const counter = this.rows.counter({ revision, scope, start }, end)
    return { applied, counter, counters: this.#slicesWith(counter, budget.window.hours, Math.max(atMs, this.nowMs)) }
  }

  /** The slices of a rolling window; one that has left it stands alone. The clock of another process may be one slice ahead. */
  #slicesWith(counter: Counter, hours: number, nowMs: number): readonly Counter[] {
    const [oldest, latest] = [oldestSlice(hours, nowMs), nowMs + slotMs]
    if (counter.start < oldest) return [counter]
    const slices = this.rows.slices(counter.revision, counter.scope, oldest)
    return slices.some(({ start }) => start > latest) ? slices.filter(({ start }) => start <= latest) : slices
  }

  /** Changes a counter, and keeps why it stands above its bound, from the moment that it does. */
  change(meeting: Meeting, change: (counter: Counter) => Cause | null): void {
    const wasOver = this.isOver(meeting)
    const cause = change(meeting.counter)
    this.rows.touch(meeting.counter)
    this.explain(meeting, wasOver, cause)
  }

  /** Whether what is spent and may yet be spent by what was granted passes the bound. */
  isOver({ applied: { active, terms }, counters }: Pick<Meeting, 'applied' | 'counters'>): boolean {
    const { limit, tolerance } = active.bounds(terms, this.nowMs)
    return committed(tally(counters)) > limit + tolerance
  }

  /** Keeps why a counter stands above its bound; one that is within it, or was until now, has no older cause. */
  explain(meeting: Meeting, wasOver: boolean, cause: Cause | null): void {
    const { applied, counter, counters } = meeting
    const isOver = this.isOver(meeting)
    if (!isOver || !wasOver) for (const each of counters) this.#setCause(each, null)
    if (!isOver) return
    if (wasOver && counters.some((each) => each.cause !== null)) {
      // Each slice of a rolling window must explain itself when the others have left it.
      this.#setCause(counter, counter.cause ?? cause)
      return
    }
    const reason = wasOver ? 'increase-ended' : (cause ?? 'increase-ended')
    const concerned = reason === 'limit-lowered' || reason === 'increase-ended' ? counters.filter((each) => committed(each) !== 0n) : []
    for (const each of [counter, ...concerned]) this.#setCause(each, reason)
    this.#tellExceeded({ applied, counter, counters }, reason)
  }

  #tellExceeded({ applied, counter, counters }: Meeting, cause: Cause): void {
    const { limit, tolerance } = applied.active.bounds(applied.terms, this.nowMs)
    const { spent, heldWorst, presumed } = tally(counters)
    const amounts = {
      limit: String(limit),
      tolerance: String(tolerance),
      spent: String(spent),
      held: String(heldWorst),
      presumed: String(presumed),
    }
    this.effects.append({ kind: 'budget.exceeded', body: { ...this.describe(applied, counter), cause, ...amounts } })
  }

  #setCause(counter: Counter, cause: Cause | null): void {
    if (counter.cause === cause) return
    counter.cause = cause
    this.rows.touch(counter)
  }

  /** Fires the thresholds that what is spent has reached, of a window that is open. */
  fireThresholds(meeting: Meeting): void {
    const { applied, counter, counters } = meeting
    const { active, terms } = applied
    const isOpen = counter.end === null || counter.end > this.nowMs
    if (!isOpen || terms.thresholds.length === 0 || active.record.seeding !== null) return
    const { limit } = active.bounds(terms, this.nowMs)
    const { spent } = tally(counters)
    const fired = counters.reduce((highest, each) => Math.max(highest, each.fired), 0)
    for (const { percent, level, message, action } of crossedThresholds(terms, spent, limit, fired)) {
      counter.fired = hundredths(percent)
      this.rows.touch(counter)
      this.effects.append({
        kind: 'threshold.crossed',
        body: {
          ...this.describe(applied, counter),
          percent,
          level,
          spent: String(spent),
          limit: String(limit),
          ...(message !== undefined && { message }),
          ...(action !== undefined && { action }),
        },
      })
    }
  }

  /** What an event says of the counter that it is about. */
  describe({ active, scope }: Applied, { start, end }: Counter): Record<string, unknown> {
    const { name, metric, each } = active.budget
    return { budget: name, metric, scope: scopeLabels(each, scope), windowStart: start, windowEnd: end }
  }

  /** A counter that is back within its bound has nothing to explain. */
  clearCause(counter: Counter): void {
    const applied = this.appliedOf(counter)
    if (applied === undefined) return
    const counters = this.windowOf(applied, counter)
    const hasCause = counters.some(({ cause }) => cause !== null)
    if (hasCause && !this.isOver({ applied, counters })) for (const each of counters) this.#setCause(each, null)
  }

  /** The budget and terms that a counter belongs to; undefined where the budget is gone. */
  appliedOf({ revision, scope }: Counter): Applied | undefined {
    const active = this.rows.budgetOf(revision)
    return active && { active, scope, terms: active.termsOf(scope) }
  }

  /** All counters of the window that a counter belongs to now. */
  windowOf({ active }: Applied, counter: Counter): readonly Counter[] {
    const { window } = active.budget
    if (window.kind !== 'rolling') return [counter]
    return this.#slicesWith(counter, window.hours, this.nowMs)
  }

  /** Holds that ran out are presumed spent from now on, but for what no call was for; places are given back. */
  lapse(): void {
    // To end one looks up the hold that it comes from, which comes first where it ran out too.
    if (this.#isLapsing) return
    this.#isLapsing = true
    try {
      for (const hold of this.rows.due(this.nowMs)) if (hold.state === 'open') this.#lapse(hold)
    } finally {
      this.#isLapsing = false
    }
  }

  #lapse(hold: Hold): void {
    // What is for calls that are parts of it was not spent by any, as each of those has its own.
    if (hold.asked.isForParts === true) finish(this, hold, 'released')
    else this.presume(hold)
    this.effects.append({ kind: 'hold.lapsed', body: { hold: hold.id, labels: hold.asked.labels, expiredAt: hold.expiresAt } })
  }

  /** What is left of a hold becomes presumed; its places are given back. */
  presume(hold: Hold): void {
    for (const share of hold.shares) {
      const { worst, expected } = share
      const counter = this.rows.counterById(share.counter)
      if (share.metric === 'concurrency') {
        giveBackShare(this, hold, share, worst, expected)
      } else if (counter !== undefined) {
        counter.held -= expected
        counter.heldWorst -= worst
        counter.presumed += worst
        share.expected = 0n
        this.rows.touch(counter)
      }
    }
    hold.state = 'presumed'
    hold.shares = hold.shares.filter(({ worst }) => worst > 0n)
    this.rows.touchHold(hold)
  }
}

/** Whether a budget that counts what was booked before it has not come to this charge yet. */
function isStillToSeed({ record: { seeding } }: ActiveBudget, at: number, seq: number): boolean {
  if (seeding === null || seq > seeding.upToSeq) return false
  return at > seeding.afterAt || (at === seeding.afterAt && seq > seeding.afterSeq)
}
