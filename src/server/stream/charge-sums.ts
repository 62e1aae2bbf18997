import type { Charge, Labels } from '../../ledger/charge.ts'
import { addsCall } from '../../ledger/measures.ts'
import { toUsd, nanos } from '../../money/nanos.ts'

/** Charges of the same labels and model, summed. */
interface Sum {
  readonly labels: Labels
  readonly model: string
  calls: number
  costNanos: bigint
  unpricedCalls: number
}

/** What was booked in one moment, by labels and model: so that many who listen are told without reading the charges again. */
export class ChargeSums {
  readonly #sums = new Map<string, Sum>()
  /** The last charge that is summed. */
  lastSeq = 0

  add(charge: Charge): void {
    const { labels, model, costNanos, seq } = charge
    const key = JSON.stringify([model, labels])
    let sum = this.#sums.get(key)
    if (sum === undefined) this.#sums.set(key, (sum = { labels, model, calls: 0, costNanos: 0n, unpricedCalls: 0 }))
    if (addsCall(charge)) sum.calls += 1
    if (costNanos === null) sum.unpricedCalls += 1
    sum.costNanos += costNanos ?? 0n
    this.lastSeq = Math.max(this.lastSeq, seq)
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0
  }

  /** The sums of what carries some labels, by project and model; undefined where nothing does. */
  of(isOwn: (labels: Labels) => boolean): unknown {
    const rows = new Map<string, Omit<Sum, 'labels'> & { readonly project: string | null }>()
    const total = { calls: 0, costNanos: 0n, unpricedCalls: 0 }
    for (const { labels, model, ...sum } of this.#sums.values()) {
      if (!isOwn(labels)) continue
      const project = labels['project'] ?? null
      const key = JSON.stringify([project, model])
      let row = rows.get(key)
      if (row === undefined) rows.set(key, (row = { project, model, calls: 0, costNanos: 0n, unpricedCalls: 0 }))
      addTo(row, sum)
      addTo(total, sum)
    }
    if (rows.size === 0) return undefined
    return { ...shown(total), rows: [...rows.values()].map(({ project, model, ...sum }) => ({ project, model, ...shown(sum) })) }
  }
}

type Figures = Pick<Sum, 'calls' | 'costNanos' | 'unpricedCalls'>

function addTo(into: Figures, from: Figures): void {
  into.calls += from.calls
  into.costNanos += from.costNanos
  into.unpricedCalls += from.unpricedCalls
}

function shown({ calls, costNanos, unpricedCalls }: Figures) {
  return { calls, costUsd: toUsd(nanos(costNanos)), costNanos: String(costNanos), unpricedCalls }
}
