import { z } from 'zod'
import { bases, outcomes } from '../ledger/charge.ts'
import { count, instant, nanosText, usd } from '../reports/schemas/schema-fields.ts'
import { type Meter, meterNames } from '../usage/meters.ts'

// The shapes that commands print with --json. Fields may be added; none is taken away or changes its meaning.

const meter = z.enum(meterNames as [Meter, ...Meter[]])

export const lineShape = z.strictObject({
  meter,
  quantity: z.number().describe('what is billed'),
  rateUsd: z.string().describe('dollars for `per` units, exact decimal text'),
  per: z.int().min(1),
  costNanos: nanosText,
})

export const cardReferenceShape = z.strictObject({
  provider: z.string(),
  model: z.string(),
  origin: z.enum(['owner', 'refreshed', 'shipped']),
  source: z.string(),
  checkedAt: z.string(),
  validFrom: z.string().optional(),
  validUntil: z.string().optional(),
  revision: z.string().describe('revision of the catalog'),
})

const warning = z.strictObject({ code: z.string(), message: z.string() })
const match = z.string().describe('how the name was found: exact, alias, normalised or pattern, with -undated for a card without dates')

export const pricedShape = z.strictObject({
  status: z.enum(['priced', 'partial', 'unpriced']),
  costUsd: usd.nullable().describe('null when unpriced'),
  costNanos: nanosText.nullable().describe('null when unpriced'),
  lines: z.array(lineShape).describe('sum to costNanos'),
  card: cardReferenceShape.nullable(),
  match: match.nullable(),
  unratedMeters: z.array(meter).describe('quantities for which the card has no rate'),
  reason: z.enum(['unknown-model', 'no-card-at-date', 'no-rate']).optional().describe('why it is unpriced'),
  message: z.string().optional().describe('what to do about it'),
  warnings: z
    .array(warning)
    .optional()
    .describe('what the reader of a raw response did not understand, and attributes that made no difference'),
})

export const errorShape = z.strictObject({
  error: z.strictObject({
    code: z.string().describe('see the reference of errors'),
    message: z.string(),
    line: z.int().optional().describe('the line of the input, from 1'),
    stack: z.string().optional().describe('where it comes from, with PURSER_DEBUG'),
  }),
})

export const warningShape = z.strictObject({ warning: z.strictObject({ message: z.string() }) })

export const priceAnswerShape = z.union([pricedShape, errorShape])

const partShape = z.strictObject({
  of: z.string().describe('the id of the call, which is that of its first part'),
  index: z.int().min(1).describe('which part it is, from 1'),
  weights: z.array(z.string()).describe('of all parts in their order, exact decimal text'),
  addsCall: z.boolean().describe('whether it stands for the call where calls are counted; one part does'),
  usage: z.record(z.string(), z.number()).describe('of the whole call'),
  statedNanos: nanosText.nullable().describe('of the whole call'),
  reportedNanos: nanosText.nullable().describe('of the whole call'),
})

export const chargeShape = z.strictObject({
  id: z.string(),
  seq: count.describe('place in the ledger’s order'),
  at: instant.describe('when the call was made'),
  bookedAt: instant,
  provider: z.string(),
  model: z.string().describe('that served the call'),
  modelAsked: z.string().nullable(),
  serviceTier: z.string(),
  speed: z.string(),
  region: z.string().nullable(),
  basis: z.enum(bases),
  outcome: z.enum(outcomes),
  usage: z.record(z.string(), z.union([z.number(), z.record(z.string(), z.string())])).describe('quantities by meter, and attributes'),
  labels: z.record(z.string(), z.string()),
  status: z.enum(['priced', 'partial', 'stated', 'reported', 'unpriced']),
  costUsd: usd.nullable(),
  costNanos: nanosText.nullable(),
  statedNanos: nanosText.nullable(),
  reportedNanos: nanosText.nullable(),
  lines: z.array(lineShape),
  card: cardReferenceShape.nullable(),
  match: match.nullable(),
  unpricedReason: z.string().nullable(),
  unratedMeters: z.array(meter),
  attempt: z.int().min(1),
  callId: z.string().nullable(),
  durationMs: count.nullable(),
  maxOutputTokens: count.nullable(),
  stopReason: z.string().nullable(),
  responseId: z.string().nullable(),
  hold: z.string().nullable(),
  batch: z.string().nullable().describe('the import that brought it'),
  corrects: z.string().nullable().describe('the charge that this one corrects; quantities and costs are then differences'),
  restates: z.string().nullable().describe('on a correction, the status before'),
  part: partShape.nullable().describe('of a call that serves several; usage, lines and costs of the charge are then its share'),
  estimated: z.boolean(),
  warnings: z.array(warning),
  metadata: z.record(z.string(), z.unknown()).nullable(),
})

export const recordedShape = chargeShape.extend({
  parts: z.array(chargeShape).optional().describe('with --serves: the charges of all that the call serves, this one first'),
  alreadyBooked: z.literal(true).optional().describe('the charge of before; nothing was added'),
})

export const importShape = z.strictObject({
  batch: z.string(),
  read: count,
  booked: count,
  superseded: count,
  duplicates: count,
  skipped: z.record(z.string(), count).describe('by reason'),
  skippedAt: z.record(z.string(), z.array(z.string())).describe('the first places by reason, as file:line: field and value'),
  seconds: z.number(),
  knownFiles: z.array(z.string()).optional().describe('files whose records were all known from another file, or from another place'),
  unfinished: z.array(z.string()).optional().describe('files whose last line may still be being written; the next import reads it'),
  unknownHolds: count.optional().describe('calls that name a hold which the ledger does not have; they are booked without one'),
  readBefore: z
    .array(z.strictObject({ source: z.string(), batch: z.string() }))
    .optional()
    .describe('sources that the named batch read with other options; undo it to read them anew'),
  interrupted: z.literal(true).optional().describe('after Ctrl-C; what was read is booked'),
})

