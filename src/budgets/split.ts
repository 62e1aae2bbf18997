import { askedBudgets } from './asked-budgets.ts'
import { PurserError } from '../errors.ts'
import type { Labels } from '../ledger/charge.ts'
import type { Denial, Grant } from './denial.ts'
import { lesser } from './counter.ts'
import type { Gate } from './gate.ts'
import { divisible, type Asked, type Hold, type HoldId, type Share } from './hold.ts'
import { decide, type Demand, demandOf, expectations, refuse, setAside } from './reserve.ts'
import { ended, findHold } from './find-hold.ts'
import { grantedBefore, grantOf } from './grant.ts'
import { limitingHold } from './limiting-hold.ts'
import { refuseForParent } from './parent-denial.ts'

/**
 * Makes part of an open hold a hold of its own, whose rest goes back when it ends. It carries the labels of the hold that
 * it is split from, and may add some; a budget that only the added labels meet is asked as by any other hold. It counts
 * in the windows of the hold that it comes from.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED, PURSER_ID_CONFLICT, PURSER_BAD_ARGUMENT for labels that differ.
 */
export function split(gate: Gate, from: HoldId, id: HoldId, asked: Asked): Grant | Denial {
  gate.lapse()
  const known = gate.rows.hold(id)
  if (known !== undefined) return grantedBefore(known, { asked, parent: from }, gate.nowMs)
  const parent = findHold(gate, from)
  checkLabels(parent, asked.labels)
  if (parent.state !== 'open') throw ended(parent, 'split')
  const refused = refuseForParent(gate, parent, asked)
  if (refused !== undefined) return refused
  const parts = askedBudgets(gate.rows, asked).map((applied) => partOf(gate, parent, demandOf(gate, applied, asked, parent.reservedAt)))
  const decided = decide(
    gate,
    parts.map(({ demand }) => demand),
    asked.labels,
  )
  if (!decided.granted) return refuse(gate, decided)
  const hold = gate.rows.addHold({
    id,
    asked,
    parent: from,
    reservedAt: parent.reservedAt,
    expiresAt: gate.nowMs + asked.ttlMs,
    given: expectations(parts.map(({ demand }) => demand)),
    warnings: decided.warnings,
  })
  hold.shares = parts.flatMap((part) => take(gate, part))
  leave(gate, parent, asked)
  return grantOf(hold)
}

/** What a part asks beyond what its parent has set aside in the same counter. */
interface Part {
  readonly demand: Demand
  readonly moved: Share | undefined
  /** Whose share that is. */
  readonly from: Hold
  readonly worst: bigint
  readonly expected: bigint
}

function partOf(gate: Gate, parent: Hold, demand: Demand): Part {
  const from = limitingHold(gate, parent, demand.applied.active.budget.metric)
  const moved = from.shares.find(({ counter }) => counter === demand.counter.id)
  const { worst, expected } = demand.claim
  if (moved === undefined || worst === null) return { demand, moved: undefined, from, worst: 0n, expected: 0n }
  const part = { worst: lesser(worst, moved.worst), expected: lesser(expected, moved.expected) }
  const rest = worst - part.worst
  return {
    demand: { ...demand, claim: { ...demand.claim, worst: rest, expected: rest === 0n ? 0n : expected - part.expected } },
    moved,
    from,
    ...part,
  }
}

function take(gate: Gate, { demand, moved, from, worst, expected }: Part): Share[] {
  const [own] = setAside(gate, demand)
  if (moved === undefined) return own === undefined ? [] : [own]
  moved.worst -= worst
  moved.expected -= expected
  gate.rows.touchHold(from)
  return [{ ...moved, worst: worst + (own?.worst ?? 0n), expected: expected + (own?.expected ?? 0n) }]
}

/**
 * Takes the part out of what may still be split off. What the parent holds where the part does not count stays held until
 * the part is spent, because it may come back.
 */
function leave(gate: Gate, parent: Hold, asked: Asked): void {
  for (const metric of divisible) {
    const limiting = limitingHold(gate, parent, metric)
    const left = limiting.left[metric]
    if (left !== undefined) limiting.left[metric] = left - lesser(left, asked.worst[metric] ?? 0n)
    gate.rows.touchHold(limiting)
  }
}

function checkLabels(parent: Hold, labels: Labels): void {
  const differing = Object.entries(parent.asked.labels).find(([key, value]) => labels[key] !== value)
  if (differing === undefined) return
  throw new PurserError(
    'PURSER_BAD_ARGUMENT',
    `A part of the hold "${parent.id}" carries its labels; ${differing[0]} must be "${differing[1]}". Other labels may be added.`,
  )
}
