import { roundParts } from './round-parts.ts'

/**
 * Splits an amount by weights, so that the parts sum to it: each part is within one unit of its exact share, and the units
 * left over go to the largest remainders, the earlier part first where two are equal (the method of largest remainders).
 * The weights are from 0, and not all of them 0 unless the amount is.
 */
export function splitAmount(amount: bigint, weights: readonly bigint[]): bigint[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0n)
  if (whole === 0n) return weights.map(() => 0n)
  return roundParts(
    weights.map((weight) => amount * weight),
    whole,
  ).parts
}

/**
 * Splits rows of amounts from 0 by the same weights, so that each row sums to its amount, and each column to its part of
 * the sum of all rows as {@link splitAmount} gives it. Rounding each row by itself would not keep the columns: so each row is
 * split by what its columns still have to get.
 */
export function splitRows(amounts: readonly bigint[], weights: readonly bigint[]): bigint[][] {
  const total = amounts.reduce((sum, amount) => sum + amount, 0n)
  let left = splitAmount(total, weights)
  return amounts.map((amount) => {
    const row = splitAmount(amount, left)
    left = left.map((rest, column) => rest - (row[column] ?? 0n))
    return row
  })
}
