import { expect } from 'vitest'
import type { HoldView } from '../../src/budgets/budget-status.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import { PurserError } from '../../src/errors.ts'
import type { Charge, ChargeId } from '../../src/ledger/charge.ts'
import type { Store } from '../../src/stores/store.ts'
import { askUntilTold, type HeldReply, type HeldRequest, holdNanos, partNanos } from './held-request.ts'
import type { Asked } from './kill-at-random.ts'

/** How many requests are looked up at once. */
const atOnce = 16
/** Denials are many and alike, so that only some of them are looked up. */
const denialsEach = 10

/** A ledger keeps what it has told: each hold that was granted is there with its amount, and no other; so is each charge. */
export async function checkTold(store: Store, all: readonly Asked[]): Promise<void> {
  const denied = all.filter(({ told }) => told?.granted === false)
  const passedOver = new Set(denied.filter((_, index) => index % denialsEach !== 0))
  await forEach(all, async (each) => {
    if (each.told !== undefined && !passedOver.has(each)) await checkOne(store, each.request, each.told)
  })
}

async function forEach<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values()
  const next = async (): Promise<void> => {
    for (const each of waiting) await work(each)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}

async function checkOne(store: Store, request: HeldRequest, told: HeldReply): Promise<void> {
  if (request.kind === 'reserve' || request.kind === 'split') {
    const hold = await holdOf(store, request.id)
    if (told.granted !== true) expect(hold, `${request.id} was not granted`).toBeUndefined()
    else expect({ ...shown(hold), ...at(hold) }, `${request.id} was granted`).toEqual({ ...wanted(request), ...at(told) })
  }
  if (request.kind === 'settle' && told.state !== undefined) {
    const charge = await store.charge(request.charge as ChargeId)
    expect(sayOf(charge), `${request.charge} was settled`).toEqual({ hold: request.id, cost: request.cost })
  }
  if (request.kind === 'release' && told.state === 'released') expect((await holdOf(store, request.id))?.state).toBe('released')
}

function at(told: { readonly reservedAt?: number } | undefined) {
  return { reservedAt: told?.reservedAt }
}

/**
 * What nobody was told is there whole or not at all, and who asks again gets one answer however often. Gives the requests
 * whose holds are there in the end.
 */
export async function checkUntold(store: Store, all: readonly Asked[]): Promise<readonly HeldRequest[]> {
  const found: HeldRequest[] = []
  await forEach(all, async ({ request, told }) => {
    if (told !== undefined) return
    if (request.kind === 'settle') await checkUntoldCharge(store, request)
    if (request.kind !== 'reserve' && request.kind !== 'split') return
    if (await checkUntoldHold(store, request)) found.push(request)
  })
  return found
}

/** Gives whether its hold is there in the end. */
async function checkUntoldHold(store: Store, request: HeldRequest & { kind: 'reserve' | 'split' }): Promise<boolean> {
  const before = await holdOf(store, request.id)
  if (before !== undefined) expect(shown(before)).toEqual(wanted(request))
  const told = await askUntilTold(store, request)
  const after = await holdOf(store, request.id)
  // A hold that was granted is granted still; a call that has none gets one, or learns why not.
  if (before !== undefined) expect({ granted: told.granted, ...at(told) }).toEqual({ granted: true, reservedAt: before.reservedAt })
  expect(after !== undefined, `${request.id} is there`).toBe(told.granted === true)
  if (told.granted === true) expect(await askUntilTold(store, request)).toEqual(told)
  return after !== undefined
}

async function checkUntoldCharge(store: Store, request: HeldRequest & { kind: 'settle' }): Promise<void> {
  const before = await store.charge(request.charge as ChargeId)
  if (before !== undefined) expect(sayOf(before)).toEqual({ hold: request.id, cost: request.cost })
  const told = await askUntilTold(store, request)
  expect(told.code, `${request.charge} is settled`).toBeUndefined()
  expect(await askUntilTold(store, request)).toEqual(told)
  const after = await store.charge(request.charge as ChargeId)
  expect(sayOf(after)).toEqual({ hold: request.id, cost: request.cost })
  if (before !== undefined) expect(after?.seq).toBe(before.seq)
}

async function holdOf(store: Store, id: string): Promise<HoldView | undefined> {
  try {
    return await store.gate('hold', { id: id as HoldId })
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
    throw error
  }
}

function shown(hold: HoldView | undefined) {
  return { cost: hold?.asked.cost, labels: hold?.labels, parent: hold?.parent }
}

function wanted(request: HeldRequest & { kind: 'reserve' | 'split' }) {
  const isPart = request.kind === 'split'
  return { cost: isPart ? partNanos : holdNanos, labels: request.labels, parent: isPart ? request.from : null }
}

function sayOf(charge: Charge | undefined) {
  return { hold: charge?.hold, cost: String(charge?.costNanos) }
}
