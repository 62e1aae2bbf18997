import { expect } from 'vitest'
import type { Budget, Metric } from '../../src/budgets/budget.ts'
import { lesser } from '../../src/budgets/counter.ts'
import type { HoldView } from '../../src/budgets/hold-view.ts'
import type { Charge } from '../../src/ledger/charge.ts'
import type { Store } from '../../src/stores/store.ts'
import { budget, GateLedger } from '../stores/gate-ledger.ts'
import { holdNanos, type HoldRequest, worstOf } from './held-request.ts'

const dollar = 1_000_000_000n
const only = (field: string, value: string): Budget['where'] => [{ field, op: 'equals', values: [value] }]
const total: Budget['window'] = { kind: 'total' }

/** How many holds may have a place at the same time. */
export const places = 40

/** Budgets of calls that never give anything back: forty of them by their cost, twenty by their tokens or calls. */
const kept: readonly Budget[] = [
  budget({ name: 'kept', where: only('stage', 'kept money'), limit: 40n * holdNanos, window: total }),
  budget({ name: 'kept tokens', metric: 'tokens', where: only('stage', 'kept tokens'), limit: 20_000n, window: total }),
  budget({ name: 'kept calls', metric: 'calls', where: only('stage', 'kept calls'), limit: 20n, window: total }),
]

/** Strict, adaptive and rolling budgets that get full, and one of places, which are given back. */
const budgets: readonly Budget[] = [
  ...kept,
  budget({ name: 'hot', limit: 5n * dollar, window: total }),
  budget({ name: 'project', limit: 2n * dollar, window: total, each: ['project'] }),
  budget({ name: 'run', limit: (dollar * 3n) / 20n, window: { kind: 'run' }, each: ['run'] }),
  budget({
    name: 'learned',
    where: only('project', 'p1'),
    limit: (dollar * 3n) / 2n,
    mode: 'adaptive',
    tolerance: dollar / 4n,
    window: total,
  }),
  budget({ name: 'recent', where: only('project', 'p2'), limit: (dollar * 7n) / 4n, window: { kind: 'rolling', hours: 24 } }),
  budget({ name: 'tokens', metric: 'tokens', where: only('team', 'tokens'), limit: 40_000n, window: total }),
  budget({ name: 'calls', metric: 'calls', where: only('team', 'calls'), limit: 80n, window: total }),
  budget({ name: 'places', metric: 'concurrency', limit: BigInt(places), window: total }),
]

/** The budgets that refuse for other reasons than money, each of which must have done so. */
export const countingBudgets = budgets.flatMap(({ name, metric }) => (metric === 'cost' ? [] : [name]))

export async function defineBudgets(store: Store): Promise<void> {
  const gate = new GateLedger(store, Date.now)
  for (const each of budgets) await gate.define(each)
}

/** What a hold asks for at most, by metric. */
const most = worstOf({ kind: 'reserve', id: '', labels: {}, calls: 2 })
/** Budgets that are not kept apart by a label, and fill up. */
const shared = budgets.filter(({ each, metric }) => each.length === 0 && metric !== 'concurrency')

/** Room for so many holds, or for half of what a budget has room for. */
function roomOf(holds: bigint, metric: Metric, limit: bigint): bigint {
  return lesser(holds * most[metric], limit / 2n)
}

/** Whether hardly anything fits any longer into the budgets that are not kept apart by a label. */
export async function areFull(store: Store): Promise<boolean> {
  const status = await store.gate('status', { names: shared.map(({ name }) => name) })
  return status.every(({ spent, presumed, limit, metric }) => spent + presumed > limit - roomOf(10n, metric, limit))
}

/** The same by what was added up. A hold that was presumed spent may have been settled for less since. */
export function expectFull(committed: ReadonlyMap<string, Committed>): void {
  for (const { name, limit, metric } of shared) {
    expect(standing(committed, name), `what stands against ${name}`).toBeGreaterThan(limit - roomOf(30n, metric, limit))
  }
}

