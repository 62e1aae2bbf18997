import type { Metric } from './budget.ts'
import type { Gate } from './gate.ts'
import { divisible, type Hold } from './hold.ts'
import { wholeOf } from './raise.ts'

/** The hold that one is a part of. */
export function originOf(gate: Gate, { parent }: Hold): Hold | undefined {
  return parent === null ? undefined : gate.hold(parent)
}

/**
 * The hold that a part takes a metric out of, and gives back to: the one that it is split from, or, where that is for none of
 * the metric, the nearest open one that this comes from and that is.
 */
export function limitingHold(gate: Gate, parent: Hold, metric: Metric): Hold {
  if (!isDivisible(metric)) return parent
  for (let each: Hold | undefined = parent; each?.state === 'open'; each = originOf(gate, each)) {
    if (isLimited(gate, each, metric)) return each
  }
  return parent
}

function isDivisible(metric: Metric): boolean {
  return (divisible as readonly Metric[]).includes(metric)
}

/** A hold for none of a metric says nothing of it. */
export function isLimited(gate: Gate, hold: Hold, metric: Metric): boolean {
  return (wholeOf(hold, metric) ?? 0n) > 0n && (metric !== 'calls' || limitsCalls(gate, hold))
}

/**
 * Every hold is for one call unless somebody says otherwise, which is no bound of its parts. They keep to a number that was
 * said, and so do those that come from them.
 */
function limitsCalls(gate: Gate, hold: Hold): boolean {
  const { asked, raised } = hold
  if (asked.saysCalls === true || (asked.worst.calls ?? 0n) > 1n || (raised.calls ?? 0n) > 0n) return true
  const origin = originOf(gate, hold)
  return origin !== undefined && isLimited(gate, origin, 'calls')
}
