import type { BudgetRecord } from '../../src/budgets/budget-record.ts'
import type { Denial, Grant } from '../../src/budgets/denial.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import type { Definition } from '../../src/budgets/revise-budget.ts'
import type { HoldOutcome } from '../../src/budgets/find-hold.ts'
import { PurserError } from '../../src/errors.ts'
import type { Booked, Booking } from '../../src/ledger/book-charge.ts'
import type { ChargeInput } from '../../src/ledger/charge.ts'
import { type ChargeDraft, draftCharge } from '../../src/ledger/draft-charge.ts'
import { splitCall } from '../../src/ledger/split-call.ts'
import type { Store } from '../../src/stores/store.ts'
import { granting } from './check-grant.ts'
import { Mismatch, same } from './mismatch.ts'
import type { Model, ModelCharge } from './model.ts'
import { checkOutcome } from './check-answer.ts'
import { extend, lapse, priceArrived, release, reserve, settle, settleByRecord } from './model-holds.ts'
import { resolve } from './model-resolve.ts'
import { partsOf } from './model-parts.ts'
import { bookUnheld, define, remove, seed } from './model-ledger.ts'
import { split } from './model-split.ts'
import type { Operation } from './operations.ts'

/** What came back of a request: an answer, or the code of an error. */
export type Reply = { readonly answer: unknown } | { readonly code: string }

/** What a request comes to; errors that are not of the registry end the run. */
export async function replyOf(answering: Promise<unknown>): Promise<Reply> {
  try {
    return { answer: await answering }
  } catch (error) {
    if (error instanceof PurserError) return { code: error.code }
    throw error
  }
}

/** Sends an operation to a store. */
export function send(store: Store, operation: Operation, now: number): Promise<unknown> {
  switch (operation.kind) {
    case 'reserve':
      return store.gate('reserve', { id: operation.id as HoldId, asked: operation.asked })
    case 'split':
      return store.gate('split', { from: operation.from as HoldId, id: operation.id as HoldId, asked: operation.asked })
    case 'settle': {
      const settlement = { ...draftsOf(operation.input, now), ignore: ['at'] as const, settling: operation.settling }
      return store.gate('settle', { id: operation.id as HoldId, settlement })
    }
    case 'resolve': {
      const settlement = { draft: draftOf(operation.input, now), ignore: ['at'] as const, settling: 'final' as const }
      return store.gate('resolve', { id: operation.id as HoldId, settlement })
    }
    case 'release':
      return store.gate('release', { id: operation.id as HoldId, resolving: operation.resolving })
    case 'extend':
      return store.gate('extend', { id: operation.id as HoldId, ttlMs: operation.ttlMs })
    case 'define':
      return store.gate('define', { budget: operation.budget, author: 'simulation' })
    case 'remove':
      return store.gate('remove', { name: operation.name, author: 'simulation' })
    case 'seed':
      return store.gate('seed', { name: operation.name })
    case 'book': {
      const bookings = operation.charges.map(({ input, onExisting }) => ({ ...draftsOf(input, now), onExisting, rank: 1 as const }))
      return store.transact({ bookings, ...(operation.batch !== null && { batch: operation.batch }) })
    }
  }
}

/** Nobody has a price here: a charge costs what its owner says, or nobody knows. */
export function draftOf(input: ChargeInput, now: number): ChargeDraft {
  return draftCharge(input, () => ({ status: 'unpriced', reason: 'unknown-model', message: '' }), now)
}

function draftsOf(input: ChargeInput, now: number): Pick<Booking, 'draft' | 'otherParts'> {
  const [draft, ...otherParts] = splitCall(draftOf(input, now), input.serves)
  return { draft, otherParts: otherParts.length > 0 ? otherParts : undefined }
}

/** Does to the model what the store did, and compares what both say, where the store was heard. `order` counts charges. */
export function foresee(model: Model, operation: Operation, reply: Reply | undefined, order: { next: number }): void {
  switch (operation.kind) {
    case 'reserve':
      return checkOutcome(
        model,
        operation,
        granting(model, operation, () => reserve(model, operation.id, operation.asked)),
        reply,
      )
    case 'split':
      return checkOutcome(
        model,
        operation,
        granting(model, operation, () => split(model, operation.from, operation.id, operation.asked)),
        reply,
      )
    case 'settle': {
      const { id, input, settling } = operation
      return checkOutcome(model, operation, settle(model, id, partsOf(chargeOf(input), input), settling, order), reply)
    }
    case 'resolve': {
      const { id, input } = operation
      const said = { charge: { ...chargeOf(input), place: null }, cost: input.statedNanos ?? null }
      return checkOutcome(model, operation, resolve(model, id, said, order), reply)
    }
    case 'release':
      return checkOutcome(model, operation, release(model, operation.id, operation.resolving), reply)
    case 'extend':
      return checkOutcome(model, operation, extend(model, operation.id, operation.ttlMs), reply)
    case 'define': {
      const { outcome, record } = answerOf<Definition>(operation, reply)
      return same('define', define(model, operation.budget, record.revision, order.next), outcome)
    }
    case 'remove':
      return same('remove', remove(model, operation.name) ? {} : { code: 'PURSER_NOT_FOUND' }, refusalOf(operation, reply))
    case 'seed': {
      const to = reply === undefined || 'code' in reply ? null : (reply.answer as BudgetRecord).seeding
      return same('seed', seed(model, operation.name, to) ? {} : { code: 'PURSER_NOT_FOUND' }, refusalOf(operation, reply))
    }
    case 'book':
      return bookAll(model, operation, answerOf<readonly Booked[]>(operation, reply), order)
  }
}

