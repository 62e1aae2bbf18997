import { expect } from 'vitest'
import type { HoldView } from '../../src/budgets/hold-view.ts'
import type { HoldId } from '../../src/budgets/hold.ts'
import { PurserError } from '../../src/errors.ts'
import type { Charge, ChargeId } from '../../src/ledger/charge.ts'
import type { Store } from '../../src/stores/store.ts'
import { askUntilTold, type HeldReply, type HeldRequest, type HoldRequest, usageOf, worstOf } from './held-request.ts'
import type { Asked } from './kill-at-random.ts'

/** How many requests are looked up at once. */
const atOnce = 16
/** Denials are many and alike, so that only some of them are looked up. */
const denialsEach = 10

/**
 * A ledger keeps what it has told: each hold that was granted is there with its amounts, and no other; so is each charge.
 * Gives the requests whose holds are there.
 */
export async function checkTold(store: Store, all: readonly Asked[]): Promise<readonly HoldRequest[]> {
  const denied = all.filter(({ told }) => told?.granted === false)
  const passedOver = new Set(denied.filter((_, index) => index % denialsEach !== 0))
  const granted: HoldRequest[] = []
  await forEach(all, async (each) => {
    if (each.told === undefined || passedOver.has(each)) return
    const { request, told } = each
    if (request.kind !== 'reserve' && request.kind !== 'split') await checkEnding(store, request, told)
    else if (await checkHold(store, request, told)) granted.push(request)
  })
  return granted
}

async function forEach<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const waiting = all.values()
  const next = async (): Promise<void> => {
    for (const each of waiting) await work(each)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}

/** Gives whether the hold is there. */
async function checkHold(store: Store, request: HoldRequest, told: HeldReply): Promise<boolean> {
  const hold = await holdOf(store, request.id)
  // Its first answer was lost, and it had run out when it was asked for again; or, of a part, what it was to come from had.
  const hasEnded = told.code === 'PURSER_HOLD_ENDED'
  if (hasEnded && (request.kind === 'reserve' || hold !== undefined))
    expect(shown(hold), `${request.id} has ended`).toEqual(wanted(request))
  else if (told.granted !== true) expect(hold, `${request.id} was not granted`).toBeUndefined()
  else expect({ ...shown(hold), ...at(hold) }, `${request.id} was granted`).toEqual({ ...wanted(request), ...at(told) })
  return hold !== undefined
}

async function checkEnding(store: Store, request: Exclude<HeldRequest, HoldRequest>, told: HeldReply): Promise<void> {
  if (request.kind === 'settle' && told.state !== undefined) {
    const charge = await store.charge(request.charge as ChargeId)
    expect(sayOf(charge), `${request.charge} was settled`).toEqual(wantedOf(request))
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
export async function checkUntold(store: Store, all: readonly Asked[]): Promise<readonly HoldRequest[]> {
  const found: HoldRequest[] = []
  await forEach(all, async ({ request, told }) => {
    if (told !== undefined) return
    if (request.kind === 'settle') await checkUntoldCharge(store, request)
    if (request.kind !== 'reserve' && request.kind !== 'split') return
    if (await checkUntoldHold(store, request)) found.push(request)
  })
  return found
}

/** Gives whether its hold is there in the end. */
async function checkUntoldHold(store: Store, request: HoldRequest): Promise<boolean> {
  const before = await holdOf(store, request.id)
  const told = await askUntilTold(store, request)
  const after = await holdOf(store, request.id)
  // A hold that was granted has run out since, and is not granted twice; a call that has none gets one, or learns why not.
  if (before !== undefined) {
    expect(shown(before)).toEqual(wanted(request))
    expect(told, `${request.id} is asked for again`).toEqual({ code: 'PURSER_HOLD_ENDED' })
    expect(after).toEqual(before)
    return true
  }
  expect(after !== undefined, `${request.id} is there`).toBe(told.granted === true)
  if (told.granted === true) expect(await askUntilTold(store, request)).toEqual(told)
  return after !== undefined
}

async function checkUntoldCharge(store: Store, request: HeldRequest & { kind: 'settle' }): Promise<void> {
  const before = await store.charge(request.charge as ChargeId)
  if (before !== undefined) expect(sayOf(before)).toEqual(wantedOf(request))
  const told = await askUntilTold(store, request)
  expect(told.code, `${request.charge} is settled`).toBeUndefined()
  expect(await askUntilTold(store, request)).toEqual(told)
  const after = await store.charge(request.charge as ChargeId)
  expect(sayOf(after)).toEqual(wantedOf(request))
  if (before !== undefined) expect(after?.seq).toBe(before.seq)
}

export async function holdOf(store: Store, id: string): Promise<HoldView | undefined> {
  try {
    return await store.gate('hold', { id: id as HoldId })
  } catch (error) {
    if (error instanceof PurserError && error.code === 'PURSER_NOT_FOUND') return undefined
    throw error
  }
}

function shown(hold: HoldView | undefined) {
  return { asked: hold?.asked, labels: hold?.labels, parent: hold?.parent }
}

function wanted(request: HoldRequest) {
  return { asked: worstOf(request), labels: request.labels, parent: request.kind === 'split' ? request.from : null }
}

function sayOf(charge: Charge | undefined) {
  return { hold: charge?.hold, cost: String(charge?.costNanos), usage: charge?.usage }
}

function wantedOf({ id, cost }: HeldRequest & { kind: 'settle' }) {
  return { hold: id, cost, usage: usageOf(BigInt(cost)) }
}
