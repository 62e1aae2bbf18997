import { z } from 'zod'
import { PurserError } from '../../errors.ts'
import { bases, maxCostNanos, outcomes } from '../../ledger/charge.ts'
import type { ChargeDraft } from '../../ledger/draft-charge.ts'
import { parseLabels } from '../../ledger/labels.ts'
import { looksLikeSecret } from '../../ledger/secrets.ts'
import { checkInstant } from '../../time/calendar.ts'
import { meterNames } from '../../usage/meters.ts'

const maxMetadataBytes = 4096
const maxQuantity = 1e12
/** Of the form of text that a ledger keeps for names and ids. */
export const nameShape = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}*$/u)
export const idShape = z
  .string()
  .min(1)
  .max(300)
  .regex(/^\P{Cc}*$/u)
export const labelsShape = z.record(z.string(), z.string())
export const basisShape = z.enum(bases)

const meter = z.enum(meterNames)
const nanos = z.bigint().min(-maxCostNanos).max(maxCostNanos).nullable()
const quantity = z.number().min(-maxQuantity).max(maxQuantity)
const text = z.string().max(4096)
const usage = z.strictObject({
  ...Object.fromEntries(meterNames.map((name) => [name, quantity.optional()])),
  attributes: z.record(z.string(), z.string()).optional(),
})
const status = z.enum(['priced', 'partial', 'stated', 'reported', 'unpriced'])

const part = z.strictObject({
  of: idShape,
  index: z.int().min(1),
  weights: z.array(text),
  addsCall: z.boolean(),
  usage,
  statedNanos: nanos,
  reportedNanos: nanos,
})

const card = z.strictObject({
  provider: nameShape,
  model: nameShape,
  origin: z.enum(['owner', 'refreshed', 'shipped']),
  source: text,
  checkedAt: text,
  validFrom: text.optional(),
  validUntil: text.optional(),
  revision: text,
})

/** A charge as a ledger takes it to be booked. */
export const draftShape = z.strictObject({
  id: idShape,
  at: z.int(),
  labels: labelsShape,
  provider: nameShape,
  model: nameShape,
  modelAsked: nameShape.nullable(),
  serviceTier: nameShape,
  speed: nameShape,
  region: nameShape.nullable(),
  basis: basisShape,
  outcome: z.enum(outcomes),
  usage,
  lines: z.array(z.strictObject({ meter, quantity, rateUsd: text, per: z.number(), costNanos: nanos.unwrap() })).max(100),
  costNanos: nanos,
  statedNanos: nanos,
  reportedNanos: nanos,
  status,
  card: card.nullable(),
  match: text.nullable(),
  unpricedReason: z.enum(['unknown-model', 'no-card-at-date', 'no-rate']).nullable(),
  unratedMeters: z.array(meter),
  attempt: z.int().min(0),
  callId: text.nullable(),
  durationMs: z.number().nullable(),
  maxOutputTokens: z.number().nullable(),
  stopReason: text.nullable(),
  responseId: text.nullable(),
  hold: idShape.nullable(),
  corrects: idShape.nullable(),
  restates: status.nullable(),
  part: part.nullable(),
  estimated: z.boolean(),
  warnings: z.array(z.strictObject({ code: text, message: text })).max(100),
  metadata: z.record(z.string(), z.unknown()).nullable(),
}) satisfies z.ZodType<unknown>

/** Fields that a second record of a call need not repeat. */
export const ignoreShape = z.array(draftShape.keyof())

/**
 * Checks of a draft what its shape does not say: that its cost is what its lines, or whoever stated it, say.
 * @throws PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL, PURSER_BAD_TIME, PURSER_BAD_METADATA, PURSER_BAD_RECORD
 */
export function checkDraft(draft: ChargeDraft, nowMs: number): void {
  parseLabels(draft.labels)
  checkInstant(draft.at, nowMs)
  const metadata = draft.metadata === null ? '' : JSON.stringify(draft.metadata)
  if (Buffer.byteLength(metadata) > maxMetadataBytes) {
    throw new PurserError('PURSER_BAD_METADATA', `The metadata of "${draft.id}" takes more than ${maxMetadataBytes} bytes as JSON.`)
  }
  if (looksLikeSecret(metadata)) {
    throw new PurserError('PURSER_SECRET_IN_LABEL', 'The metadata holds something that looks like an API key or token. Nothing was booked.')
  }
  if (draft.corrects === null && !isCostOf(draft)) {
    throw new PurserError('PURSER_BAD_RECORD', `The cost of "${draft.id}" is not what it says that it is made of.`)
  }
}

function isCostOf({ status: how, costNanos, lines, statedNanos, reportedNanos }: ChargeDraft): boolean {
  if (how === 'unpriced') return costNanos === null
  if (how === 'stated') return costNanos === statedNanos
  if (how === 'reported') return costNanos === reportedNanos
  if (costNanos === null) return false
  // What is priced in part may have no line of which anything is known.
  return (how === 'partial' && lines.length === 0) || costNanos === lines.reduce((sum, line) => sum + line.costNanos, 0n)
}
