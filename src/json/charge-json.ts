import type { Charge, ChargePart } from '../ledger/charge.ts'
import { toUsd, type Nanos } from '../money/nanos.ts'
import type { Priced, PriceLine } from '../pricing/priced.ts'
import type { UsageWarning } from '../usage/usage.ts'
import { iso } from './iso.ts'

/** A charge as JSON: instants in ISO, money in nanos as text and in dollars as a number. */
export function chargeJson(charge: Charge): Record<string, unknown> {
  const { id, seq, at, bookedAt, provider, model, modelAsked, serviceTier, speed, region, basis, outcome, usage, labels, status, ...rest } =
    charge
  const { costNanos, statedNanos, reportedNanos, lines, part, ...others } = rest
  return {
    id,
    seq,
    at: iso(at),
    bookedAt: iso(bookedAt),
    provider,
    model,
    modelAsked,
    serviceTier,
    speed,
    region,
    basis,
    outcome,
    usage,
    labels,
    status,
    costUsd: costNanos === null ? null : toUsd(costNanos),
    costNanos: text(costNanos),
    statedNanos: text(statedNanos),
    reportedNanos: text(reportedNanos),
    lines: lines.map(lineJson),
    ...others,
    part: part && partJson(part),
  }
}

function partJson({ statedNanos, reportedNanos, ...part }: ChargePart): Record<string, unknown> {
  return { ...part, statedNanos: text(statedNanos), reportedNanos: text(reportedNanos) }
}

/** A price as JSON; unpriced has null where there would be money. */
export function pricedJson(priced: Priced, warnings: readonly UsageWarning[] = []): Record<string, unknown> {
  const unpriced = priced.status === 'unpriced'
  return {
    status: priced.status,
    costUsd: unpriced ? null : toUsd(priced.costNanos),
    costNanos: unpriced ? null : text(priced.costNanos),
    lines: unpriced ? [] : priced.lines.map(lineJson),
    card: unpriced ? null : priced.card,
    match: unpriced ? null : priced.match,
    unratedMeters: unpriced ? [] : priced.unratedMeters,
    ...(unpriced && { reason: priced.reason, message: priced.message }),
    ...(warnings.length > 0 && { warnings }),
  }
}

function lineJson({ meter, quantity, rateUsd, per, costNanos }: PriceLine): Record<string, unknown> {
  return { meter, quantity, rateUsd, per, costNanos: costNanos.toString() }
}

function text(amount: Nanos | null): string | null {
  return amount === null ? null : amount.toString()
}
