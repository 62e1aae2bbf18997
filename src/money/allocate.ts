import { PurserError } from '../errors.ts'
import type { Nanos } from './nanos.ts'
import { divideFloor } from './round.ts'

/**
 * Splits a total over weights so that the parts sum to it to the last nano: each part is its exact share rounded
 * down, and the nanos left over go to the largest remainders, the earlier part first where two are equal
 * (the largest-remainder method).
 * @throws PURSER_BAD_NUMBER when a weight is negative or all are zero.
 */
export function allocate(total: Nanos, weights: readonly bigint[]): Nanos[] {
  let sum = 0n
  for (const weight of weights) {
    if (weight < 0n) throw new PurserError('PURSER_BAD_NUMBER', `A weight of ${weight} is negative; weights are 0 or more.`)
    sum += weight
  }
  if (sum === 0n) throw new PurserError('PURSER_BAD_NUMBER', 'Nothing can be split over weights that are all zero.')
  const parts = weights.map((weight) => divideFloor(total * weight, sum))
  const remainders = weights.map((weight, index) => total * weight - (parts[index] ?? 0n) * sum)
  let left = total - parts.reduce((a, b) => a + b, 0n)
  const order = remainders.map((_, index) => index)
  order.sort((a, b) => compare(remainders[b] ?? 0n, remainders[a] ?? 0n) || a - b)
  for (const index of order) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + 1n
    left -= 1n
  }
  return parts as Nanos[]
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
