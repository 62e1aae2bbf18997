import { PurserError } from '../errors.ts'
import { formatUsd } from '../money/format.ts'
import type { Nanos } from '../money/nanos.ts'
import { ignoredAttributeWarnings } from '../pricing/ignored-attributes.ts'
import type { Priced, PriceRequest } from '../pricing/priced.ts'
import { canonicalProvider } from '../pricing/provider-names.ts'
import { checkInstant } from '../time/calendar.ts'
import type { Meter } from '../usage/meters.ts'
import type { Usage, UsageWarning } from '../usage/usage.ts'
import { type Charge, type ChargeInput, maxCostNanos, type PriceStatus } from './charge.ts'
import { chargeIdOf } from './charge-id.ts'
import { parseLabels } from './labels.ts'
import { looksLikeSecret } from './secrets.ts'
import { partOf } from './split-call.ts'

/** A charge as it goes to the store, which gives it its place and the time of booking. */
export type ChargeDraft = Omit<Charge, 'seq' | 'bookedAt' | 'batch'>

const maxMetadataBytes = 4096
const maxNameLength = 256
const maxQuantity = 1e12

/**
 * Checks a call and prices it. The usage must have passed `parseUsage` or come from a reader. A call that serves several
 * is drafted as a whole, for `splitCall` to split.
 * @throws PURSER_BAD_TIME, PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL, PURSER_BAD_METADATA, PURSER_BAD_RECORD,
 * PURSER_BAD_NUMBER, PURSER_AMOUNT_OUT_OF_RANGE
 */
export function draftCharge(handedOver: ChargeInput, price: (request: PriceRequest) => Priced, nowMs: number): ChargeDraft {
  // One provider has one name in a ledger, so that a call told under two of its names is one charge.
  const input = { ...handedOver, provider: canonicalProvider(handedOver.provider) }
  checkName('provider', input.provider)
  checkName('model', input.model)
  if (input.serviceTier) checkName('service tier', input.serviceTier)
  if (input.speed) checkName('speed', input.speed)
  if (input.region) checkName('region', input.region)
  if (input.responseId) checkName('response id', input.responseId)
  checkInstant(input.at, nowMs)
  const used = checkQuantities(input.usage)
  const priced = price(input)
  const { status, costNanos } = cost(priced, input, used)
  if (costNanos !== null && costNanos > maxCostNanos) {
    throw new PurserError(
      'PURSER_AMOUNT_OUT_OF_RANGE',
      `A call that costs ${formatUsd(costNanos)} cannot be right; at most $10,000,000 is booked.`,
    )
  }
  const draft: ChargeDraft = {
    id: chargeIdOf(input, nowMs),
    at: input.at,
    labels: parseLabels(input.labels),
    provider: input.provider,
    model: input.model,
    modelAsked: input.modelAsked === input.model ? null : (input.modelAsked ?? null),
    serviceTier: input.serviceTier || 'standard',
    speed: input.speed || 'standard',
    region: input.region || null,
    basis: input.basis ?? (isFree(priced) ? 'free' : 'metered'),
    outcome: input.outcome ?? 'ok',
    usage: input.usage,
    lines: priced.status === 'unpriced' ? [] : priced.lines,
    costNanos,
    statedNanos: input.statedNanos ?? null,
    reportedNanos: input.reportedNanos ?? null,
    status,
    card: priced.status === 'unpriced' ? null : priced.card,
    match: priced.status === 'unpriced' ? null : priced.match,
    unpricedReason: priced.status === 'unpriced' ? priced.reason : null,
    unratedMeters: priced.status === 'unpriced' ? [] : priced.unratedMeters,
    attempt: input.attempt ?? 1,
    callId: input.callId ?? null,
    durationMs: input.durationMs ?? null,
    maxOutputTokens: input.maxOutputTokens ?? null,
    stopReason: input.stopReason ?? null,
    responseId: input.responseId ?? null,
    hold: input.hold ?? null,
    corrects: null,
    restates: null,
    part: null,
    estimated: input.estimated ?? false,
    warnings: warningsOf(input, priced),
    metadata: input.metadata === undefined ? null : checkMetadata(input.metadata),
  }
  return input.part === undefined ? draft : partOf(draft, input.part)
}

/** Ours counts where we have one; a stated or reported cost counts only where we have none. */
function cost(priced: Priced, input: ChargeInput, used: boolean): { status: PriceStatus; costNanos: Nanos | null } {
  const isRead = input.warnings?.some(({ code }) => code === 'unread-quantity') !== true
  if (priced.status === 'priced' && used && isRead) return { status: 'priced', costNanos: priced.costNanos }
  if (input.statedNanos !== undefined) return { status: 'stated', costNanos: input.statedNanos }
  if (input.reportedNanos !== undefined) return { status: 'reported', costNanos: input.reportedNanos }
  if (priced.status === 'unpriced') return { status: 'unpriced', costNanos: null }
  return { status: isRead ? priced.status : 'partial', costNanos: priced.costNanos }
}

/** Whether the call used anything; an amount that would spoil the sums of the ledger is refused. */
function checkQuantities(usage: Usage): boolean {
  let used = false
  for (const key in usage) {
    if (key === 'attributes') continue
    used = true
    const quantity = usage[key as Meter] ?? 0
    if (quantity > maxQuantity)
      throw new PurserError('PURSER_BAD_NUMBER', `${key} is ${quantity}; more than ${maxQuantity} in one call cannot be right.`)
  }
  return used
}

/** Those of whoever read the usage, and of the price; a charge that is priced again brings those of the price before. */
function warningsOf({ warnings = [] }: ChargeInput, priced: Priced): readonly UsageWarning[] {
  const read = warnings.some(({ code }) => code === 'ignored-attribute')
    ? warnings.filter(({ code }) => code !== 'ignored-attribute')
    : warnings
  return priced.status === 'unpriced' || priced.ignoredAttributes === undefined ? read : [...read, ...ignoredAttributeWarnings(priced)]
}

function isFree(priced: Priced): boolean {
  return priced.status === 'priced' && priced.lines.length > 0 && priced.lines.every((line) => line.rateUsd === '0')
}

function checkName(what: string, name: string): void {
  if (name === '' || name.length > maxNameLength || /\p{Cc}/u.test(name)) {
    throw new PurserError('PURSER_BAD_RECORD', `A ${what} is a name of 1 to ${maxNameLength} characters without line breaks.`)
  }
}

function checkMetadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const text = toJson(metadata)
  const bytes = Buffer.byteLength(text)
  if (bytes > maxMetadataBytes) {
    throw new PurserError('PURSER_BAD_METADATA', `The metadata takes ${bytes} bytes as JSON; at most ${maxMetadataBytes} are kept.`)
  }
  if (looksLikeSecret(text)) {
    throw new PurserError('PURSER_SECRET_IN_LABEL', 'The metadata holds something that looks like an API key or token. Nothing was booked.')
  }
  return metadata
}

function toJson(metadata: Readonly<Record<string, unknown>>): string {
  let text: string | undefined
  try {
    text = JSON.stringify(metadata)
  } catch (cause) {
    throw new PurserError(
      'PURSER_BAD_METADATA',
      `The metadata cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        cause,
      },
    )
  }
  if (text?.startsWith('{') !== true) throw new PurserError('PURSER_BAD_METADATA', 'The metadata is not a JSON object.')
  return text
}
