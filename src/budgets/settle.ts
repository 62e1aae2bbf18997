import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { countCharge, hasPrice, hasUsage } from './count-charge.ts'
import { divisible, finish, originOf } from './end-hold.ts'
import { ended, findHold, type HoldOutcome, isEnded, outcomeOf } from './find-hold.ts'
import { lesser } from './counter.ts'
import type { CauseOf, Gate } from './gate.ts'
import type { Hold, HoldId, Share } from './hold.ts'
import type { Applied } from './scope.ts'
import { worstCase } from './worst-case.ts'

/**
 * What becomes of a hold with its charge. `partial`: it stays open with what is left. `final`: what is left is given
 * back. `uncertain`: the call was cut, so what is left stays presumed in strict budgets and is given back in others.
 * `partial-uncertain`: one of several calls was cut, so the same is done when the hold ends.
 */
export type Settling = 'partial' | 'partial-uncertain' | 'final' | 'uncertain'

/** The charge that a call came to, without the labels, which are those of its hold. */
export interface Settlement {
  readonly draft: ChargeDraft
  /** Fields that the caller left to purser, which a second try need not repeat. */
  readonly ignore: readonly (keyof ChargeDraft)[]
  readonly settling: Settling
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
  // Somebody else may have booked the call without its hold; under a hold it must be this one, and the same call.
  if (booked.outcome === 'duplicate' && gate.rows.bookedUnder(charge.id) !== null) {
    gate.effects.book({ draft: charge, ignore, onExisting: 'same' })
  }
  if (isEnded(hold)) return { ...outcomeOf(hold), charge: booked.id }
  if (booked.outcome === 'booked') addCharge(gate, hold, charge)
  gate.rows.touchHold(hold)
  if (settling === 'uncertain' || settling === 'partial-uncertain') markUncertain(gate, hold)
  if (settling === 'final' || settling === 'uncertain') conclude(gate, hold, settling === 'final' ? charge : null)
  if (overrun.length > 0) tellOverrun(gate, hold, charge, overrun)
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
  conclude(gate, hold, charge)
  if (overrun.length > 0) tellOverrun(gate, hold, charge, overrun)
}

/** A part that has nothing left cannot keep what is uncertain; then what it comes from does. */
function markUncertain(gate: Gate, hold: Hold): void {
  hold.uncertain = ['cost', 'tokens']
  gate.rows.touchHold(hold)
  const origin = (hold.left.cost ?? 0n) === 0n ? originOf(gate, hold) : undefined
  if (origin?.state === 'open') markUncertain(gate, origin)
}

/** Ends a hold; one whose calls are over already is told by `answer` what was missing of them. */
function conclude(gate: Gate, hold: Hold, answer: ChargeDraft | null): void {
  if (hold.isOver && answer !== null) {
    const known = new Set([...(hasPrice(answer) ? ['cost'] : []), ...(hasUsage(answer) ? ['tokens'] : [])])
    if (known.has('cost')) hold.unpriced = 0
    if (known.has('tokens')) hold.unmeasured = 0
    hold.uncertain = hold.uncertain.filter((metric) => !known.has(metric))
  }
  finish(gate, hold, 'settled')
}

/** The charge carries the labels of its hold, and was not made before it. */
function chargeOf(hold: Hold, draft: ChargeDraft): ChargeDraft {
  return { ...draft, labels: hold.asked.labels, hold: hold.id, at: Math.max(draft.at, hold.reservedAt) }
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
  if (share !== undefined && amount > 0n) gate.takeFromShare(hold, share, lesser(amount, share.worst), lesser(amount, share.expected))
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
      if (amount > 0n) gate.giveBackShare(origin, share, lesser(amount, share.worst), lesser(amount, share.expected))
      gate.rows.touchHold(origin)
    }
  }
}

function counterName({ active, scope }: Applied): string {
  return `${active.revision} ${scope}`
}

function isShareOf(gate: Gate, { counter: id }: Share, { active }: Applied): boolean {
  return gate.rows.counterById(id)?.revision === active.revision
}

const wholeUsage = { countsPlan: true, countsCacheReads: true }

/** Notes a charge on its hold, once it is counted. */
function addCharge(gate: Gate, hold: Hold, charge: ChargeDraft): void {
  hold.charges += 1
  if (!hasPrice(charge)) hold.unpriced += 1
  if (!hasUsage(charge)) hold.unmeasured += 1
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

/** Where prices have changed since the hold was bounded, the event names both revisions of the catalog. */
function tellOverrun(gate: Gate, hold: Hold, { card }: ChargeDraft, overrun: readonly { budget: string; by: bigint }[]): void {
  const { labels, catalog } = hold.asked
  const priced = card?.revision
  gate.effects.append({
    kind: 'hold.overrun',
    body: {
      hold: hold.id,
      labels,
      budgets: overrun.map(({ budget, by }) => ({ budget, by: String(by) })),
      ...(catalog !== null && priced !== undefined && priced !== catalog && { boundedWith: catalog, pricedWith: priced }),
    },
  })
}
