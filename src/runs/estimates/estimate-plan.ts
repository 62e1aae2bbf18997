import { type Nanos, nanos } from '../../money/nanos.ts'
import type { Catalog } from '../../pricing/catalog.ts'
import { priceUsage } from '../../pricing/price-usage.ts'
import type { Priced } from '../../pricing/priced.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { chooseModel, type Profile } from '../profiles/profile.ts'
import { type ResolvedModel, resolveModel } from '../profiles/resolve-model.ts'
import { type EstimatedCalls, EstimateSums } from './estimate-sums.ts'
import type { Plan, PlannedCalls } from './plan.ts'

/** What a plan is priced by. */
export interface PlanPrices {
  readonly catalog: Catalog
  /** Milliseconds since 1970: prices are those of this instant. */
  readonly at: number
  /** Whose models are taken where a call names none. */
  readonly profile: Profile | null
}

/**
 * What a plan comes to: one call of each kind priced as it would be booked, times their number, and the buffer on top.
 * Calls whose model has no price are named and left out of the sum, which is then a lower bound.
 * @throws PURSER_AMOUNT_OUT_OF_RANGE where the sum does not fit a ledger
 */
export function estimatePlan(plan: Plan, prices: PlanPrices): CostEstimate {
  const { catalog, at, profile } = prices
  const models = new Map<string, ResolvedModel>()
  const resolve = (written: string): ResolvedModel => {
    let found = models.get(written)
    if (found === undefined) models.set(written, (found = resolveModel(catalog, written, at)))
    return found
  }
  const sums = new EstimateSums()
  let usesProfile = false
  for (const planned of plan.calls) {
    usesProfile ||= planned.model === null && profile !== null
    const written = planned.model ?? (profile === null ? undefined : chooseModel(profile, toNeed(planned))?.model)
    sums.add(written === undefined ? withoutModel(planned, profile) : priceCalls(planned, resolve(written), prices))
  }
  return {
    source: 'plan',
    ...sums.build(plan.bufferPercent),
    quantiles: null,
    profile: usesProfile ? (profile?.name ?? null) : null,
    catalog: catalog.revision,
    madeAt: at,
  }
}

function toNeed({ stage, role, pass }: PlannedCalls): { stage?: string; role?: string; pass?: string } {
  return { ...(stage !== null && { stage }), ...(role !== null && { role }), ...(pass !== null && { pass }) }
}

function withoutModel({ stage, role, pass, calls, usage }: PlannedCalls, profile: Profile | null): EstimatedCalls {
  const problem =
    profile === null
      ? 'The plan names no model, and no profile is in force that could.'
      : `Profile "${profile.name}" has no model for these calls; give it a default.`
  return { stage, role, pass, provider: null, model: null, calls, usage, usageCalls: calls, costNanos: null, problem }
}

function priceCalls(planned: PlannedCalls, found: ResolvedModel, { catalog, at }: PlanPrices): EstimatedCalls {
  const { stage, role, pass, model: _, calls, usage, ...levels } = planned
  const { provider, model } = found
  const same = { stage, role, pass, provider, model, calls, usage, usageCalls: calls }
  if (found.kind === 'unknown') return { ...same, costNanos: null, problem: found.message }
  const priced = priceUsage(catalog, { provider: found.provider, model: found.model, usage, at, ...levels })
  return { ...same, ...costOfCalls(priced, calls) }
}

/** What so many calls of one price cost: exactly that price times their number. */
export function costOfCalls(priced: Priced, calls: number): { readonly costNanos: Nanos | null; readonly problem?: string } {
  if (priced.status === 'unpriced') return { costNanos: null, problem: priced.message }
  const costNanos = nanos(priced.costNanos * BigInt(calls))
  if (priced.status === 'priced') return { costNanos }
  return { costNanos, problem: `Its card has no rate for ${priced.unratedMeters.join(', ')}; the rest is counted.` }
}
