import type { HoldView } from '../budgets/hold-view.ts'
import { addsCall } from '../ledger/measures.ts'
import type { Purser } from '../purser.ts'

/** What was booked under a hold and all that was split from it. */
export interface Recorded {
  readonly nanos: bigint
  readonly calls: number
  /** Of those, calls without a price, or with a part of one. */
  readonly unpriced: number
}

/** Adds up the charges of a hold and of its parts, whatever became of those. */
export async function recordedUnder(purser: Purser, hold: HoldView): Promise<Recorded> {
  const origins = new Origins(purser, hold.id)
  const kind = Object.keys(hold.labels).find((key) => purser.subjects.has(key))
  const subject = kind === undefined ? undefined : { kind, value: hold.labels[kind] ?? '' }
  const recorded = { nanos: 0n, calls: 0, unpriced: 0 }
  // A held call is never booked at an earlier time than its hold.
  for await (const charge of purser.charges({ sinceMs: hold.reservedAt, ...(subject !== undefined && { subject }) })) {
    if (charge.hold === null || !(await origins.lead(charge.hold))) continue
    recorded.nanos += charge.costNanos ?? 0n
    if (!addsCall(charge)) continue
    recorded.calls += 1
    if (charge.status === 'unpriced' || charge.status === 'partial') recorded.unpriced += 1
  }
  return recorded
}

/** Which holds come from one: itself, its parts, and parts of those. */
class Origins {
  readonly #purser: Purser
  readonly #known = new Map<string, boolean>()

  constructor(purser: Purser, root: string) {
    this.#purser = purser
    this.#known.set(root, true)
  }

  async lead(hold: string): Promise<boolean> {
    const known = this.#known.get(hold)
    if (known !== undefined) return known
    const { parent } = await this.#purser.holds.get(hold)
    const comesFrom = parent !== null && (await this.lead(parent))
    this.#known.set(hold, comesFrom)
    return comesFrom
  }
}
