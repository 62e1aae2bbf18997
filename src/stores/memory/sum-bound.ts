import type { Charge } from '../../ledger/charge.ts'
import { meterNames } from '../../usage/meters.ts'
import { toScaled } from '../../usage/usage.ts'

const maxNanos = 2n ** 63n - 1n

/**
 * What no sum of a ledger exceeds: all that was ever booked, whatever its sign. While that fits a row of sums, no row
 * needs to be added up to know that it fits.
 */
export class SumBound {
  #nanos = 0n
  #quantity = 0

  add({ costNanos, usage }: Pick<Charge, 'costNanos' | 'usage'>): void {
    const cost = costNanos ?? 0n
    this.#nanos += cost < 0n ? -cost : cost
    for (const meter of meterNames) this.#quantity += Math.abs(toScaled(meter, usage[meter] ?? 0))
  }

  get fits(): boolean {
    return this.#nanos <= maxNanos && this.#quantity <= Number.MAX_SAFE_INTEGER
  }
}
