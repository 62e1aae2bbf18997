import type { Denial, Grant } from '../../src/budgets/denial.ts'
import type { Amounts, Asked, HoldId } from '../../src/budgets/hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import { PurserError } from '../../src/errors.ts'
import type { Store } from '../../src/stores/store.ts'
import { asked, chargeOf } from '../stores/gate-ledger.ts'

/** What every hold may cost at most, in nanos. */
export const holdNanos = 10_000_000n
/** What every part that is split off may cost at most. */
export const partNanos = holdNanos / 2n
/** Each call uses a token for so many nanos that it costs, so that a hold asks for a thousand tokens. */
const nanosPerToken = 10_000n
/** Holds run out soon, so that many are presumed. */
export const ttlMs = 600

/** Something that a process asks of the gate, as it tells it before it asks. Costs are nanos as text. */
export type HeldRequest =
  /** `calls`: how many charges will be booked under the hold and its parts. */
  | { readonly kind: 'reserve'; readonly id: string; readonly labels: Readonly<Record<string, string>>; readonly calls: number }
  | { readonly kind: 'split'; readonly id: string; readonly from: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly kind: 'settle'; readonly id: string; readonly charge: string; readonly cost: string; readonly settling: Settling }
  | { readonly kind: 'release'; readonly id: string }
  | { readonly kind: 'extend'; readonly id: string }

/** One of them that asks for a hold. */
export type HoldRequest = Extract<HeldRequest, { readonly labels: object }>

/** What a hold asks for at most, by metric. A part takes part of the place that its hold has. */
export function worstOf(request: HoldRequest): Required<Amounts> {
  if (request.kind === 'split') return { cost: partNanos, tokens: partNanos / nanosPerToken, calls: 1n, concurrency: 0n }
  return { cost: holdNanos, tokens: holdNanos / nanosPerToken, calls: BigInt(request.calls), concurrency: 1n }
}

/** What a call of some cost uses: two thirds of its tokens, or one less, are answered. */
export function usageOf(nanos: bigint): { readonly inputTokens: number; readonly outputTokens: number } {
  const tokens = Number(nanos / nanosPerToken)
  const inputTokens = Math.ceil(tokens / 3)
  return { inputTokens, outputTokens: tokens - inputTokens }
}

/** What a process was told for certain: whether a hold was granted and when, in which state it is, or why neither. */
export interface HeldReply {
  readonly granted?: boolean
  readonly reservedAt?: number
  /** The budget that refused, or the hold that a part was to come from. */
  readonly refusedBy?: string
  readonly state?: string
  readonly code?: string
}

/**
 * A line that a process writes: what it is about to ask and when, in milliseconds since 1970, or what it was told.
 * `number` is unique over all processes.
 */
export type Line = { readonly number: string } & ({ readonly asks: HeldRequest; readonly at: number } | { readonly told: HeldReply })

/** Errors after which the same thing is asked again. */
const again = new Set(['PURSER_OUTCOME_UNKNOWN', 'PURSER_LEDGER_UNAVAILABLE', 'PURSER_LEDGER_LOCKED'])

/** Asks until there is an answer; the same id makes it one and the same thing however often. */
export async function askUntilTold(store: Store, request: HeldRequest): Promise<HeldReply> {
  for (;;) {
    try {
      return await ask(store, request)
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      if (!again.has(error.code)) return { code: error.code }
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 50))
    }
  }
}

async function ask(store: Store, request: HeldRequest): Promise<HeldReply> {
  const id = request.id as HoldId
  switch (request.kind) {
    case 'reserve':
      return toReply(await store.gate('reserve', { id, asked: askedOf(request) }))
    case 'split':
      return toReply(await store.gate('split', { from: request.from as HoldId, id, asked: askedOf(request) }))
    case 'settle': {
      const cost = BigInt(request.cost)
      const draft = chargeOf(cost, { at: Date.now(), id: request.charge, usage: usageOf(cost) })
      const { state } = await store.gate('settle', { id, settlement: { draft, ignore: ['at'], settling: request.settling } })
      return { state }
    }
    case 'release':
      return { state: (await store.gate('release', { id })).state }
    case 'extend':
      return { state: (await store.gate('extend', { id, ttlMs })).state }
  }
}

function askedOf(request: HoldRequest): Asked {
  return asked({ ttlMs, model: 'big', labels: request.labels, worst: worstOf(request) })
}

function toReply(answer: Grant | Denial): HeldReply {
  return answer.granted ? { granted: true, reservedAt: answer.reservedAt } : { granted: false, refusedBy: answer.budget }
}
