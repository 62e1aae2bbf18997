import { type Budget, revisionFields } from '../../src/budgets/budget.ts'
import {
  applies,
  isStillToCount,
  keyOf,
  type Model,
  type ModelBudget,
  type ModelCharge,
  type ModelHold,
  scopeOf,
  standsFor,
} from './model.ts'
import { causesWithin, changing, counting, explain, fire, hasReached, type Place, placesOf } from './model-counting.ts'
import { addAside, type Demand, expectedOf } from './model-deciding.ts'
import { isUnknown } from './model-holds.ts'
import { windowOf } from './windows.ts'

/** A charge that no hold was granted for: an import, a record, a correction. */
export function bookUnheld(model: Model, charge: ModelCharge): void {
  const cause = charge.corrects === null ? 'unheld' : 'correction'
  counting(
    model,
    charge,
    () => cause,
    () => void model.charges.push(charge),
  )
}

/** Takes an import out: each charge with its corrections, the last first, and a correction with those made on top of it. */
export function removeBatch(model: Model, batch: string): void {
  for (const row of model.charges.filter((charge) => charge.batch === batch)) {
    const chain = model.charges.filter(({ corrects, order }) => corrects === (row.corrects ?? row.id) && order > row.order)
    for (const charge of [...chain.toReversed(), row]) takeOut(model, charge)
  }
}

function takeOut(model: Model, charge: ModelCharge): void {
  if (!model.charges.includes(charge)) return
  const cause = charge.corrects === null ? 'unheld' : 'correction'
  counting(
    model,
    charge,
    () => cause,
    () => void (model.charges = model.charges.filter((each) => each !== charge)),
  )
}

/** What defining a budget should do. */
export function define(model: Model, budget: Budget, revision: number, order: number): 'created' | 'changed' | 'revised' | 'same' {
  const before = model.budgets.find((each) => each.budget.name === budget.name)
  if (before !== undefined && textOf(before.budget) === textOf(budget)) return 'same'
  model.events.push({ kind: 'budget.changed', budget: budget.name, was: before !== undefined, is: true })
  if (before !== undefined && revisionFields.every((field) => textOf(before.budget[field]) === textOf(budget[field]))) {
    changeTerms(model, before, budget)
    return 'changed'
  }
  const { window, zone, metric } = budget
  const countsFrom = window.kind === 'rolling' ? model.oldestSlice(window.hours) : windowOf(window, zone, model.now).start
  const seeds = model.charges.length > 0 && metric !== 'concurrency'
  const seeding = seeds ? { upToOrder: order, afterAt: countsFrom, afterSeq: 0 } : null
  const made: ModelBudget = { revision, countsFrom, budget, seeding, causes: new Map(), fired: new Map(), denied: new Set() }
  drop(model, budget.name)
  model.budgets.push(made)
  countOpenHolds(model, made)
  return before === undefined ? 'created' : 'revised'
}

export function remove(model: Model, name: string): boolean {
  if (!model.budgets.some(({ budget }) => budget.name === name)) return false
  model.events.push({ kind: 'budget.changed', budget: name, was: true, is: false })
  drop(model, name)
  return true
}

function drop(model: Model, name: string): void {
  model.budgets = model.budgets.filter(({ budget }) => budget.name !== name)
}

function modesOf({ mode, overrides }: Budget): unknown {
  return [mode, overrides.map((each) => [each.match, each.mode ?? null])]
}

/** A budget that is stricter now presumes what nobody knows of calls that are over, as a new one would. */
function countUnknown(model: Model, budget: ModelBudget): void {
  const isMissing = ({ isOver, setAside }: ModelHold): boolean => isOver && setAside.every(({ revision }) => revision !== budget.revision)
  countOpenHolds(model, budget, [...model.holds.values()].filter(isMissing))
}

/** Holds that are open when a budget is made count in it from the start, with what is left of them. */
function countOpenHolds(model: Model, budget: ModelBudget, holds: Iterable<ModelHold> = model.holds.values()): void {
  for (const hold of holds) {
    const { metric, ceiling, countsPlan } = budget.budget
    const isOpen = hold.state === 'open' || (hold.state === 'presumed' && metric !== 'concurrency')
    if (!isOpen || hold.reservedAt < budget.countsFrom || !applies(budget.budget, hold.asked.labels) || !standsFor(budget, hold.asked))
      continue
    const isFree = hold.asked.basis === 'plan' && !countsPlan && metric !== 'concurrency'
    const scope = scopeOf(budget.budget, hold.asked.labels)
    if (hold.isOver && !isUnknown(hold, metric, model.terms(budget, scope).mode)) continue
    const cannotBound = hold.asked.refusal?.kind === 'unpriced' && metric === 'cost' ? null : ceiling
    const worst = isFree ? 0n : (hold.left[metric] ?? hold.asked.worst[metric] ?? cannotBound)
    const expected = worst === null || hold.state === 'presumed' ? 0n : expectedOf(model, budget, hold.asked, worst)
    const demand: Demand = { budget, scope, at: hold.reservedAt, worst, expected, unknown: 'unbounded' }
    if (worst !== null && worst > 0n)
      changing(
        model,
        [demand],
        () => 'seeded',
        () => addAside(hold, demand, metric),
      )
  }
}

