import { askedBudgets } from './asked-budgets.ts'
import type { Metric } from './budget.ts'
import type { Denial, Grant } from './denial.ts'
import { ended, findHold } from './find-hold.ts'
import type { Gate } from './gate.ts'
import { grantOf } from './grant.ts'
import { divisible, type Amounts, type Hold, type HoldId } from './hold.ts'
import { decide, demandOf, refuse, setAside } from './reserve.ts'

const nothing: Amounts = { cost: 0n, tokens: 0n, calls: 0n, concurrency: 0n }

/**
 * Sets more aside for an open hold, so that in all it is for so much: a run's cap that somebody raised. Every budget that
 * applies is asked for what is added, and all or none grants it. Amounts that the hold has already change nothing.
 * @throws PURSER_NOT_FOUND, PURSER_HOLD_ENDED
 */
export function raise(gate: Gate, id: HoldId, to: Amounts): Grant | Denial {
  const hold = findHold(gate, id)
  gate.lapse()
  if (hold.state !== 'open') throw ended(hold, 'raised')
  const added = addedTo(hold, to)
  if (Object.keys(added).length === 0) return grantOf(hold)
  const asked = { ...hold.asked, worst: { ...nothing, ...added }, expected: {} }
  const demands = askedBudgets(gate.rows, asked).map((applied) => demandOf(gate, applied, asked, hold.reservedAt))
  const decided = decide(gate, demands, asked.labels)
  if (!decided.granted) return refuse(gate, decided)
  for (const share of demands.flatMap((demand) => setAside(gate, demand))) {
    const own = hold.shares.find(({ counter }) => counter === share.counter)
    if (own === undefined) hold.shares.push(share)
    else {
      own.worst += share.worst
      own.expected += share.expected
    }
  }
  for (const metric of divisible) {
    const more = added[metric]
    if (more === undefined) continue
    hold.raised[metric] = (hold.raised[metric] ?? 0n) + more
    hold.left[metric] = (hold.left[metric] ?? 0n) + more
  }
  gate.rows.touchHold(hold)
  return { ...grantOf(hold), warnings: decided.warnings }
}

/** What a hold was asked for in all, with what was added since. */
export function wholeOf({ asked, raised }: Pick<Hold, 'asked' | 'raised'>, metric: Metric): bigint | undefined {
  const worst = asked.worst[metric]
  return worst === undefined ? undefined : worst + (raised[metric] ?? 0n)
}

function addedTo(hold: Hold, to: Amounts): Amounts {
  const added: Partial<Record<Metric, bigint>> = {}
  for (const metric of divisible) {
    const more = (to[metric] ?? 0n) - (wholeOf(hold, metric) ?? 0n)
    if (more > 0n) added[metric] = more
  }
  return added
}
