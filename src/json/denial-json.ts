import type { z } from 'zod'
import type { Denial, Grant } from '../budgets/denial.ts'
import type { BudgetWarning } from '../budgets/hold.ts'
import { figureTexts } from '../budgets/limit-figures.ts'
import type { Unavailable } from '../facade/unavailable.ts'
import type { denialShape, grantShape, unavailableShape } from './gate-shapes.ts'
import { iso } from './iso.ts'

/** A grant as JSON. */
export function grantJson({ id, expiresAt, warnings, maxOutputTokens }: Grant): z.infer<typeof grantShape> {
  return {
    granted: true,
    id,
    expiresAt: iso(expiresAt),
    warnings: warnings.map(warningJson),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

/** A refusal as JSON, amounts as text in the metric's unit. */
export function denialJson(denial: Denial): z.infer<typeof denialShape> {
  const { kind, budget, hold, action, metric, scope, room, resetsAt, retryAfterMs, also, message } = denial
  return {
    granted: false,
    kind,
    budget,
    ...(hold !== undefined && { hold }),
    action,
    metric,
    scope,
    ...figureTexts(denial),
    room: String(room),
    resetsAt: resetsAt === null ? null : iso(resetsAt),
    retryAfterMs,
    also: [...also],
    message,
  }
}

export function unavailableJson(unavailable: Unavailable): z.infer<typeof unavailableShape> {
  return { ...unavailable, also: [] }
}

export function warningJson(warning: BudgetWarning): z.infer<typeof grantShape>['warnings'][number] {
  return { ...warning, ...figureTexts(warning) }
}