/** Counters that a change leaves above their bound say so; thresholds that are reached no more can fire again. */
function changeTerms(model: Model, made: ModelBudget, budget: Budget): void {
  const places = openPlaces(model, made)
  const before = places.map((place) => ({
    bound: boundOf(model, place.budget, place.scope),
    wasOver: model.isOver(place.budget, place.scope, place.at),
  }))
  const was = made.budget
  made.budget = budget
  if (textOf(modesOf(was)) !== textOf(modesOf(budget))) countUnknown(model, made)
  for (const [index, place] of places.entries()) {
    const { scope, at } = place
    const span = model.spanAt(made, at)
    const { spent, presumed, worst } = model.sums(made, scope, span)
    const { limit } = model.bounds(made, scope)
    const reached = Math.max(
      0,
      ...model
        .terms(made, scope)
        .thresholds.filter(({ percent }) => hasReached(spent, limit, percent))
        .map(({ percent }) => percent),
    )
    for (const key of model.keysWithin(scope, span, made.fired.keys())) made.fired.set(key, Math.min(made.fired.get(key) ?? 0, reached))
    if (spent + presumed + worst < limit) for (const key of model.keysWithin(scope, span, made.denied)) made.denied.delete(key)
    const stood = before[index]
    const isLowered = stood !== undefined && boundOf(model, made, scope) < stood.bound
    explain(model, place, stood?.wasOver === true, isLowered ? 'limit-lowered' : null)
    fire(model, place)
  }
}

function boundOf(model: Model, budget: ModelBudget, scope: string): bigint {
  const { limit, tolerance } = model.bounds(budget, scope)
  return limit + tolerance
}

/** Every counter whose window is not over; a rolling window is met as it is now. */
function openPlaces(model: Model, budget: ModelBudget): Place[] {
  const found = new Map<string, Place>()
  const add = (scope: string, at: number): void => {
    const { window, zone } = budget.budget
    const { start, end } = windowOf(window, zone, at)
    if (window.kind === 'rolling') found.set(scope, { budget, scope, at: model.now })
    else if (end === null || end > model.now) found.set(keyOf(scope, start), { budget, scope, at })
  }
  for (const charge of model.charges) if (model.isCounted(budget, charge)) add(scopeOf(budget.budget, charge.labels), charge.countedAt)
  for (const hold of model.holds.values())
    for (const { revision, scope } of hold.setAside) if (revision === budget.revision) add(scope, hold.reservedAt)
  for (const key of [...budget.denied, ...budget.fired.keys(), ...budget.causes.keys()]) {
    const space = key.indexOf(' ')
    add(key.slice(space + 1), Number(key.slice(0, space)))
  }
  return [...found.values()]
}

/** Counts charges that were booked before the budget was, up to the position that the store tells; null where none are left. */
export function seed(model: Model, name: string, to: { readonly afterAt: number; readonly afterSeq: number } | null): boolean {
  const budget = model.budgets.find((each) => each.budget.name === name)
  if (budget === undefined) return false
  if (budget.seeding === null) return true
  const isBefore = ({ at, seq = 0 }: ModelCharge): boolean => to === null || at < to.afterAt || (at === to.afterAt && seq <= to.afterSeq)
  const next = model.charges.filter((charge) => isStillToCount(budget, charge) && charge.at >= budget.countsFrom && isBefore(charge))
  for (const charge of next.toSorted((a, b) => a.at - b.at || (a.seq ?? 0) - (b.seq ?? 0))) {
    const place = placesOf(model, charge).find((each) => each.budget === budget)
    const count = (): void => void Object.assign(budget.seeding ?? {}, { afterAt: charge.at, afterSeq: charge.seq ?? 0 })
    if (place === undefined) count()
    else changing(model, [place], () => 'seeded', count)
  }
  if (to !== null) return true
  budget.seeding = null
  for (const place of openPlaces(model, budget)) fire(model, place)
  return true
}

/** Why a budget's counter stands above its bound, as far as anything was noted. */
export function causeOf(model: Model, budget: ModelBudget, scope: string): string {
  const [oldest] = causesWithin(model, { budget, scope, at: model.now }).toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  return (oldest === undefined ? undefined : budget.causes.get(oldest)) ?? 'increase-ended'
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner)
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
