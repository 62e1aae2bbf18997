import type { Asked } from '../../src/budgets/hold.ts'
import type { Model, ModelHold, SetAside } from './model.ts'
import { isLimited, limitingHold } from './model-limiting.ts'
import { asideOf, decide, type Demand, demandsOf, tellDenials } from './model-deciding.ts'
import { type Expected, lapse, least, newHold, positive, setAside, knownGrant } from './model-holds.ts'

/** A part of a hold becomes a hold of its own: it takes over what is set aside already, and asks for the rest. */
export function split(model: Model, from: string, id: string, asked: Asked): Expected {
  lapse(model)
  const known = model.holds.get(id)
  if (known !== undefined) return knownGrant(known)
  const parent = model.holds.get(from)
  if (parent === undefined) return { kind: 'error', code: 'PURSER_NOT_FOUND' }
  if (parent.state !== 'open') return { kind: 'error', code: 'PURSER_HOLD_ENDED' }
  for (const metric of ['cost', 'tokens', 'calls'] as const) {
    const limiting = limitingHold(model, parent, metric)
    if (!isLimited(model, limiting, metric)) continue
    const amount = asked.basis === 'free' && metric === 'cost' ? (asked.worst.cost ?? 0n) : asked.worst[metric]
    const unknown = metric === 'cost' ? (asked.refusal?.kind ?? 'unbounded') : 'unbounded'
    if (amount === undefined) return { kind: 'parent-denial', parent: limiting.id, metric, why: unknown }
    if (amount > (limiting.left[metric] ?? 0n)) return { kind: 'parent-denial', parent: limiting.id, metric, why: 'exhausted' }
  }
  const whole = demandsOf(model, asked, parent.reservedAt)
  const moves = whole.map((demand) => moveOf(limitingHold(model, parent, demand.budget.budget.metric), demand))
  const rest = whole.map((demand, index) => restOf(demand, moves[index]))
  const decision = decide(model, rest, asked.labels['run'])
  if (decision.refusals.length > 0) {
    tellDenials(model, decision.refusals)
    return { kind: 'denial', decision }
  }
  const hold = newHold(model, id, asked, from, parent.reservedAt, decision, rest)
  setAside(model, hold, rest)
  for (const move of moves) if (move !== undefined) moveTo(hold, move)
  for (const metric of ['cost', 'tokens', 'calls'] as const) {
    const limiting = limitingHold(model, parent, metric)
    const left = limiting.left[metric]
    if (left !== undefined) limiting.left[metric] = positive(left - (asked.worst[metric] ?? 0n))
  }
  return { kind: 'grant', hold, decision }
}

interface Move {
  readonly from: SetAside
  readonly worst: bigint
  readonly expected: bigint
}

/** What a part takes over from its hold in one counter. */
function moveOf(parent: ModelHold, demand: Demand): Move | undefined {
  const from = asideOf(parent, demand)
  if (from === undefined || demand.worst === null) return undefined
  return { from, worst: least(demand.worst, from.worst), expected: least(demand.expected, from.expected) }
}

function restOf(demand: Demand, move: Move | undefined): Demand {
  if (move === undefined || demand.worst === null) return demand
  const worst = demand.worst - move.worst
  return { ...demand, worst, expected: worst === 0n ? 0n : demand.expected - move.expected }
}

function moveTo(hold: ModelHold, { from, worst, expected }: Move): void {
  from.worst -= worst
  from.expected -= expected
  const own = hold.setAside.find(({ revision, scope }) => revision === from.revision && scope === from.scope)
  if (own === undefined) hold.setAside.push({ ...from, worst, expected })
  else {
    own.worst += worst
    own.expected += expected
  }
}
