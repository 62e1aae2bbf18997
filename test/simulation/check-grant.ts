import { Mismatch } from './mismatch.ts'
import type { Model, ModelBudget, Sums } from './model.ts'
import { scopeOf } from './model.ts'
import { stopsNewRunsOnly } from './model-deciding.ts'
import { type Expected, lapse } from './model-holds.ts'
import type { Operation } from './operations.ts'

/**
 * Lets the model decide, and looks at each counter before and after: where a grant has set anything more aside, whether
 * for a hold or for a part of one, the counter stands within its bound, unless the budget lets calls through.
 */
export function granting(model: Model, operation: Operation & { kind: 'reserve' | 'split' }, decide: () => Expected): Expected {
  const { kind, id, asked } = operation
  const parent = kind === 'split' ? model.holds.get(operation.from) : undefined
  const isNew = !model.holds.has(id) && (kind === 'reserve' || parent !== undefined)
  // What runs out at this moment is no part of the grant.
  if (isNew) lapse(model)
  const at = parent?.reservedAt ?? model.now
  const read = (budget: ModelBudget): Sums => model.sums(budget, scopeOf(budget.budget, asked.labels), model.spanAt(budget, at))
  const before = new Map([...model.askedOf(asked)].map((budget) => [budget, read(budget)]))
  const expected = decide()
  if (expected.kind !== 'grant' || expected.decision === undefined) return expected
  const letThrough = new Set(expected.decision.letThrough.map(({ demand }) => demand.budget))
  for (const [budget, was] of before) {
    const is = read(budget)
    if (is.worst <= was.worst && is.expected <= was.expected) continue
    const terms = model.terms(budget, scopeOf(budget.budget, asked.labels))
    if (terms.mode === 'soft' || terms.onLimit === 'warn') continue
    if (letThrough.has(budget) && stopsNewRunsOnly(terms.onLimit)) continue
    checkBound(model, budget, operation, is)
  }
  return expected
}

function checkBound(model: Model, budget: ModelBudget, { kind, asked }: Operation & { kind: 'reserve' | 'split' }, is: Sums): void {
  const scope = scopeOf(budget.budget, asked.labels)
  const { mode } = model.terms(budget, scope)
  const { limit, tolerance } = model.bounds(budget, scope)
  const gone = is.spent + is.presumed
  const isWithin = gone + is.worst <= limit + tolerance && (mode !== 'adaptive' || gone + is.expected <= limit)
  if (!isWithin) throw new Mismatch(kind, `within ${limit} + ${tolerance}`, { budget: budget.budget.name, scope, ...is })
}
