import { addNanos, type Nanos, nanos, zeroNanos } from '../../money/nanos.ts'
import { divideHalfEven } from '../../money/round.ts'
import { type Meter, tokenMeters } from '../../usage/meters.ts'
import { fromScaled, quantities, toScaled, type Usage } from '../../usage/usage.ts'
import type { CostEstimate, EstimatePart, Unestimated } from '../cost-estimate.ts'

/** Calls of one kind with what they cost, or why nobody knows. */
export interface EstimatedCalls extends Omit<EstimatePart, 'usage'> {
  /** Of one call, or of all of them where `usageCalls` is 1. */
  readonly usage: Usage
  readonly usageCalls: number
  /** Why their price, or a part of it, is not known. */
  readonly problem?: string | undefined
}

/** Adds up an estimate: calls of the same stage, role, pass and model are one part. */
export class EstimateSums {
  readonly #parts = new Map<string, { part: EstimatePart; scaled: Map<Meter, number> }>()
  readonly #unpriced = new Map<string, Unestimated>()
  #nanos = zeroNanos

  add({ stage, role, pass, provider, model, calls, usage, usageCalls, costNanos, problem }: EstimatedCalls): void {
    const key = JSON.stringify([stage, role, pass, provider, model])
    const known = this.#parts.get(key)
    const before = known?.part.costNanos ?? null
    const cost = costNanos === null ? before : addNanos(before ?? zeroNanos, costNanos)
    const part = { stage, role, pass, provider, model, calls: calls + (known?.part.calls ?? 0), usage: {}, costNanos: cost }
    const scaled = known?.scaled ?? new Map<Meter, number>()
    for (const [meter, quantity] of quantities(usage)) {
      scaled.set(meter, (scaled.get(meter) ?? 0) + toScaled(meter, quantity) * usageCalls)
    }
    this.#parts.set(key, { part, scaled })
    if (costNanos !== null) this.#nanos = addNanos(this.#nanos, costNanos)
    if (problem !== undefined) this.#leaveOut({ stage, role, provider, model, calls, message: problem })
  }

  #leaveOut(left: Unestimated): void {
    const { stage, role, provider, model, message } = left
    const key = JSON.stringify([stage, role, provider, model, message])
    this.#unpriced.set(key, { ...left, calls: left.calls + (this.#unpriced.get(key)?.calls ?? 0) })
  }

  /** The parts, and their sum with the buffer. */
  build(bufferPercent: number): Pick<CostEstimate, 'costNanos' | 'bufferPercent' | 'calls' | 'tokens' | 'parts' | 'unpriced'> {
    const parts = [...this.#parts.values()].map(({ part, scaled }) => ({
      ...part,
      usage: Object.fromEntries([...scaled].map(([meter, amount]) => [meter, fromScaled(meter, amount)])),
    }))
    return {
      costNanos: withBuffer(this.#nanos, bufferPercent),
      bufferPercent,
      calls: parts.reduce((sum, { calls }) => sum + calls, 0),
      tokens: parts.reduce((sum, { usage }) => sum + tokensIn(usage), 0),
      parts,
      unpriced: [...this.#unpriced.values()],
    }
  }
}

function tokensIn(usage: Readonly<Record<string, number>>): number {
  return tokenMeters.reduce((sum, meter) => sum + (usage[meter] ?? 0), 0)
}

/** An amount with so many percent on top, which have two decimals at most; rounded half-even to the nano. */
export function withBuffer(amount: bigint, bufferPercent: number): Nanos {
  return nanos(divideHalfEven(amount * BigInt(10_000 + Math.round(bufferPercent * 100)), 10_000n))
}
