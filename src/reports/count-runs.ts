import type { CostTableBuilder } from '../ledger/cost-table.ts'
import { sumsNothing, zeroMeasures } from '../ledger/measures.ts'
import { createDayNamer } from '../ledger/time-buckets.ts'
import type { Store } from '../stores/store.ts'
import { type CostPlan, isAsked, keyOf, type Sum } from './cost-plan.ts'
import { chargeSums, dayBounds } from './cost-sums.ts'

/** Counts the distinct runs of each group and of all, from the sums as they go by. */
export class RunCounter {
  readonly #seen = new Set<string>()
  readonly #all = new Set<string>()
  readonly #builder: CostTableBuilder

  constructor(builder: CostTableBuilder) {
    this.#builder = builder
  }

  add(key: readonly (string | null)[], sum: Sum): void {
    const run = sum.subjects['run']
    if (run === undefined || sumsNothing(sum.measures)) return
    const text = JSON.stringify([run, ...key])
    if (!this.#seen.has(text)) this.#builder.addRuns(key, 1)
    this.#seen.add(text)
    if (!this.#all.has(run)) this.#builder.addRunsToTotal(1)
    this.#all.add(run)
  }
}

/** Whether the sums that answer a question tell the run of each call. */
export function tellsRuns(plan: CostPlan): boolean {
  return plan.subjects.includes('run')
}

/**
 * Counts the distinct runs of each group and of all where the sums do not tell them: from the day rows of runs where
 * those can, else from the charges of the period.
 */
export async function countRuns(store: Store, plan: CostPlan, builder: CostTableBuilder): Promise<void> {
  if (!store.subjects.has('run') || !(await store.hasSubject('run'))) return
  if (plan.subjects.length === 0 && plan.inLedgerDays) {
    await countFromRows(store, plan, builder)
    return
  }
  const counter = new RunCounter(builder)
  for await (const sum of chargeSums(store, { ...plan, byMeter: false })) {
    if (isAsked(plan, sum)) counter.add(keyOf(plan, sum), sum)
  }
}

/** Rows come ordered by run, so a group has seen a run if it was the last one that it saw. */
async function countFromRows(store: Store, plan: CostPlan, builder: CostTableBuilder): Promise<void> {
  const byTime = plan.timeUnit !== undefined
  const nameDay = plan.timeUnit === undefined ? undefined : createDayNamer(plan.timeUnit, plan.query.weekStart)
  const counters = new Map<string, { key: (string | null)[]; runs: number; last: number }>()
  const counterOf = new Map<number, { runs: number; last: number } | null>()
  let runs = 0
  let last = -1
  const { rows, skus } = await store.subjectRows({ subject: 'run', ...dayBounds(plan), byTime })
  for (const [run, time, series, sku] of rows) {
    const place = (time * skus + sku) * 2 ** 26 + series
    let counter = counterOf.get(place)
    if (counter === undefined) {
      const sum = {
        time: nameDay?.(time) ?? null,
        labels: store.series(series),
        subjects: {},
        sku: store.sku(sku),
        measures: none,
        meters: undefined,
      }
      counter = isAsked(plan, sum) ? counterFor(counters, keyOf(plan, sum)) : null
      counterOf.set(place, counter)
    }
    if (counter === null) continue
    if (counter.last !== run) counter.runs += 1
    if (last !== run) runs += 1
    counter.last = run
    last = run
  }
  for (const { key, runs: count } of counters.values()) builder.addRuns(key, count)
  builder.addRunsToTotal(runs)
}

const none = zeroMeasures()

function counterFor<T extends { key: (string | null)[]; runs: number; last: number }>(counters: Map<string, T>, key: (string | null)[]): T {
  const text = JSON.stringify(key)
  let counter = counters.get(text)
  if (counter === undefined) counters.set(text, (counter = { key, runs: 0, last: -1 } as T))
  return counter
}
