import type { Metric, Mode } from './budget.ts'
import type { Gate } from './gate.ts'
import { divisible, type Hold, type Share } from './hold.ts'
import { learn, nothingLearned } from './learned.ts'
import { learnedKey } from './learned-key.ts'
import { limitingHold, originOf } from './limiting-hold.ts'
import { giveBackShare, returnShare } from './shares.ts'

/**
 * Ends a hold whose calls are over. Where nobody knows what they came to, hard budgets keep presuming what is left of it,
 * until somebody does.
 */
export function finish(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
  hold.isOver = true
  gate.rows.touchHold(hold)
  const kept = new Set(hold.shares.filter((share) => staysPresumed(gate, hold, share)))
  if (kept.size === 0) {
    learnFrom(gate, hold)
    close(gate, hold, state)
    return
  }
  for (const share of hold.shares) if (!kept.has(share)) giveBackShare(gate, hold, share, share.worst, share.expected)
  hold.shares = [...kept]
  if (hold.state === 'open') gate.presume(hold)
}

/** A call that had no price has one now; where nothing else is missing, nothing of its hold is presumed any longer. */
export function priceArrived(gate: Gate, hold: Hold): void {
  if (hold.unpriced === 0) return
  hold.unpriced -= 1
  gate.rows.touchHold(hold)
  if (hold.unpriced > 0 || !hold.isOver || hold.state !== 'presumed') return
  if (hold.shares.some((share) => staysPresumed(gate, hold, share))) finish(gate, hold, 'settled')
  else close(gate, hold, 'settled')
}

/** What is left goes back to the hold it was split from where that is open, else it is free again. */
function close(gate: Gate, hold: Hold, state: 'settled' | 'released'): void {
  const origin = originOf(gate, hold)
  const parent = origin?.state === 'open' ? origin : undefined
  for (const share of hold.shares) {
    const from = parent && limitingHold(gate, parent, share.metric)
    const home = from?.shares.find(({ counter }) => counter === share.counter)
    if (from === undefined || home === undefined) giveBackShare(gate, hold, share, share.worst, share.expected)
    else {
      returnShare(gate, hold, share, home)
      gate.rows.touchHold(from)
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
    const limiting = limitingHold(gate, parent, metric)
    const left = limiting.left[metric]
    if (left !== undefined) limiting.left[metric] = left + (hold.left[metric] ?? 0n)
    gate.rows.touchHold(limiting)
  }
}

/**
 * Whether a budget may have lost more to a hold than what its charges say. A call without a price, or without usage, did
 * come to something; one that was cut may have come to more than what arrived, which only strict budgets presume.
 */
export function isUnknown({ unpriced, unmeasured, uncertain }: Hold, metric: Metric, mode: Mode): boolean {
  if (mode === 'soft') return false
  if (mode === 'strict' && uncertain.includes(metric)) return true
  return (metric === 'cost' && unpriced > 0) || (metric === 'tokens' && unmeasured > 0)
}

function staysPresumed(gate: Gate, hold: Hold, { counter: id, metric, worst }: Share): boolean {
  const counter = gate.rows.counterById(id)
  const mode = counter && gate.appliedOf(counter)?.terms.mode
  return mode !== undefined && worst > 0n && isUnknown(hold, metric, mode)
}

/** What holds of this kind come to, for the budgets that learn from them: of those that made a call, gave nothing away, and
 * are known.  */
function learnFrom(gate: Gate, hold: Hold): void {
  if (hold.charges === 0 || hold.uncertain.length > 0) return
  const learnt = new Set<string>()
  for (const applied of gate.rows.applied(hold.asked.labels)) {
    const { metric } = applied.active.budget
    const worst = hold.asked.worst[metric]
    if (applied.terms.mode !== 'adaptive' || worst === undefined || (metric !== 'cost' && metric !== 'tokens')) continue
    if ((metric === 'cost' ? hold.unpriced : hold.unmeasured) > 0) continue
    const actual = hold.spent[metric] ?? 0n
    if (actual + (hold.left[metric] ?? 0n) < worst) continue
    const key = learnedKey(applied.active.budget, hold.asked)
    if (learnt.has(key)) continue
    learnt.add(key)
    const share = hold.given[metric] ?? worst
    gate.rows.putLearned(key, learn(gate.rows.learned(key) ?? nothingLearned, { worst, expected: share, actual }))
  }
}
