import { amountOf, applies, keyOf, type Model, type ModelBudget, type ModelCharge, scopeOf, unpricedOf } from './model.ts'
import { quarterMs, windowOf } from './windows.ts'

/** The counter of a budget that something of an instant counts in. */
export interface Place {
  readonly budget: ModelBudget
  readonly scope: string
  readonly at: number
}

/** The budgets that a charge adds anything to. */
export function placesOf(model: Model, charge: ModelCharge): Place[] {
  return model.budgets
    .filter((budget) => charge.countedAt >= budget.countsFrom && applies(budget.budget, charge.labels))
    .filter(({ budget }) => amountOf(budget, charge) !== 0n || unpricedOf(budget, charge) !== 0)
    .map((budget) => ({ budget, scope: scopeOf(budget.budget, charge.labels), at: charge.countedAt }))
}

/**
 * Does something that changes counters, and notes what follows from it: what stands above its bound gets the cause, and
 * thresholds that are reached fire.
 */
export function changing(model: Model, places: readonly Place[], causeOf: (place: Place) => string | null, change: () => void): void {
  const before = places.map(({ budget, scope, at }) => model.isOver(budget, scope, at))
  change()
  for (const [index, place] of places.entries()) explain(model, place, before[index] === true, causeOf(place))
}

/** A charge that is booked, or one that is taken out again. */
export function counting(model: Model, charge: ModelCharge, causeOf: (place: Place) => string | null, change: () => void): void {
  const places = placesOf(model, charge).filter(({ budget }) => model.charges.includes(charge) === false || model.isCounted(budget, charge))
  changing(model, places, causeOf, change)
  for (const place of places) fire(model, place)
}

/** Notes why a counter stands above its bound, from the moment that it does; a counter within it has nothing to explain. */
export function explain(model: Model, { budget, scope, at }: Place, wasOver: boolean, cause: string | null): void {
  const isOver = model.isOver(budget, scope, at)
  const known = causesWithin(model, { budget, scope, at })
  if (!isOver || !wasOver) for (const key of known) budget.causes.delete(key)
  if (!isOver) return
  const start = startOf(budget, at)
  if (wasOver && known.length > 0) {
    // Each slice of a rolling window must explain itself when the others are gone.
    if (cause !== null && !budget.causes.has(keyOf(scope, start))) budget.causes.set(keyOf(scope, start), cause)
    return
  }
  const reason = wasOver ? 'increase-ended' : (cause ?? 'increase-ended')
  budget.causes.set(keyOf(scope, start), reason)
  if (reason === 'limit-lowered' || reason === 'increase-ended')
    for (const slice of slicesWithin(model, { budget, scope, at })) budget.causes.set(keyOf(scope, slice), reason)
  model.events.push({ kind: 'budget.exceeded', ...model.describe(budget, scope, start), cause: reason })
}

/** What concerns the whole of a rolling window concerns each of its slices that counts anything. */
function slicesWithin(model: Model, { budget, scope, at }: Place): number[] {
  const { start, end } = model.spanAt(budget, at)
  if (budget.budget.window.kind !== 'rolling' || end !== null) return []
  const slices = Array.from({ length: Math.ceil((model.now + 1 - start) / quarterMs) }, (_, index) => start + index * quarterMs)
  return slices.filter((slice) => {
    const { spent, presumed, worst } = model.sums(budget, scope, { start: slice, end: slice + quarterMs })
    return spent + presumed + worst !== 0n
  })
}

/** Something was given back: a counter that is within its bound again has nothing to explain. */
export function relieve(model: Model, place: Place): void {
  if (!model.isOver(place.budget, place.scope, place.at)) for (const key of causesWithin(model, place)) place.budget.causes.delete(key)
}

export function causesWithin(model: Model, { budget, scope, at }: Place): string[] {
  return model.keysWithin(scope, model.spanAt(budget, at), budget.causes.keys())
}

/** Thresholds look at what is spent, in windows that are open, each once. */
export function fire(model: Model, { budget, scope, at }: Place): void {
  const own = windowOf(budget.budget.window, budget.budget.zone, at)
  const span = model.spanAt(budget, at)
  const isOpen = budget.budget.window.kind === 'rolling' ? span.end === null : own.end === null || own.end > model.now
  if (!isOpen || budget.seeding !== null) return
  const { limit } = model.bounds(budget, scope)
  const { spent } = model.sums(budget, scope, span)
  const fired = Math.max(0, ...model.keysWithin(scope, span, budget.fired.keys()).map((key) => budget.fired.get(key) ?? 0))
  const thresholds = model.terms(budget, scope).thresholds.filter(({ percent }) => percent > fired && hasReached(spent, limit, percent))
  for (const { percent } of thresholds.toSorted((a, b) => a.percent - b.percent)) {
    budget.fired.set(keyOf(scope, own.start), percent)
    model.events.push({
      kind: 'threshold.crossed',
      ...model.describe(budget, scope, own.start),
      percent,
      spent: String(spent),
      limit: String(limit),
    })
  }
}

/** Percents of these runs are whole numbers. A limit of nothing is reached by anything. */
export function hasReached(spent: bigint, limit: bigint, percent: number): boolean {
  return spent > 0n && spent * 100n >= limit * BigInt(percent)
}

export function startOf({ budget }: ModelBudget, at: number): number {
  return windowOf(budget.window, budget.zone, at).start
}
