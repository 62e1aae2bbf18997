import type { HoldOutcome } from '../budgets/find-hold.ts'
import type { Charge } from '../ledger/charge.ts'
import { addNanos, toUsd } from '../money/nanos.ts'
import { iso } from './iso.ts'

/** What became of a hold, as JSON. The cost is that of the call, whatever number of charges it is booked as. */
export function outcomeJson(
  { id, state, expiresAt, charge, overrun, differs }: HoldOutcome,
  charges: readonly Charge[],
): Record<string, unknown> {
  const costs = charges.flatMap(({ costNanos: cost }) => cost ?? [])
  const costNanos = costs.length === 0 ? null : costs.reduce(addNanos)
  return {
    id,
    state,
    expiresAt: iso(expiresAt),
    charge,
    costUsd: costNanos === null ? null : toUsd(costNanos),
    costNanos: costNanos === null ? null : String(costNanos),
    overrun: overrun.map(({ budget, by }) => ({
      budget,
      by: String(by),
    })),
    ...(differs !== undefined && { differs }),
  }
}
