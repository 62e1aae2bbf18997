import { expect } from 'vitest'
import type { Budget } from '../../src/budgets/budget.ts'
import type { HoldView } from '../../src/budgets/budget-status.ts'
import type { Charge } from '../../src/ledger/charge.ts'
import type { Store } from '../../src/stores/store.ts'
import { budget, GateLedger } from '../stores/gate-ledger.ts'
import { holdNanos } from './held-request.ts'

const dollar = 1_000_000_000n
const onlyProject = (project: string): Budget['where'] => [{ field: 'project', op: 'equals', values: [project] }]

/** Strict, adaptive and rolling budgets that get full; `kept` watches calls that never give anything back. */
const budgets: readonly Budget[] = [
  budget({ name: 'hot', limit: 12n * dollar, window: { kind: 'total' } }),
  budget({ name: 'project', limit: 8n * dollar, window: { kind: 'total' }, each: ['project'] }),
  budget({ name: 'run', limit: (dollar * 3n) / 20n, window: { kind: 'run' }, each: ['run'] }),
  budget({
    name: 'learned',
    where: onlyProject('p1'),
    limit: 3n * dollar,
    mode: 'adaptive',
    tolerance: dollar / 2n,
    window: { kind: 'total' },
  }),
  budget({ name: 'recent', where: onlyProject('p2'), limit: (dollar * 7n) / 2n, window: { kind: 'rolling', hours: 24 } }),
  budget({ name: 'kept', where: [{ field: 'stage', op: 'equals', values: ['kept'] }], limit: dollar, window: { kind: 'total' } }),
]

export async function defineBudgets(store: Store): Promise<void> {
  const gate = new GateLedger(store, Date.now)
  for (const each of budgets) await gate.define(each)
}

const shared = budgets.filter(({ each }) => each.length === 0)

/** Whether hardly anything fits any longer into the budgets that are not kept apart by a label. */
export async function areFull(store: Store): Promise<boolean> {
  const status = await store.gate('status', { names: shared.map(({ name }) => name) })
  return status.every(({ spent, presumed, limit }) => spent + presumed > limit - 10n * holdNanos)
}

/** The same by what was added up. A hold that was presumed spent may have been settled for less since. */
export function expectFull(committed: ReadonlyMap<string, Committed>): void {
  for (const { name, limit } of shared) {
    const { spent, aside } = committed.get(`${name} {}`) ?? { spent: 0n, aside: 0n }
    expect(spent + aside, `what stands against ${name}`).toBeGreaterThan(limit - 30n * holdNanos)
  }
}

/** What stands against a budget in one scope. */
interface Committed {
  spent: bigint
  aside: bigint
}

/**
 * Adds up charges and holds, without the counters, and compares: no budget is past its bound, and the counters say the same.
 * Gives what stands against each budget, by its name and scope.
 */
export async function checkBudgets(store: Store): Promise<ReadonlyMap<string, Committed>> {
  // The holds first: what runs out meanwhile is aside all the same.
  const [holds, status] = await Promise.all([store.gate('holds', {}), store.gate('status', {})])
  const charges = await Array.fromAsync(store.charges({}))
  const committed = addUp(charges, holds)
  const rows = new Map(status.map((row) => [`${row.budget} ${JSON.stringify(row.scope)}`, row]))
  for (const each of budgets) {
    for (const [scope, { spent, aside }] of committed) {
      if (!scope.startsWith(`${each.name} `)) continue
      expect(spent + aside, `bound of ${scope}`).toBeLessThanOrEqual(each.limit + each.tolerance)
      const row = rows.get(scope)
      expect({ spent: row?.spent, aside: (row?.held ?? 0n) + (row?.presumed ?? 0n) }, `counter of ${scope}`).toEqual({ spent, aside })
    }
  }
  expect(status.filter(({ overLimit }) => overLimit !== null)).toEqual([])
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  return committed
}

function addUp(charges: readonly Charge[], holds: readonly HoldView[]): Map<string, Committed> {
  const committed = new Map<string, Committed>()
  const add = (labels: Readonly<Record<string, string>>, spent: bigint, aside: bigint): void => {
    for (const { name, where, each } of budgets) {
      const [filter] = where
      if (filter !== undefined && labels[filter.field] !== filter.values[0]) continue
      const [key] = each
      const scope = `${name} ${JSON.stringify(key === undefined ? {} : { [key]: labels[key] })}`
      const sum = committed.get(scope) ?? { spent: 0n, aside: 0n }
      committed.set(scope, { spent: sum.spent + spent, aside: sum.aside + aside })
    }
  }
  for (const { labels, costNanos } of charges) add(labels, costNanos ?? 0n, 0n)
  for (const { labels, left } of holds) add(labels, 0n, left.cost ?? 0n)
  return committed
}
