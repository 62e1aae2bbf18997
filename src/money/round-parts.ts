import { divideFloor, divideHalfEven } from './round.ts'

/**
 * Rounds a sum of fractions with one denominator **once**, half-even, and its parts so that they add up to it: each
 * part is rounded down, and the units left over go to the largest remainders, the earlier part first where two are
 * equal. Every part is within one unit of its exact value.
 */
export function roundParts(numerators: readonly bigint[], denominator: bigint): { total: bigint; parts: bigint[] } {
  const total = divideHalfEven(
    numerators.reduce((sum, numerator) => sum + numerator, 0n),
    denominator,
  )
  const parts = numerators.map((numerator) => divideFloor(numerator, denominator))
  const remainders = numerators.map((numerator, index) => numerator - (parts[index] ?? 0n) * denominator)
  let left = total - parts.reduce((sum, part) => sum + part, 0n)
  while (left > 0n) {
    const index = largest(remainders)
    parts[index] = (parts[index] ?? 0n) + 1n
    remainders[index] = -1n
    left -= 1n
  }
  return { total, parts }
}

/**
 * The same over doubles that hold integers: for numerators from 0 whose sum is a safe integer, where it is many times
 * faster. Rounds the parts in place and gives the total.
 */
export function roundSafeParts(numerators: number[], denominator: number): number {
  let sum = 0
  let floors = 0
  const remainders: number[] = []
  for (let index = 0; index < numerators.length; index += 1) {
    const numerator = numerators[index] ?? 0
    const remainder = numerator % denominator
    const part = (numerator - remainder) / denominator
    sum += numerator
    floors += part
    remainders.push(remainder)
    numerators[index] = part
  }
  const over = sum % denominator
  const whole = (sum - over) / denominator
  const twice = 2 * over
  const total = twice > denominator || (twice === denominator && whole % 2 === 1) ? whole + 1 : whole
  for (let left = total - floors; left > 0; left -= 1) {
    const index = largest(remainders)
    numerators[index] = (numerators[index] ?? 0) + 1
    remainders[index] = -1
  }
  return total
}

/** The index of the largest number, the first of equal ones. */
function largest(values: readonly (bigint | number)[]): number {
  let best = 0
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index
  }
  return best
}
