import { PurserError } from '../errors.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import type { Metric, Mode } from './budget.ts'
import { countCharge } from './count-charge.ts'
import type { CauseOf, Gate } from './gate.ts'
import type { Hold, HoldId, Share } from './hold.ts'
import { learn, nothingLearned } from './learned.ts'
import { learnedKey } from './learned-key.ts'
import type { Applied } from './scope.ts'
import { worstCase } from './worst-case.ts'

/**
 * What becomes of a hold with its charge. `partial`: it stays open with what is left. `final`: what is left is given
 * back. `uncertain`: the call was cut, so what is left stays presumed in strict budgets and is given back in others.
 */
export type Settling = 'partial' | 'final' | 'uncertain'

/** The charge that a call came to, without the labels, which are those of its hold. */
export interface Settlement {
  readonly draft: ChargeDraft
  /** Fields that the caller left to purser, which a second try need not repeat. */
  readonly ignore: readonly (keyof ChargeDraft)[]
  readonly settling: Settling
}

/** A hold after something was done to it. */
export interface HoldOutcome {
  readonly id: HoldId
  readonly state: Hold['state']
  readonly expiresAt: number
  /** The charge that was booked, or had been before. */
  readonly charge: string | null
  /** Budgets whose counter the charge took more from than the hold had set aside. */
  readonly overrun: readonly { readonly budget: string; readonly by: bigint }[]
}

/**
 * Books the charge of a hold and takes its amounts out of what was held. Also where the hold ran out before: then the
 * presumed money becomes what was spent.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, and PURSER_ID_CONFLICT for the same charge with other content.
 */
export function settle(gate: Gate, id: HoldId, { draft, ignore, settling }: Settlement): HoldOutcome {
  const hold = findHold(gate, id)
  const charge = chargeOf(hold, draft)
  if (isEnded(hold) && gate.rows.bookedUnder(charge.id) !== hold.id) throw ended(hold, 'settled')
  gate.lapse()
  const overrun: { budget: string; by: bigint }[] = []
  const booked = gate.bookHeld({ draft: charge, ignore, onExisting: 'duplicate' }, takeOut(gate, hold, overrun))
  // Somebody else may have booked the call without its hold; under this hold it must be the same call.
  if (booked.outcome === 'duplicate' && gate.rows.bookedUnder(charge.id) === hold.id) {
    gate.effects.book({ draft: charge, ignore, onExisting: 'same' })
  }
  if (isEnded(hold)) return { ...outcomeOf(hold), charge: booked.id }
  if (booked.outcome === 'booked') addCharge(gate, hold, charge)
  gate.rows.touchHold(hold)
  if (settling === 'uncertain') keep(gate, hold, isUncertain)
  else if (settling === 'final') finish(gate, hold, 'settled')
  if (overrun.length > 0) tellOverrun(gate, hold, overrun)
  return { ...outcomeOf(hold), charge: booked.id, overrun }
}

/**
 * Resolves a presumed hold by a record of its call that somebody else has, such as an import of the provider's own:
 * `count` counts the charge as spent once the hold has made room for it.
 */
export function settleByRecord(gate: Gate, hold: Hold, charge: ChargeDraft, count: (causeOf: CauseOf) => void): void {
  const overrun: { budget: string; by: bigint }[] = []
  count(takeOut(gate, hold, overrun))
  addCharge(gate, hold, charge)
  finish(gate, hold, 'settled')
  if (overrun.length > 0) tellOverrun(gate, hold, overrun)
}

/** Gives everything back: the call was not made, or the provider refused it. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
export function release(gate: Gate, id: HoldId): HoldOutcome {
  const hold = findHold(gate, id)
  if (hold.state === 'settled') throw ended(hold, 'released')
  gate.lapse()
  // One that is presumed is freed by whoever says so; one that is open may still owe what has no price.
  if (hold.state === 'presumed') end(gate, hold, 'released')
  else if (hold.state === 'open') finish(gate, hold, 'released')
  return outcomeOf(hold)
}

/** Keeps an open hold alive until a later instant; never shortens it. @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED */
export function extend(gate: Gate, id: HoldId, ttlMs: number): HoldOutcome {
  const hold = findHold(gate, id)
  gate.lapse()
  if (hold.state !== 'open') throw ended(hold, 'extended')
  hold.expiresAt = Math.max(hold.expiresAt, gate.nowMs + ttlMs)
  gate.rows.touchHold(hold)
  return outcomeOf(hold)
}

