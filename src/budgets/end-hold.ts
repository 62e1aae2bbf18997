import type { Metric, Mode } from './budget.ts'
import type { Gate } from './gate.ts'
import type { Hold } from './hold.ts'
import { learn, nothingLearned } from './learned.ts'
import { learnedKey } from './learned-key.ts'

/** Metrics of which a part can be split off. */
export const divisible = ['cost', 'tokens', 'calls'] as const

/** Ends a hold; where a call of it has no price, hard budgets keep presuming what was set aside for the cost. */
export function finish(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
  hold.awaitsPrice = hold.unpriced > 0
  if (hold.awaitsPrice) keep(gate, hold, isUnpriced)
  else end(gate, hold, state)
}

/** Ends a hold: what is left goes back to the hold it was split from where that is open, else it is free again. */
export function end(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
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

export function originOf(gate: Gate, { parent }: Hold): Hold | undefined {
  return parent === null ? undefined : gate.rows.hold(parent)
}

/** What is left of a hold stays presumed in some counters, and is given back in the others. */
export function keep(gate: Gate, hold: Hold, stays: (metric: Metric, mode: Mode) => boolean): void {
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
export function isUncertain(metric: Metric, mode: Mode): boolean {
  return mode === 'strict' && (metric === 'cost' || metric === 'tokens')
}

/** A call without a price did cost something: hard budgets keep presuming what was set aside for it. */
function isUnpriced(metric: Metric, mode: Mode): boolean {
  return mode !== 'soft' && metric === 'cost'
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