/** Of calls that never give anything back, all that were ever granted count: one grant too many would show for good. */
export function expectKept(committed: ReadonlyMap<string, Committed>, granted: readonly HoldRequest[]): void {
  for (const { name, where, metric } of kept) {
    const [stage] = where[0]?.values ?? []
    const amounts = granted
      .filter(({ kind, labels }) => kind === 'reserve' && labels['stage'] === stage)
      .map((each) => worstOf(each)[metric])
    const asked = amounts.reduce((sum, amount) => sum + amount, 0n)
    expect(standing(committed, name), `all that was granted of ${name}`).toBe(asked)
  }
}

function standing(committed: ReadonlyMap<string, Committed>, name: string): bigint {
  const { spent, aside } = committed.get(`${name} {}`) ?? { spent: 0n, aside: 0n }
  return spent + aside
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
  // What runs out meanwhile is aside all the same, but gives its place back: they are counted before and after.
  const holds = await store.gate('holds', {})
  const status = await store.gate('status', {})
  const holdsAfter = await store.gate('holds', {})
  const charges = await Array.fromAsync(store.charges({}))
  const [committed, after] = [addUp(charges, holds), addUp(charges, holdsAfter)]
  const rows = new Map(status.map((row) => [`${row.budget} ${JSON.stringify(row.scope)}`, row]))
  for (const each of budgets) {
    for (const [scope, { spent, aside }] of committed) {
      if (!scope.startsWith(`${each.name} {`)) continue
      expect(spent + aside, `bound of ${scope}`).toBeLessThanOrEqual(each.limit + each.tolerance)
      const row = rows.get(scope)
      const counted = { spent: row?.spent, aside: (row?.held ?? 0n) + (row?.presumed ?? 0n) }
      if (each.metric === 'concurrency') expectBetween(counted.aside, after.get(scope)?.aside ?? 0n, aside)
      else expect(counted, `counter of ${scope}`).toEqual({ spent, aside })
    }
  }
  expect(status.filter(({ overLimit }) => overLimit !== null)).toEqual([])
  expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  return committed
}

function expectBetween(counted: bigint, least: bigint, atMost: bigint): void {
  expect(counted, 'places taken').toBeGreaterThanOrEqual(least)
  expect(counted, 'places taken').toBeLessThanOrEqual(atMost)
}

function addUp(charges: readonly Charge[], holds: readonly HoldView[]): Map<string, Committed> {
  const committed = new Map<string, Committed>()
  const add = (labels: Readonly<Record<string, string>>, of: 'spent' | 'aside', amountOf: (metric: Metric) => bigint): void => {
    for (const { name, where, each, metric } of budgets) {
      const [filter] = where
      if (filter !== undefined && labels[filter.field] !== filter.values[0]) continue
      const [key] = each
      const scope = `${name} ${JSON.stringify(key === undefined ? {} : { [key]: labels[key] })}`
      const sum = committed.get(scope) ?? { spent: 0n, aside: 0n }
      committed.set(scope, { ...sum, [of]: sum[of] + amountOf(metric) })
    }
  }
  for (const charge of charges) add(charge.labels, 'spent', (metric) => spentBy(charge, metric))
  for (const hold of holds) add(hold.labels, 'aside', (metric) => asideFor(hold, metric))
  return committed
}

function spentBy({ costNanos, usage }: Charge, metric: Metric): bigint {
  switch (metric) {
    case 'cost':
      return costNanos ?? 0n
    case 'tokens':
      return BigInt((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0))
    case 'calls':
      return 1n
    case 'concurrency':
      return 0n
  }
}

/** A place is taken while its hold is open; all else is aside until somebody says that it is not. */
function asideFor({ state, asked, left }: HoldView, metric: Metric): bigint {
  if (metric === 'concurrency') return state === 'open' ? (asked.concurrency ?? 0n) : 0n
  return left[metric] ?? 0n
}
