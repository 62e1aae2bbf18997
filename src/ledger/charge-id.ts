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
 * @throws PURSER_BAD_RECORD when the id is empty, too long, holds control characters or is that of a correction.
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
  return id as ChargeId
}

const correctionPattern = /~\d+$/

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

/** What a ledger keeps of an id to recognise it: the first 16 bytes of its SHA-256, within the tenant's namespace. */
export function idDigest(tenant: string, id: string): Uint8Array {
  return hash('sha256', `${tenant}\n${id}`, 'buffer').subarray(0, 16)
}
