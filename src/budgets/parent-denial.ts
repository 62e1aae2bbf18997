import { formatAmount } from './amount-text.ts'
import type { Metric } from './budget.ts'
import type { Denial } from './denial.ts'
import type { Gate } from './gate.ts'
import { divisible, type Asked, type Hold } from './hold.ts'
import { isLimited, limitingHold } from './limiting-hold.ts'
import { wholeOf } from './raise.ts'
import { refusalOf, worstCase } from './worst-case.ts'

/** Refuses a part of which nobody can say how much it may be, or that is more than what its hold, or one that this comes from, has left. */
export function refuseForParent(gate: Gate, parent: Hold, asked: Asked): Denial | undefined {
  for (const metric of divisible) {
    const limiting = limitingHold(gate, parent, metric)
    if (!isLimited(gate, limiting, metric)) continue
    // What a plan covers counts in a hold as it does in what is left of it.
    if (worstCase(asked, { metric, countsPlan: true, ceiling: null }) === null) return denyUnknown(limiting, metric, asked)
    const amount = asked.worst[metric] ?? 0n
    if (amount > (limiting.left[metric] ?? 0n)) return denyShort(limiting, metric, amount)
  }
  return undefined
}

function denyShort(parent: Hold, metric: Metric, amount: bigint): Denial {
  const { room, limit } = figuresOf(parent, metric)
  const text = (value: bigint): string => formatAmount(metric, value)
  const message = `The hold "${parent.id}" has ${text(room)} left of ${text(limit)}, and ${text(amount)} is asked. Ask for less, or reserve on its own.`
  return { ...figuresOf(parent, metric), kind: 'exhausted', asked: amount, message }
}

function denyUnknown(parent: Hold, metric: Metric, asked: Asked): Denial {
  const { kind, message } = refusalOf(asked, metric)
  const { room, limit } = figuresOf(parent, metric)
  const text = (value: bigint): string => formatAmount(metric, value)
  const why = kind === 'unpriced' ? 'nobody knows what the call may cost' : `the ${metric} of the call cannot be bounded`
  const said = message === null ? '' : ` ${message}`
  const held = `The hold "${parent.id}" has ${text(room)} left of ${text(limit)}, and ${why}.${said}`
  return { ...figuresOf(parent, metric), kind, asked: null, message: `${held} ${adviceFor(metric, kind)}` }
}

function adviceFor(metric: Metric, kind: 'unpriced' | 'unbounded'): string {
  if (metric === 'calls') return 'Say how many there may be, with --calls.'
  if (metric === 'tokens') return 'Say how many tokens it may use, with --tokens.'
  return kind === 'unpriced' ? 'Add a price to `pricing` in purser.yaml, or give an amount.' : 'Give an amount.'
}

function figuresOf(parent: Hold, metric: Metric): Omit<Denial, 'kind' | 'asked' | 'message'> {
  const limit = wholeOf(parent, metric) ?? 0n
  const room = parent.left[metric] ?? 0n
  const spent = parent.spent[metric] ?? 0n
  return {
    granted: false,
    budget: parent.id,
    hold: parent.id,
    action: null,
    metric,
    scope: parent.asked.labels,
    limit,
    spent,
    held: limit - room - spent,
    presumed: 0n,
    room,
    resetsAt: null,
    retryAfterMs: null,
    also: [],
  }
}
