import { hash, randomFillSync } from 'node:crypto'
import { PurserError } from '../errors.ts'
import type { ChargeId, ChargeInput } from './charge.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const maxIdLength = 256
const random = new Uint8Array(16 * 256)
let used = random.length

/**
 * The id of a call: the one given, else one made from the provider's response id, so that a call seen by two importers
 * is one charge, else a new one.
 * @throws PURSER_BAD_RECORD when the id is empty, too long, holds control characters or is that of a correction or a part.
 */
export function chargeIdOf(input: ChargeInput, nowMs: number): ChargeId {
  const id = input.id ?? (input.responseId === undefined ? newChargeId(nowMs) : `${input.provider}:${input.responseId}`)
  if (id === '' || id.length > maxIdLength || /\p{Cc}/u.test(id)) {
    throw new PurserError(
      'PURSER_BAD_RECORD',
      `An id must have 1 to ${maxIdLength} characters without line breaks; this one has ${id.length}.`,
    )
  }
  if (correctionPattern.test(id)) {
    throw new PurserError(
      'PURSER_BAD_RECORD',
      `"${id}" is the form of a correction's id. End it with something else than "~" and a number.`,
    )
  }
  if (partPattern.test(id)) {
    throw new PurserError(
      'PURSER_BAD_RECORD',
      `"${id}" is the form of the id of a call's part. End it with something else than "#", a number, "/" and a number.`,
    )
  }
  return id as ChargeId
}

const correctionPattern = /~\d+$/
const partPattern = /#\d+\/\d+$/

/** A new id of 26 characters that sorts by time: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32. */
export function newChargeId(nowMs: number): ChargeId {
  if (used + 16 > random.length) {
    randomFillSync(random)
    used = 0
  }
  let id = ''
  for (let rest = nowMs, digit = 0; digit < 10; digit += 1) {
    id = (alphabet[rest % 32] ?? '') + id
    rest = Math.floor(rest / 32)
  }
  for (let digit = 0; digit < 16; digit += 1) id += alphabet[(random[used++] ?? 0) & 31] ?? ''
  return id as ChargeId
}

/** The id of the n-th correction of a charge (n from 1), the same however often it is made. */
export function correctionId(corrected: ChargeId, n: number): ChargeId {
  return `${corrected}~${n}` as ChargeId
}

/**
 * The id of the n-th part of a call (n from 1). The first has the call's own, so that a call is known by its id however it
 * was split, or told again as a whole.
 */
export function partId(call: ChargeId, n: number, parts: number): ChargeId {
  return n === 1 ? call : (`${call}${partSuffix(n, parts)}` as ChargeId)
}

/** The id of the call that a part is of. */
export function callOfPart(id: ChargeId, n: number, parts: number): ChargeId {
  return n === 1 ? id : (id.slice(0, -partSuffix(n, parts).length) as ChargeId)
}

function partSuffix(n: number, parts: number): string {
  return `#${n}/${parts}`
}

/** What a ledger keeps of an id to recognise it: the first 16 bytes of its SHA-256, within the tenant's namespace. */
export function idDigest(tenant: string, id: string): Uint8Array {
  return hash('sha256', `${tenant}\n${id}`, 'buffer').subarray(0, 16)
}
