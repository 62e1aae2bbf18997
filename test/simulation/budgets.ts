import type { Budget, Terms, Threshold, Window } from '../../src/budgets/budget.ts'
import type { Random } from './random.ts'

const windows: readonly Window[] = [
  { kind: 'total' },
  { kind: 'hour' },
  { kind: 'day' },
  { kind: 'day' },
  { kind: 'week', startsOn: 1 },
  { kind: 'week', startsOn: 7 },
  { kind: 'month', anchorDay: 1 },
  { kind: 'month', anchorDay: 31 },
  { kind: 'quarter' },
  { kind: 'year' },
  { kind: 'rolling', hours: 1 },
  { kind: 'rolling', hours: 24 },
]
const zones = ['UTC', 'Europe/Paris', 'Australia/Lord_Howe'] as const
const scopes = [[], [], ['project'], ['project', 'stage'], ['stage']] as const
const filters: readonly Budget['where'][] = [
  [],
  [],
  [{ field: 'project', op: 'equals', values: ['atlas'] }],
  [{ field: 'stage', op: 'not', values: ['draft'] }],
  [{ field: 'stage', op: 'absent', values: [] }],
]
const thresholds: readonly Threshold[] = [
  { percent: 50, level: 'info' },
  { percent: 80, level: 'warning' },
  { percent: 100, level: 'critical' },
]

/** Makes up budgets that are now and then full. */
export class BudgetMaker {
  readonly #random: Random
  readonly unit: bigint
  #names = ['one', 'two', 'three', 'four', 'five', 'six']

  /** `count`: how many budgets are in force at most. */
  constructor(random: Random, count: number) {
    this.#random = random
    this.#names = this.#names.slice(0, count)
    // Amounts beyond what a double holds exactly must not differ.
    this.unit = random.pick([1n, 7n, 10n ** 7n, 10n ** 11n + 3n])
  }

  first(): Budget[] {
    return this.#names.map((name) => this.make(name))
  }

  make(name: string): Budget {
    const random = this.#random
    const metric = random.weighted({ cost: 60, tokens: 14, calls: 12, concurrency: 14 })
    const isRun = random.chance(0.12)
    const window: Window = metric === 'concurrency' ? { kind: 'total' } : isRun ? { kind: 'run' } : random.pick(windows)
    const each = isRun && metric !== 'concurrency' ? ['run'] : random.pick(scopes)
    const overrides =
      each[0] === 'project' && each.length === 1
        ? [{ match: { project: 'borg' }, ...(random.chance(0.5) ? { limit: this.#limit(metric) } : { mode: 'soft' as const }) }]
        : []
    return {
      name,
      metric,
      where: random.pick(filters),
      each,
      window,
      zone: random.pick(zones),
      overrides,
      increase: null,
      countsPlan: random.chance(0.2),
      countsCacheReads: random.chance(0.7),
      origin: 'sdk',
      ceiling: random.chance(0.2) ? this.#limit(metric) / 10n : null,
      learnBy: random.chance(0.5) ? ['stage'] : [],
      quantile: random.pick([0.5, 0.9, 1]),
      ...this.#terms(metric),
    }
  }

  /** A budget with something changed: what it allows, or what it counts; or a new one where one is missing. */
  change(present: readonly Budget[], now: number): Budget {
    const random = this.#random
    const missing = this.#names.find((name) => !present.some((budget) => budget.name === name))
    const budget = present.length === 0 ? undefined : random.pick(present)
    if (budget === undefined || (missing !== undefined && random.chance(0.6))) return this.make(missing ?? 'one')
    const { metric, name } = budget
    switch (random.weighted({ limit: 40, terms: 15, increase: 18, scope: 12, anew: 8, same: 7 })) {
      case 'limit':
        return { ...budget, limit: random.chance(0.1) ? 0n : this.#limit(metric) }
      case 'terms':
        return { ...budget, ...this.#terms(metric) }
      case 'increase':
        return {
          ...budget,
          increase: random.chance(0.2) ? null : { by: this.#limit(metric) / 2n, until: now + random.pick([60_000, 3_600_000, 86_400_000]) },
        }
      case 'scope':
        return { ...budget, where: random.pick(filters), zone: random.pick(zones) }
      case 'anew':
        return this.make(name)
      case 'same':
        return budget
    }
  }

  #terms(metric: Budget['metric']): Terms {
    const random = this.#random
    const mode = random.weighted({ strict: 55, adaptive: 25, soft: 20 })
    return {
      limit: this.#limit(metric),
      mode,
      tolerance: mode === 'adaptive' ? this.#limit(metric) / 4n : 0n,
      onLimit: random.weighted({ block: 60, warn: 6, 'block-new-runs': 12, pause: 6, queue: 6, terminate: 10 }),
      thresholds: random.chance(0.7) ? thresholds.filter(() => random.chance(0.7)) : [],
    }
  }

  #limit(metric: Budget['metric']): bigint {
    const random = this.#random
    switch (metric) {
      case 'cost':
        return BigInt(random.between(40, 900)) * this.unit + BigInt(random.below(2))
      case 'tokens':
        return BigInt(random.between(900, 15_000))
      case 'calls':
        return BigInt(random.between(3, 60))
      case 'concurrency':
        return BigInt(random.between(1, 9))
    }
  }
}
