import type { HoldId } from '../../src/budgets/hold.ts'
import type { Settling } from '../../src/budgets/settle.ts'
import { PurserError } from '../../src/errors.ts'
import type { Store } from '../../src/stores/store.ts'
import { asked, chargeOf } from '../stores/gate-ledger.ts'

/** What every hold may cost at most, in nanos. */
export const holdNanos = 10_000_000n
/** What every part that is split off may cost at most. */
export const partNanos = holdNanos / 2n
/** Holds run out soon, so that many are presumed. */
const ttlMs = 600

/** Something that a process asks of the gate, as it tells it before it asks. Costs are nanos as text. */
export type HeldRequest =
  | { readonly kind: 'reserve'; readonly id: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly kind: 'split'; readonly id: string; readonly from: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly kind: 'settle'; readonly id: string; readonly charge: string; readonly cost: string; readonly settling: Settling }
  | { readonly kind: 'release'; readonly id: string }
  | { readonly kind: 'extend'; readonly id: string }

/** What a process was told for certain: whether a hold was granted and when, in which state it is, or why neither. */
export interface HeldReply {
  readonly granted?: boolean
  readonly reservedAt?: number
  readonly state?: string
  readonly code?: string
}

/** A line that a process writes: what it is about to ask, or what it was told. `number` is unique over all processes. */
export type Line = { readonly number: string } & ({ readonly asks: HeldRequest } | { readonly told: HeldReply })

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
    case 'reserve': {
      const answer = await store.gate('reserve', { id, asked: asked({ ...common, labels: request.labels, worst: { cost: holdNanos } }) })
      return { granted: answer.granted, ...(answer.granted && { reservedAt: answer.reservedAt }) }
    }
    case 'split': {
      const part = asked({ ...common, labels: request.labels, worst: { cost: partNanos, concurrency: 0n } })
      const answer = await store.gate('split', { from: request.from as HoldId, id, asked: part })
      return { granted: answer.granted, ...(answer.granted && { reservedAt: answer.reservedAt }) }
    }
    case 'settle': {
      const draft = chargeOf(BigInt(request.cost), { at: Date.now(), id: request.charge })
      const { state } = await store.gate('settle', { id, settlement: { draft, ignore: ['at'], settling: request.settling } })
      return { state }
    }
    case 'release':
      return { state: (await store.gate('release', { id })).state }
    case 'extend':
      return { state: (await store.gate('extend', { id, ttlMs })).state }
  }
}

const common = { ttlMs, model: 'big' }