function refusalOf(operation: Operation, reply: Reply | undefined): { readonly code?: string } {
  if (reply === undefined) throw new Mismatch(operation.kind, 'a reply', 'none')
  return 'code' in reply ? reply : {}
}

function answerOf<T>(operation: Operation, reply: Reply | undefined): T {
  if (reply === undefined || 'code' in reply) throw new Mismatch(operation.kind, 'an answer', reply)
  return reply.answer as T
}

function bookAll(model: Model, { charges, batch }: Operation & { kind: 'book' }, booked: readonly Booked[], order: { next: number }): void {
  same('book', charges.length, booked.length)
  for (const [index, { input, onExisting }] of charges.entries()) {
    const { outcome = 'conflict', id = '', seq } = booked[index] ?? {}
    const isKnown = model.charges.some((charge) => charge.id === input.id)
    const expected = isKnown ? (onExisting === 'supersede' ? ['superseded', 'duplicate'] : ['duplicate']) : ['booked']
    if (!expected.includes(outcome)) throw new Mismatch('book', expected, outcome)
    const hold = outcome === 'booked' && input.hold !== undefined ? model.holds.get(input.hold) : undefined
    const more = { hold: input.hold ?? null, corrects: null, batch, seq }
    if (outcome === 'booked') {
      for (const [place, { part, more: labels }] of partsOf(chargeOf(input), input).entries()) {
        // A call that was made before the hold that it names was not held.
        const countedAt = hold !== undefined && hold.reservedAt <= input.at ? hold.reservedAt : input.at
        const own = { countedAt, labels: { ...input.labels, ...labels }, order: ++order.next }
        // Where the later parts lie, the store has not told yet.
        const charge = { ...part, ...more, ...own, seq: place === 0 ? seq : undefined }
        if (hold?.state === 'open' && hold.expiresAt <= model.now) lapse(model)
        if (hold?.state === 'open' || hold?.state === 'presumed') settleByRecord(model, hold, charge, input.outcome === 'cut')
        else bookUnheld(model, charge)
      }
    }
    if (outcome === 'superseded') {
      const difference = differenceOf(model, input)
      const of = model.holds.get(difference.hold ?? '')
      if (of?.state === 'open' && of.expiresAt <= model.now) lapse(model)
      if (difference.unpriced === -1 && of !== undefined) priceArrived(model, of.id)
      bookUnheld(model, { ...difference, ...more, hold: difference.hold, order: ++order.next, id, corrects: input.id ?? null })
    }
  }
}

/** What a call is to be, less what it stands at after its corrections. */
function differenceOf(model: Model, input: ChargeInput): ModelCharge {
  const chain = model.charges.filter(({ id, corrects }) => id === input.id || corrects === input.id)
  const [original] = chain
  if (original === undefined) throw new Error(`Nothing is booked as ${input.id}.`)
  const wanted = chargeOf(input)
  const sum = (of: (charge: ModelCharge) => bigint): bigint => chain.reduce((total, charge) => total + of(charge), 0n)
  const unpriced = chain.reduce((total, charge) => total + charge.unpriced, 0)
  return {
    ...original,
    cost: wanted.cost - sum(({ cost }) => cost),
    cacheReads: wanted.cacheReads - sum(({ cacheReads }) => cacheReads),
    otherTokens: wanted.otherTokens - sum(({ otherTokens }) => otherTokens),
    calls: 0n,
    unpriced: wanted.unpriced - unpriced,
    isMeasured: wanted.cacheReads + wanted.otherTokens !== sum(({ cacheReads, otherTokens }) => cacheReads + otherTokens),
  }
}

function chargeOf({ id = '', at, usage, statedNanos, basis, provider, model }: ChargeInput) {
  return {
    id,
    at,
    isPlan: basis === 'plan',
    cost: statedNanos ?? 0n,
    calls: 1n,
    unpriced: statedNanos === undefined ? 1 : 0,
    cacheReads: BigInt(usage.cacheReadTokens ?? 0),
    otherTokens: BigInt(usage.inputTokens ?? 0),
    isMeasured: Object.keys(usage).length > 0,
    facts: `${provider} ${model} ${usage.inputTokens ?? 0} ${usage.cacheReadTokens ?? 0} ${statedNanos ?? 'none'}`,
  }
}

export type HoldReply = Grant | Denial | HoldOutcome
