/** `numerator / denominator` rounded to the nearest integer, ties to even. The denominator is positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = divideFloor(numerator, denominator)
  const twice = 2n * (numerator - quotient * denominator)
  if (twice > denominator || (twice === denominator && quotient % 2n !== 0n)) return quotient + 1n
  return quotient
}

/** `numerator / denominator` rounded towards minus infinity. The denominator is positive. */
export function divideFloor(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  return numerator % denominator < 0n ? quotient - 1n : quotient
}

/** `numerator / denominator` rounded up: how a bound rounds. The denominator is positive. */
export function divideCeil(numerator: bigint, denominator: bigint): bigint {
  return -divideFloor(-numerator, denominator)
}
