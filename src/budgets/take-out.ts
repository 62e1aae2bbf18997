import { askedBudgets } from './asked-budgets.ts'
import type { ChargeDraft } from '../ledger/draft-charge.ts'
import { countCharge, hasPrice, hasUsage } from './count-charge.ts'
import { lesser } from './counter.ts'
import { originOf } from './limiting-hold.ts'
import type { CauseOf, Gate } from './gate.ts'
import { divisible, type Hold, type Share } from './hold.ts'
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
  const isAsked = charge.part === null && hold.asked.isForParts !== true && hasLabelsOf(charge, hold)
  const asked = isAsked ? undefined : new Set(askedBudgets(gate.rows, hold.asked).map(counterName))
  const payers = payersOf(gate, hold)
  return (counter, budget, amount) => {
    if (asked?.has(`${counter.revision} ${counter.scope}`) === false) return 'unheld'
    let over = amount
    for (const payer of payers) over -= takeAmount(gate, payer, counter.id, over)
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

/** A hold, and those that it comes from as far as they are open: what it costs beyond its own is part of what they are for. */
function payersOf(gate: Gate, hold: Hold): readonly Hold[] {
  const payers = [hold]
  for (let origin = originOf(gate, hold); origin?.state === 'open'; origin = originOf(gate, origin)) payers.push(origin)
  return payers
}

/** Takes as much of an amount out of what a hold has set aside in a counter as there is; gives how much that was. */
function takeAmount(gate: Gate, hold: Hold, counter: number, amount: bigint): bigint {
  const share = hold.shares.find((each) => each.counter === counter)
  if (share === undefined || amount <= 0n) return 0n
  const taken = lesser(amount, share.worst)
  takeFromShare(gate, hold, share, taken, lesser(amount, share.expected))
  gate.rows.touchHold(hold)
  return taken
}

/** Takes an amount out of what is left of a hold, and what that cannot cover out of those that it comes from. */
function takeLeft(gate: Gate, payers: readonly Hold[], metric: (typeof divisible)[number], amount: bigint): void {
  let rest = amount
  for (const payer of payers) {
    const left = payer.left[metric]
    const taken = lesser(rest, left ?? 0n)
    if (left !== undefined && taken !== 0n) {
      payer.left[metric] = left - taken
      gate.rows.touchHold(payer)
    }
    rest -= taken
    if (rest <= 0n) return
  }
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
  const payers = payersOf(gate, hold)
  for (const metric of divisible) {
    const amount = countCharge({ metric, ...wholeUsage }, charge)
    hold.spent[metric] = (hold.spent[metric] ?? 0n) + amount
    takeLeft(gate, payers, metric, amount)
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
  const done = new Set(gate.rows.applied(charge.labels).map(counterName))
  const rests = new Map<string, bigint>()
  for (let origin: Hold | undefined = hold; origin !== undefined; origin = originOf(gate, origin)) {
    for (const applied of askedBudgets(gate.rows, origin.asked)) {
      const name = counterName(applied)
      if (done.has(name)) continue
      const rest = rests.get(name) ?? countCharge(applied.active.budget, charge)
      rests.set(name, rest - giveBack(gate, origin, applied, rest))
      // One that is not open pays for nothing that its part has not set aside, and neither do those that it comes from.
      if (origin !== hold && origin.state !== 'open') done.add(name)
    }
  }
}

function giveBack(gate: Gate, hold: Hold, applied: Applied, amount: bigint): bigint {
  const share = hold.shares.find((each) => isShareOf(gate, each, applied))
  if (share === undefined || amount <= 0n) return 0n
  const given = lesser(amount, share.worst)
  giveBackShare(gate, hold, share, given, lesser(amount, share.expected))
  gate.rows.touchHold(hold)
  return given
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
