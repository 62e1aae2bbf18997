import type { Metric } from '../../src/budgets/budget.ts'
import type { Model, ModelHold } from './model.ts'

/** Whom a part takes a metric from: its hold, or where that is for none of it the nearest open one above that is. */
export function limitingHold(model: Model, parent: ModelHold, metric: Metric): ModelHold {
  if (metric === 'concurrency') return parent
  let each: ModelHold | undefined = parent
  while (each?.state === 'open' && !isLimited(model, each, metric)) each = model.holds.get(each.parent ?? '')
  return each?.state === 'open' ? each : parent
}

/** A hold for none of a metric says nothing of it; one that nobody gave a number of calls is for one, and for any number of parts. */
export function isLimited(model: Model, hold: ModelHold, metric: 'cost' | 'tokens' | 'calls'): boolean {
  const whole = hold.asked.worst[metric] ?? 0n
  if (whole === 0n || metric !== 'calls') return whole > 0n
  if (whole > 1n || hold.asked.saysCalls === true) return true
  const origin = model.holds.get(hold.parent ?? '')
  return origin !== undefined && isLimited(model, origin, metric)
}
