import type { z } from 'zod'
import type { Metric } from '../budgets/budget.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import type { Amounts } from '../budgets/hold.ts'
import type { holdShape } from './gate-shapes.ts'
import { iso } from './iso.ts'

/** A hold as JSON. */
export function holdJson(hold: HoldView): z.infer<typeof holdShape> {
  const { id, state, labels, provider, model, basis, catalog, parent, reservedAt, expiresAt } = hold
  const { asked, left, spent, presumed, presumedBecause } = hold
  return {
    id,
    state,
    labels,
    provider,
    model,
    basis,
    catalog,
    parent,
    reservedAt: iso(reservedAt),
    expiresAt: iso(expiresAt),
    asked: amountsJson(asked),
    left: amountsJson(left),
    spent: amountsJson(spent),
    presumed: amountsJson(presumed),
    presumedBecause: [...presumedBecause],
  }
}

/** Amounts by metric as text. */
export function amountsJson(amounts: Amounts): Partial<Record<Metric, string>> {
  return Object.fromEntries(Object.entries(amounts).map(([metric, amount]) => [metric, String(amount)]))
}