export function findHold(gate: Gate, id: HoldId): Hold {
  const hold = gate.rows.hold(id)
  if (hold === undefined) {
    throw new PurserError('PURSER_NOT_FOUND', `There is no hold "${id}". \`purser hold list\` shows those that are open or presumed.`)
  }
  return hold
}

export function isEnded({ state }: Hold): boolean {
  return state === 'settled' || state === 'released'
}

export function outcomeOf(hold: Hold): HoldOutcome {
  return { id: hold.id, state: hold.state, expiresAt: hold.expiresAt, charge: null, overrun: [] }
}

/** The charge carries the labels of its hold, and was not made before it. */
function chargeOf(hold: Hold, draft: ChargeDraft): ChargeDraft {
  return { ...draft, labels: hold.asked.labels, hold: hold.id, at: Math.max(draft.at, hold.reservedAt) }
}

export function ended({ id, state }: Hold, wanted: string): PurserError {
  const what = state === 'presumed' ? 'ran out and is presumed spent' : `is ${state}`
  const next =
    state === 'presumed'
      ? 'Settle it late, or resolve it.'
      : 'A call that was made after all is booked with `purser record`, without a hold.'
  return new PurserError('PURSER_HOLD_ENDED', `The hold "${id}" ${what} and cannot be ${wanted}. ${next}`)
}

/** Takes what a charge comes to out of what its hold has set aside in a counter, before it is counted as spent. */
function takeOut(gate: Gate, hold: Hold, overrun: { budget: string; by: bigint }[]): CauseOf {
  return (counter, budget, amount) => {
    const share = hold.shares.find((each) => each.counter === counter.id)
    const over = amount - (share?.worst ?? 0n)
    takeAmount(gate, hold, share, amount)
    if (over <= 0n) return null
    // What nobody could bound was let through, and passes no bound.
    if (worstCase(hold.asked, budget) === null) return 'soft'
    overrun.push({ budget: budget.name, by: over })
    return 'overrun'
  }
}

function takeAmount(gate: Gate, hold: Hold, share: Share | undefined, amount: bigint): void {
  if (share !== undefined && amount > 0n) gate.takeFromShare(hold, share, min(amount, share.worst), min(amount, share.expected))
}

/**
 * What a part has spent can no longer be spent by the holds that it comes from, so they give it back also where the part
 * does not count: a part of a run's cap for one stage leaves less for calls without a stage.
 */
function takeFromOrigins(gate: Gate, hold: Hold, charge: ChargeDraft): void {
  if (hold.parent === null) return
  const counted = new Set(gate.rows.applied(hold.asked.labels).map(counterName))
  for (let origin = originOf(gate, hold); origin !== undefined; origin = originOf(gate, origin)) {
    for (const applied of gate.rows.applied(origin.asked.labels)) {
      if (counted.has(counterName(applied))) continue
      counted.add(counterName(applied))
      const share = origin.shares.find((each) => isShareOf(gate, each, applied))
      if (share === undefined) continue
      const amount = countCharge(applied.active.budget, charge)
      if (amount > 0n) gate.giveBackShare(origin, share, min(amount, share.worst), min(amount, share.expected))
      gate.rows.touchHold(origin)
    }
  }
}

function originOf(gate: Gate, { parent }: Hold): Hold | undefined {
  return parent === null ? undefined : gate.rows.hold(parent)
}

function counterName({ active, scope }: Applied): string {
  return `${active.revision} ${scope}`
}

function isShareOf(gate: Gate, { counter: id }: Share, { active }: Applied): boolean {
  return gate.rows.counterById(id)?.revision === active.revision
}

/** Metrics of which a part can be split off. */
export const divisible = ['cost', 'tokens', 'calls'] as const

const wholeUsage = { countsPlan: true, countsCacheReads: true }

/** Notes a charge on its hold, once it is counted. */
function addCharge(gate: Gate, hold: Hold, charge: ChargeDraft): void {
  hold.charges += 1
  if (charge.costNanos === null) hold.unpriced += 1
  addSpent(hold, charge)
  takeFromOrigins(gate, hold, charge)
}