export const importsShape = z.strictObject({
  imports: z.array(importShape.extend({ source: z.string() })).describe('one for each source of purser.yaml'),
})

export const importListShape = z.strictObject({
  imports: z.array(
    z.strictObject({
      batch: z.string(),
      importer: z.string(),
      startedAt: instant,
      sources: z.array(z.string()),
      booked: count,
      superseded: count,
    }),
  ),
})

export const undoShape = z.strictObject({ batch: z.string(), removed: count })

const sums = {
  calls: count,
  costUsd: usd,
  costNanos: nanosText,
  inputTokens: z.int(),
  cacheReadTokens: z.int(),
  cacheWriteTokens: z.int(),
  outputTokens: z.int(),
  totalTokens: z.int().describe('the sum of the four before'),
  runs: count.nullable().describe('distinct values of the label run; null in `others`'),
  unpricedCalls: z.int().describe('calls that nobody knows a price of, each part of a shared call for itself; not in costUsd'),
  partialCalls: z.int().describe('calls of which something has no price, counted alike'),
  estimatedCalls: z.int(),
  estimatedUsd: usd.describe('part of costUsd that rests on estimated usage'),
  planUsd: usd.describe('list price of what a subscription covers; not in costUsd'),
  planNanos: nanosText,
  planCalls: z.int(),
  costPerRunUsd: usd.nullable().describe('null without runs'),
  tokensPerRun: z.number().nullable(),
  isLowerBound: z.boolean().describe('whether calls of the group have no price, or none for a part of them'),
}

export const costTotalShape = z.strictObject(sums)
/** A row carries its group by the names of the fields asked by; null where the label is missing. */
export const costRowShape = z
  .object({ ...sums, quantity: z.number().optional().describe('by meter: in its unit') })
  .catchall(z.string().nullable())

export const periodShape = z.strictObject({
  name: z.string().describe('as asked, or custom'),
  since: instant.nullable(),
  until: instant.nullable().describe('exclusive'),
  timezone: z.string(),
})

export const costsShape = z.strictObject({
  period: periodShape,
  groupBy: z.array(z.string()),
  rows: z.array(costRowShape).describe('each with its group by field name, null where the label is missing'),
  others: costTotalShape
    .extend({ rows: z.int().min(1) })
    .nullable()
    .describe('rows beyond --limit, summed'),
  total: costTotalShape,
  unresolved: z
    .strictObject({
      presumedHolds: count.describe('of calls that nobody knows the end of'),
      presumedUsd: usd,
      presumedNanos: nanosText,
      openHolds: count.describe('of calls under way, or whose answer could not be read'),
      openUsd: usd,
      openNanos: nanosText,
    })
    .nullable()
    .describe('holds of such calls whose cost is not known; no part of any sum; null where the filters ask for what no hold has'),
})

export const catalogListShape = z.strictObject({
  revision: z.string(),
  providers: z.array(z.strictObject({ provider: z.string(), models: count })).optional(),
  models: z
    .array(
      z.strictObject({
        provider: z.string(),
        model: z.string(),
        origin: z.string(),
        validFrom: z.string().nullable(),
        checkedAt: z.string(),
      }),
    )
    .optional(),
})

const cardName = { provider: z.string(), model: z.string(), validFrom: z.string().optional() }
const amount = z.strictObject({ usd: z.string(), per: z.int().min(1) }).nullable()

export const catalogDiffShape = z.strictObject({
  source: z.string(),
  format: z.string(),
  cards: count.describe('that the source holds'),
  added: z.array(z.strictObject(cardName)),
  removed: z.array(z.strictObject(cardName)).describe('in force now and not in the source; they stay'),
  changed: z.array(
    z.strictObject({
      ...cardName,
      rates: z.array(
        z.strictObject({
          meter,
          from: z.number().optional(),
          when: z.record(z.string(), z.unknown()).optional(),
          before: amount,
          after: amount,
          percent: z.number().nullable(),
        }),
      ),
      other: z.array(z.string()),
    }),
  ),
  findings: z.array(
    z.strictObject({
      severity: z.enum(['error', 'warning']),
      kind: z.string(),
      provider: z.string(),
      model: z.string(),
      meter: meter.optional(),
      message: z.string(),
    }),
  ),
  skipped: z
    .array(z.strictObject({ provider: z.string(), model: z.string(), key: z.string(), reason: z.string() }))
    .describe('what the source says and purser cannot read'),
  applied: z.boolean(),
  appliedCards: count,
})

export const catalogResetShape = z.strictObject({ dropped: count })

export const repriceShape = z.strictObject({
  applied: z.boolean(),
  examined: count,
  corrected: count,
  differenceUsd: usd,
  differenceNanos: nanosText.describe('of what is spent'),
  planDifferenceUsd: usd,
  planDifferenceNanos: nanosText.describe('of the list prices that a plan covers'),
  models: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      charges: count.describe('that are corrected'),
      beforeNanos: nanosText.describe('spent and covered by a plan together'),
      afterNanos: nanosText,
      newlyPriced: count,
      losing: count.describe('that have a price and would lose it; they are left as they are'),
    }),
  ),
})

export const exportShape = z.strictObject({ output: z.string(), format: z.enum(['csv', 'jsonl']), charges: count })
