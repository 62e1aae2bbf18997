import type { Action, Metric } from '../../src/budgets/budget.ts'
import type { Asked } from '../../src/budgets/hold.ts'
import { keyOf, type Model, type ModelBudget, type ModelHold, scopeOf, type Sums } from './model.ts'
import { startOf } from './model-counting.ts'
import { quarterMs, windowOf } from './windows.ts'

/** What one budget is asked for; null where nobody can say how much it may be. */
export interface Demand {
  readonly budget: ModelBudget
  readonly scope: string
  readonly at: number
  readonly expected: bigint
  readonly worst: bigint | null
  readonly unknown: 'unpriced' | 'unbounded'
}

export interface Refusal {
  readonly demand: Demand
  readonly kind: 'exhausted' | 'contended' | 'never-fits' | 'unpriced' | 'unbounded' | 'unavailable'
}

export interface Decision {
  readonly refusals: readonly Refusal[]
  /** Demands that did not fit, and were let through with a warning. */
  readonly letThrough: readonly { readonly demand: Demand; readonly because: 'soft' | 'running-run' }[]
}

export function demandsOf(model: Model, asked: Asked, at: number): Demand[] {
  return [...model.askedOf(asked)].map((budget) => {
    const { metric, countsPlan, ceiling } = budget.budget
    const scope = scopeOf(budget.budget, asked.labels)
    const isFree = asked.basis === 'plan' && !countsPlan && metric !== 'concurrency'
    const worst = isFree ? 0n : (asked.worst[metric] ?? (asked.refusal?.kind === 'unpriced' && metric === 'cost' ? null : ceiling))
    const unknown = metric === 'cost' ? (asked.refusal?.kind ?? 'unbounded') : 'unbounded'
    return { budget, scope, at, worst, unknown, expected: worst === null ? 0n : expectedOf(model, budget, asked, worst) }
  })
}

/** What is expected of a hold: as its owner says, else as a quantile of earlier ones, never above the worst case. */
export function expectedOf(model: Model, budget: ModelBudget, asked: Asked, worst: bigint): bigint {
  const { metric, quantile } = budget.budget
  const said = asked.expected[metric]
  const { mode } = model.terms(budget, scopeOf(budget.budget, asked.labels))
  if (said === undefined && (mode !== 'adaptive' || (metric !== 'cost' && metric !== 'tokens'))) return worst
  const expected = said ?? learnedShare(model.learned.get(sampleKey(budget, asked)) ?? [], quantile, worst)
  return expected < worst ? expected : worst
}

/** The smallest share, in whole twentieths, that the quantile of the samples lies below; at least twenty of them. */
function learnedShare(samples: readonly number[], quantile: number, worst: bigint): bigint {
  if (samples.length < 20) return worst
  const sorted = samples.toSorted((a, b) => a - b)
  const twentieths = Array.from({ length: 21 }, (_, index) => index).find(
    (share) => sorted.filter((sample) => sample <= share).length >= samples.length * quantile,
  )
  const share = Math.min((twentieths ?? 20) + 1, 20)
  return (worst * BigInt(share) + 19n) / 20n
}

export function sampleKey({ budget: { metric, learnBy } }: ModelBudget, { provider, model, labels }: Asked): string {
  return JSON.stringify([metric, provider, model, learnBy.map((key) => [key, labels[key]])])
}

/** The rule of the gate, over sums that are added up anew. */
export function decide(model: Model, demands: readonly Demand[], run: string | undefined): Decision {
  const refusals: Refusal[] = []
  const letThrough: { demand: Demand; because: 'soft' | 'running-run' }[] = []
  for (const demand of demands) {
    const { budget, scope, worst } = demand
    const { mode, onLimit } = model.terms(budget, scope)
    if (worst === 0n) continue
    const kind = kindOf(model, demand)
    if (kind === 'fits') continue
    if (mode === 'soft' || onLimit === 'warn') {
      if (kind !== 'unavailable' || !fits(model, demand)) letThrough.push({ demand, because: 'soft' })
    } else if (stopsNewRunsOnly(onLimit) && isAmount(kind) && run !== undefined && isRunning(model, run))
      letThrough.push({ demand, because: 'running-run' })
    else refusals.push({ demand, kind })
  }
  return { refusals, letThrough }
}

