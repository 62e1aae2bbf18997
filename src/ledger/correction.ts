import { PurserError } from '../errors.ts'
import { addNanos, type Nanos, nanos, zeroNanos } from '../money/nanos.ts'
import type { PriceLine } from '../pricing/priced.ts'
import { meterNames } from '../usage/meters.ts'
import { fromScaled, toScaled, type Usage } from '../usage/usage.ts'
import type { Charge, ChargeId } from './charge.ts'
import { correctionId } from './charge-id.ts'
import type { ChargeDraft } from './draft-charge.ts'

/** What a charge amounts to after its corrections. */
export interface Standing {
  readonly original: Charge
  /** How many corrections there are. */
  readonly corrections: number
  readonly usage: Usage
  readonly lines: readonly PriceLine[]
  readonly costNanos: Nanos | null
  readonly status: Charge['status']
}

/** Folds corrections, in the order in which they were booked, into the charge that they correct. */
export function standing(original: Charge, corrections: readonly Charge[]): Standing {
  let usage: Usage = original.usage
  let costNanos = original.costNanos
  const lines = [...original.lines]
  for (const correction of corrections) {
    usage = combine(usage, correction.usage, 1)
    costNanos = correction.costNanos === null ? costNanos : addNanos(costNanos ?? zeroNanos, correction.costNanos)
    lines.push(...correction.lines)
  }
  return {
    original,
    corrections: corrections.length,
    usage,
    lines: netLines(lines),
    costNanos,
    status: corrections.at(-1)?.status ?? original.status,
  }
}

/**
 * A charge after its corrections, as if it had been booked so: quantities, cost, and how the cost came about, are those
 * of the last correction; all else is as it was.
 */
export function asItStands(original: Charge, corrections: readonly Charge[]): Charge {
  const last = corrections.at(-1)
  if (last === undefined) return original
  const { usage, lines, costNanos, status } = standing(original, corrections)
  const { card, match, unpricedReason, unratedMeters, statedNanos, reportedNanos } = last
  return {
    ...original,
    usage,
    lines,
    costNanos,
    status,
    card,
    match,
    unpricedReason,
    unratedMeters,
    statedNanos,
    reportedNanos,
    stopReason: last.stopReason ?? original.stopReason,
    warnings: last.warnings.length > 0 ? last.warnings : original.warnings,
  }
}

/**
 * The correction that brings a charge from where it stands to what the replacement says; undefined where nothing
 * differs. It takes the original's time, labels and sku, so that it restates that window.
 */
export function correct(current: Standing, replacement: ChargeDraft): ChargeDraft | undefined {
  const usage = combine(replacement.usage, current.usage, -1)
  const difference = (replacement.costNanos ?? 0n) - (current.costNanos ?? 0n)
  const sameUsage = meterNames.every((meter) => (usage[meter] ?? 0) === 0)
  if (sameUsage && difference === 0n && replacement.status === current.status) return undefined
  const { original } = current
  return {
    ...replacement,
    id: correctionId(original.id, current.corrections + 1),
    at: original.at,
    labels: original.labels,
    provider: original.provider,
    model: original.model,
    serviceTier: original.serviceTier,
    speed: original.speed,
    region: original.region,
    basis: original.basis,
    outcome: original.outcome,
    estimated: original.estimated,
    hold: original.hold,
    responseId: null,
    part: null,
    usage,
    lines: netLines([
      ...replacement.lines,
      ...current.lines.map((line) => ({ ...line, quantity: -line.quantity, costNanos: nanos(-line.costNanos) })),
    ]),
    costNanos: replacement.costNanos === null && current.costNanos === null ? null : nanos(difference),
    corrects: original.id,
    restates: current.status,
  }
}

/** `a + sign × b`, meter by meter; attributes are those of `a`. */
function combine(a: Usage, b: Usage, sign: 1 | -1): Usage {
  const sum: Record<string, unknown> = {}
  for (const meter of meterNames) {
    const quantity = toScaled(meter, a[meter] ?? 0) + sign * toScaled(meter, b[meter] ?? 0)
    if (quantity !== 0) sum[meter] = fromScaled(meter, quantity)
  }
  if (a.attributes !== undefined) sum['attributes'] = a.attributes
  return sum as Usage
}

/** Lines of equal meter and rate as one; those that cancel out are dropped. */
function netLines(lines: readonly PriceLine[]): PriceLine[] {
  const net = new Map<string, PriceLine>()
  for (const line of lines) {
    const key = `${line.meter} ${line.rateUsd}/${line.per}`
    const known = net.get(key)
    const quantity = toScaled(line.meter, known?.quantity ?? 0) + toScaled(line.meter, line.quantity)
    net.set(key, {
      ...line,
      quantity: fromScaled(line.meter, quantity),
      costNanos: addNanos(known?.costNanos ?? zeroNanos, line.costNanos),
    })
  }
  return [...net.values()].filter((line) => line.quantity !== 0 || line.costNanos !== 0n)
}

/** Whether a second record of a call says more than where the first one stands: more tokens, or more of any meter. */
export function isLarger(candidate: Usage, current: Usage): boolean {
  let sum = 0
  for (const meter of meterNames) sum += (candidate[meter] ?? 0) - (current[meter] ?? 0)
  return sum > 0
}

/**
 * The same id must mean the same call. Prices may have changed in between; what the caller said may not.
 * @throws PURSER_ID_CONFLICT naming the first field that differs and both values.
 */
export function assertSameCall(booked: Charge, again: ChargeDraft, ignored: readonly (keyof ChargeDraft)[] = []): void {
  const field = differingField(booked, again, ignored)
  if (field === undefined) return
  const [was, is] = [canonical(said(booked, field)), canonical(said(again, field))]
  throw new PurserError(
    'PURSER_ID_CONFLICT',
    `The id "${shortId(booked.id)}" is booked already with another ${field}: ${was} then, ${is} now. Use another id for another call.`,
  )
}

/** The first field that the caller says otherwise than it was booked; undefined where it is the same call. */
export function differingField(
  booked: Charge,
  again: ChargeDraft,
  ignored: readonly (keyof ChargeDraft)[] = [],
): ComparedField | undefined {
  return comparedFields.find((field) => !ignored.includes(field) && canonical(said(booked, field)) !== canonical(said(again, field)))
}

export type ComparedField = (typeof comparedFields)[number]

/** What a caller says of a call; all else of a charge is worked out. */
export const comparedFields = [
  ...(['part', 'provider', 'model', 'modelAsked', 'at', 'usage', 'labels', 'serviceTier', 'speed', 'region', 'outcome'] as const),
  ...(['basis', 'statedNanos', 'reportedNanos', 'attempt', 'callId', 'durationMs', 'maxOutputTokens', 'stopReason'] as const),
  ...(['responseId', 'hold', 'estimated', 'metadata'] as const),
]

/** What the caller said of a field. That a call is free is said by the prices, which may change; none of a meter is 0 of it. */
function said(charge: ChargeDraft, field: ComparedField): unknown {
  if (field === 'usage') return Object.fromEntries(Object.entries(charge.usage).filter(([, quantity]) => quantity !== 0))
  if (field === 'part') return charge.part && { index: charge.part.index, weights: charge.part.weights }
  return field === 'basis' && charge.basis === 'free' ? 'metered' : charge[field]
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner)
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function shortId(id: ChargeId): string {
  return id.length > 60 ? `${id.slice(0, 57)}…` : id
}
