import type { z } from 'zod'
import type { HoldExplanation } from '../facade/hold-desk.ts'
import { statusJson } from './budget-status-json.ts'
import { denialJson, warningJson } from './denial-json.ts'
import type { whyShape } from './gate-shapes.ts'
import { holdJson } from './hold-json.ts'
import { iso } from './iso.ts'

/** Whether a hold would be granted and why not, as JSON. */
export function whyJson({ decision, needs: [first], holders, budgets, fits }: HoldExplanation): z.infer<typeof whyShape> {
  const models = fits.map(({ provider, model, worstNanos }) => ({ provider, model, worst: String(worstNanos) }))
  const shared = { holders: holders.map(holdJson), budgets: budgets.map(statusJson), fits: models }
  if (decision.granted) return { granted: true, denial: null, warnings: decision.warnings.map(warningJson), needs: null, ...shared }
  const needs = {
    raiseLimitBy: text(first?.raiseLimitBy),
    waitUntil: first?.waitUntil == null ? null : iso(first.waitUntil),
    ifReleased: text(first?.ifReleased),
  }
  return { granted: false, denial: denialJson(decision), warnings: [], needs, ...shared }
}

function text(amount: bigint | null | undefined): string | null {
  return amount == null ? null : String(amount)
}
