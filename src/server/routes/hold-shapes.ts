import { z } from 'zod'
import type { Denial } from '../../budgets/denial.ts'
import type { HeldCall } from '../../facade/calls/settlement-desk.ts'
import type { HoldRequest } from '../../facade/hold-request.ts'
import type { Unavailable } from '../../facade/unavailable.ts'
import { denialJson, unavailableJson } from '../../json/denial-json.ts'
import { denialShape, unavailableShape } from '../../json/gate-shapes.ts'
import { bases } from '../../ledger/charge.ts'
import { made, problemShape } from '../problem.ts'

const longestWaitMs = 60_000
const amount = z.union([z.string(), z.number()])
const amounts = z.strictObject({
  cost: amount.describe('dollars, exact as text').optional(),
  tokens: amount.optional(),
  calls: amount.nullable().describe('1 unless said otherwise; null where nobody can say').optional(),
  concurrency: amount.optional(),
})

/** What a hold asks; the facade checks it in full. */
export const holdInput = z.strictObject({
  id: z.string().describe('yours: the same id gets the same grant while its hold is open').optional(),
  labels: z.record(z.string(), z.string()).optional(),
  amount: amounts.describe('the worst case, by metric').optional(),
  expected: amounts.describe('what is expected of it, for adaptive budgets').optional(),
  request: z
    .looseObject({ provider: z.string(), api: z.string() })
    .describe('the request as it will be sent, in place of amounts: { "provider": "openai", "api": "chat", "body": … }')
    .optional(),
  shrink: z.boolean().describe('with a request: shortens its longest answer until it fits').optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  basis: z.enum(bases).optional(),
  ttlMs: z.int().min(1).describe('until it is presumed spent; ten minutes unless said otherwise').optional(),
  waitMs: z.int().min(0).max(longestWaitMs).describe('to go on trying while other holds stand in the way').optional(),
})

/** What was asked for, without what was left out. */
export function holdRequestOf(input: z.infer<typeof holdInput>): HoldRequest {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as HoldRequest
}

const callFields = {
  provider: z.string().optional(),
  model: z.string().optional(),
  usage: z.record(z.string(), z.unknown()).describe('quantities by meter, such as { "inputTokens": 1000 }').optional(),
  costUsd: amount.describe('what it cost, where that is known').optional(),
}

/** What a held call came to. */
export const settleInput = z.looseObject({
  ...callFields,
  partial: z.boolean().describe('the hold stays open with what is left').optional(),
})

export const resolveInput = z.union([
  z.strictObject({ notSent: z.literal(true) }),
  z.looseObject({ ...callFields, notSent: z.literal(false).optional() }),
])

export function heldCallOf(input: Readonly<Record<string, unknown>>): HeldCall {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as HeldCall
}

/** A refusal, as a problem that explains itself. */
export const deniedShape = problemShape.extend({ denial: denialShape.describe('which budget refuses, its figures, and when to try again') })
export const unavailableProblemShape = problemShape.extend({ denial: unavailableShape })

export function deniedProblem(denial: Denial, instance: string): z.infer<typeof deniedShape> {
  return { ...made('PURSER_CALL_DENIED', denial.message, instance), denial: denialJson(denial) }
}

export function unavailableProblem(unavailable: Unavailable, instance: string): z.infer<typeof unavailableProblemShape> {
  return { ...made('PURSER_LEDGER_UNAVAILABLE', unavailable.message, instance), denial: unavailableJson(unavailable) }
}
