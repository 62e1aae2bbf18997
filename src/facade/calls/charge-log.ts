import type { Charge } from '../../ledger/charge.ts'
import { formatUsd } from '../../money/format.ts'
import { toUsd } from '../../money/nanos.ts'
import type { PurserOptions } from '../open-options.ts'

/** Says `service.operation = $…` of each charge, with its figures as fields. */
export function chargeLog(log: NonNullable<PurserOptions['log']>): (charge: Charge) => void {
  return (charge) => {
    const { labels, provider, model, costNanos, id } = charge
    const service = labels['service'] ?? provider
    const operation = labels['operation'] ?? model
    const cost = costNanos === null ? 'unpriced' : formatUsd(costNanos)
    log(`${service}.${operation} = ${cost}`, {
      service,
      operation,
      cost: costNanos === null ? null : toUsd(costNanos),
      costNanos: costNanos === null ? null : String(costNanos),
      charge: id,
      labels,
    })
  }
}
