import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { countCharge, hasPrice, hasUsage } from './count-charge.ts'
import { lesser } from './counter.ts'
import { divisible, originOf } from './end-hold.ts'
import type { CauseOf, Gate } from './gate.ts'
import type { Hold, Share } from './hold.ts'
import type { Applied } from './scope.ts'
import { giveBackShare, takeFromShare } from './shares.ts'
import { worstCase } from './worst-case.ts'

/** A budget of which a call took more than what was held for it, and by how much. */
export interface Overrun {
  readonly budget: string
  by: bigint
}

/**
 * Takes what a charge comes to out of what its hold has set aside in a counter, before it is counted as spent. Budgets that
 * only labels beyond those of the hold meet were not asked, so what they count is not held.
 */
export function takeOut(gate: Gate, hold: Hold, charge: ChargeDraft, overrun: Overrun[]): CauseOf {
  const isAsked = charge.part === null && hasLabelsOf(charge, hold)
  const asked = isAsked ? undefined : new Set(gate.rows.applied(hold.asked.labels).map(counterName))
  return (counter, budget, amount) => {
    if (asked?.has(`${counter.revision} ${counter.scope}`) === false) return 'unheld'
    const share = hold.shares.find((each) => each.counter === counter.id)
    const over = amount - (share?.worst ?? 0n)
    takeAmount(gate, hold, share, amount)
    if (over <= 0n) return null
    // What nobody could bound was let through, and passes no bound.
    if (worstCase(hold.asked, budget) === null) return 'soft'
    const known = overrun.find((each) => each.budget === budget.name)
    if (known === undefined) overrun.push({ budget: budget.name, by: over })
    else known.by += over
    return 'overrun'
  }
}

function hasLabelsOf({ labels }: ChargeDraft, { asked }: Hold): boolean {
  if (labels === asked.labels) return true
  const keys = Object.keys(labels)
  return keys.length === Object.keys(asked.labels).length && keys.every((key) => labels[key] === asked.labels[key])
}

function takeAmount(gate: Gate, hold: Hold, share: Share | undefined, amount: bigint): void {
  if (share !== undefined && amount > 0n) takeFromShare(gate, hold, share, lesser(amount, share.worst), lesser(amount, share.expected))
}

/** Notes on its hold a charge that was counted. `isMeasured`: it says what was used, be it nothing. */
export function addCharge(gate: Gate, hold: Hold, charge: ChargeDraft, isMeasured = hasUsage(charge)): void {
  const isPriced = hasPrice(charge)
  hold.charges += 1
  if (!isPriced) hold.unpriced += 1
  if (!isMeasured) hold.unmeasured += 1
  if (!isPriced || !isMeasured) addLacking(hold, charge.id)
  hold.lastCharge = charge.id
  addSpent(gate, hold, charge)
}

/** More are not kept: of a hold for very many calls, each would be written with every one that follows. */
export const maxLacking = 100

/** Notes a charge that leaves something open. */
export function addLacking(hold: Hold, charge: string): void {
  if (hold.lacking.includes(charge) || hold.lacking.length >= maxLacking) return
  hold.lacking = [...hold.lacking, charge]
}

/** Notes on its hold what a charge or a correction came to. */
export function addSpent(gate: Gate, hold: Hold, charge: ChargeDraft): void {
  for (const metric of divisible) {
    const amount = countCharge({ metric, ...wholeUsage }, charge)
    hold.spent[metric] = (hold.spent[metric] ?? 0n) + amount
    const left = hold.left[metric]
    if (left !== undefined) hold.left[metric] = left > amount ? left - amount : 0n
  }
  takeWhereNotCounted(gate, hold, charge)
  gate.rows.touchHold(hold)
}

const wholeUsage = { countsPlan: true, countsCacheReads: true }

/**
 * What is spent can no longer be spent by its hold, nor by those that this comes from, so they give it back also where the
 * charge does not count: a part of a run's cap for one stage leaves less for calls without a stage, and what a call for two
 * tickets spent of a hold without a ticket is not held any more for calls without one.
 */
function takeWhereNotCounted(gate: Gate, hold: Hold, charge: ChargeDraft): void {
  if (hold.parent === null && charge.part === null && hasLabelsOf(charge, hold)) return
  const counted = new Set(gate.rows.applied(charge.labels).map(counterName))
  for (let origin: Hold | undefined = hold; origin !== undefined; origin = originOf(gate, origin)) {
    for (const applied of gate.rows.applied(origin.asked.labels)) {
      if (counted.has(counterName(applied))) continue
      counted.add(counterName(applied))
      const share = origin.shares.find((each) => isShareOf(gate, each, applied))
      if (share === undefined) continue
      const amount = countCharge(applied.active.budget, charge)
      if (amount > 0n) giveBackShare(gate, origin, share, lesser(amount, share.worst), lesser(amount, share.expected))
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

/** Where prices have changed since the hold was bounded, the event names both revisions of the catalog. */
export function tellOverrun(gate: Gate, hold: Hold, { card }: ChargeDraft, overrun: readonly Overrun[]): void {
  if (overrun.length === 0) return
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
