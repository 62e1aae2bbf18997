import { PurserError } from '../errors.ts'
import type { Charge } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { Purser } from '../purser.ts'
import { holdVariable } from './hold-environment.ts'
import { warn } from './output.ts'

/**
 * Books a call that was made under the hold of `purser guard`. The call was made, so where the hold cannot take it, it is
 * booked without, with a warning.
 */
export async function recordUnderHold(purser: Purser, hold: string, record: CallRecord): Promise<Charge> {
  const alone = async (why: string): Promise<Charge> => {
    warn(`${why} The call is booked without it.`)
    return purser.record(record)
  }
  try {
    const { labels } = await purser.holds.get(hold)
    const other = Object.entries(record.labels ?? {}).find(([key, value]) => labels[key] !== undefined && labels[key] !== value)
    if (other !== undefined)
      return await alone(`The hold "${hold}" is for ${other[0]}=${labels[other[0]]}, and the call has ${other[0]}=${other[1]}.`)
    const outcome = await purser.holds.record(hold, record)
    if ('granted' in outcome) return await alone(outcome.message)
    for (const { budget, by } of outcome.overrun) warn(await overrunText(purser, budget, by))
    return (await purser.charge(outcome.charge ?? '')) as Charge
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    if (error.code === 'PURSER_NOT_FOUND') return alone(`${holdVariable} names the hold "${hold}", which ${purser.location} does not have.`)
    if (error.code === 'PURSER_HOLD_ENDED') return alone(error.message)
    throw error
  }
}

/** By how much a call cost more than was held for it. */
export async function overrunText(purser: Purser, budget: string, by: bigint): Promise<string> {
  const { formatAmount } = await import('../budgets/amount-text.ts')
  const metric = (await purser.budgets.list()).find((record) => record.budget.name === budget)?.budget.metric ?? 'cost'
  return `the call took ${formatAmount(metric, by)} more of budget "${budget}" than was held for it.`
}