function kindOf(model: Model, demand: Demand): Refusal['kind'] | 'fits' {
  const { budget, worst, unknown } = demand
  if (budget.seeding !== null) return 'unavailable'
  if (worst === null) return unknown
  if (fits(model, demand)) return 'fits'
  const sums = sumsFor(model, demand)
  const nothing = { spent: 0n, expected: 0n, worst: 0n, presumed: 0n, unpriced: 0 }
  if (!hasRoom(model, demand, nothing)) return 'never-fits'
  return hasRoom(model, demand, { ...sums, expected: 0n, worst: 0n }) ? 'contended' : 'exhausted'
}

export function fits(model: Model, demand: Demand): boolean {
  return demand.worst !== null && hasRoom(model, demand, sumsFor(model, demand))
}

export function sumsFor(model: Model, { budget, scope, at }: Demand): Sums {
  return model.sums(budget, scope, model.spanAt(budget, at))
}

/** `S + P + E + e ≤ L` and `S + P + W + w ≤ L + T`; strict: e = w and T = 0. */
function hasRoom(model: Model, { budget, scope, expected, worst }: Demand, sums: Sums): boolean {
  const { limit, tolerance } = model.bounds(budget, scope)
  const gone = sums.spent + sums.presumed
  if (gone + sums.worst + (worst ?? 0n) > limit + tolerance) return false
  return model.terms(budget, scope).mode !== 'adaptive' || gone + sums.expected + expected <= limit
}

export function stopsNewRunsOnly(action: Action): boolean {
  return action === 'block-new-runs' || action === 'pause' || action === 'queue'
}

/** What nobody can bound is refused to a running run too. */
function isAmount(kind: Refusal['kind']): boolean {
  return kind === 'exhausted' || kind === 'contended' || kind === 'never-fits'
}

/** A run is running once it has booked a charge or has a hold. */
function isRunning(model: Model, run: string): boolean {
  if (model.charges.some(({ labels }) => labels['run'] === run)) return true
  return [...model.holds.values()].some(({ state, asked }) => (state === 'open' || state === 'presumed') && asked.labels['run'] === run)
}

/** When a demand fits that does not now: at the end of the window, or after so many slices of a rolling one; null where time does not help. */
export function roomAgainAt(model: Model, demand: Demand): number | null {
  const { budget, scope, at } = demand
  const { window, zone } = budget.budget
  if (window.kind !== 'rolling') return windowOf(window, zone, model.now).end
  const { end } = model.spanAt(budget, at)
  const spanMs = window.hours * 4 * quarterMs
  const oldest = end === null ? model.oldestSlice(window.hours) : startOf(budget, at)
  for (let first = oldest; first <= model.now + quarterMs; first += quarterMs) {
    const { spent, presumed, unpriced } = model.sums(budget, scope, { start: first, end })
    if (!hasRoom(model, demand, { spent, presumed, unpriced, expected: 0n, worst: 0n })) continue
    return first === oldest ? null : first + spanMs
  }
  return null
}

/** The first denial of a counter and window is an event. */
export function tellDenials(model: Model, refusals: readonly Refusal[]): void {
  for (const { demand, kind } of refusals) {
    const { budget, scope, at } = demand
    if (kind === 'unavailable') continue
    if (model.keysWithin(scope, model.spanAt(budget, at), budget.denied).length > 0) continue
    const start = startOf(budget, at)
    budget.denied.add(keyOf(scope, start))
    model.events.push({ kind: 'budget.denied', ...model.describe(budget, scope, start), denial: kind })
  }
}

export function asideOf(hold: ModelHold, { budget, scope }: Pick<Demand, 'budget' | 'scope'>): ModelHold['setAside'][number] | undefined {
  return hold.setAside.find((aside) => aside.revision === budget.revision && aside.scope === scope)
}

export function addAside(hold: ModelHold, demand: Demand, metric: Metric): void {
  const { budget, scope, expected, worst } = demand
  if (worst !== null && worst > 0n) hold.setAside.push({ revision: budget.revision, metric, scope, expected, worst })
}