function addSpent(hold: Hold, charge: ChargeDraft): void {
  for (const metric of divisible) {
    const amount = countCharge({ metric, ...wholeUsage }, charge)
    hold.spent[metric] = (hold.spent[metric] ?? 0n) + amount
    const left = hold.left[metric]
    if (left !== undefined) hold.left[metric] = left > amount ? left - amount : 0n
  }
}

/** Ends a hold: what is left goes back to the hold it was split from where that is open, else it is free again. */
function end(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
  learnFrom(gate, hold)
  const origin = hold.state === 'open' ? originOf(gate, hold) : undefined
  const parent = origin?.state === 'open' ? origin : undefined
  for (const share of hold.shares) {
    const home = parent?.shares.find(({ counter }) => counter === share.counter)
    if (home === undefined) gate.giveBackShare(hold, share, share.worst, share.expected)
    else {
      home.worst += share.worst
      home.expected += share.expected
    }
  }
  if (parent !== undefined) giveBack(gate, hold, parent)
  hold.shares = []
  hold.left = {}
  hold.state = state
  gate.rows.touchHold(hold)
}

function giveBack(gate: Gate, hold: Hold, parent: Hold): void {
  for (const metric of divisible) {
    const left = parent.left[metric]
    if (left !== undefined) parent.left[metric] = left + (hold.left[metric] ?? 0n)
  }
  gate.rows.touchHold(parent)
}

/** Ends a hold; where a call of it has no price, hard budgets keep presuming what was set aside for the cost. */
function finish(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
  hold.awaitsPrice = hold.unpriced > 0
  if (hold.awaitsPrice) keep(gate, hold, isUnpriced)
  else end(gate, hold, state)
}

/** What is left of a hold stays presumed in some counters, and is given back in the others. */
function keep(gate: Gate, hold: Hold, stays: (metric: Metric, mode: Mode) => boolean): void {
  const kept = new Set(
    hold.shares.filter(({ counter: id, metric, worst }) => {
      const counter = gate.rows.counterById(id)
      const mode = counter && gate.appliedOf(counter)?.terms.mode
      return mode !== undefined && worst > 0n && stays(metric, mode)
    }),
  )
  if (kept.size === 0) {
    end(gate, hold, 'settled')
    return
  }
  for (const share of hold.shares) if (!kept.has(share)) gate.giveBackShare(hold, share, share.worst, share.expected)
  hold.shares = [...kept]
  if (hold.state === 'open') gate.presume(hold)
}

/** A call that was cut may cost more than what arrived: strict budgets keep presuming the rest. */
function isUncertain(metric: Metric, mode: Mode): boolean {
  return mode === 'strict' && (metric === 'cost' || metric === 'tokens')
}

/** A call without a price did cost something: hard budgets keep presuming what was set aside for it. */
function isUnpriced(metric: Metric, mode: Mode): boolean {
  return mode !== 'soft' && metric === 'cost'
}

function tellOverrun(gate: Gate, hold: Hold, overrun: readonly { budget: string; by: bigint }[]): void {
  gate.effects.append({
    kind: 'hold.overrun',
    body: { hold: hold.id, labels: hold.asked.labels, budgets: overrun.map(({ budget, by }) => ({ budget, by: String(by) })) },
  })
}

/** What holds of this kind come to, for the budgets that learn from them: of those that made a call, and gave nothing away. */
function learnFrom(gate: Gate, hold: Hold): void {
  if (hold.charges === 0) return
  const learnt = new Set<string>()
  for (const applied of gate.rows.applied(hold.asked.labels)) {
    const { metric } = applied.active.budget
    const worst = hold.asked.worst[metric]
    if (applied.terms.mode !== 'adaptive' || worst === undefined || (metric !== 'cost' && metric !== 'tokens')) continue
    const actual = hold.spent[metric] ?? 0n
    if (actual + (hold.left[metric] ?? 0n) < worst) continue
    const key = learnedKey(applied.active.budget, hold.asked)
    if (learnt.has(key)) continue
    learnt.add(key)
    const share = hold.given[metric] ?? worst
    gate.rows.putLearned(key, learn(gate.rows.learned(key) ?? nothingLearned, { worst, expected: share, actual }))
  }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
