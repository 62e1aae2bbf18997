import type { ChargeInput, Labels, Served } from '../../src/ledger/charge.ts'
import type { ModelCharge } from './model.ts'

/** What of a charge is split among those that its call serves. */
interface Divisible {
  readonly id: string
  readonly cost: bigint
  readonly cacheReads: bigint
  readonly otherTokens: bigint
  readonly calls: bigint
}

/** The charges that a call comes to: one for each that it serves, with the labels that this adds. */
export function partsOf<T extends Divisible>(
  charge: T,
  { serves }: Pick<ChargeInput, 'serves'>,
): { part: T & Pick<ModelCharge, 'place'>; more: Labels }[] {
  if (serves === undefined) return [{ part: { ...charge, place: null }, more: {} }]
  const weights = serves.map(({ weight }: Served) => BigInt(weight))
  const [costs, cacheReads, otherTokens] = [charge.cost, charge.cacheReads, charge.otherTokens].map((amount) => deal(amount, weights))
  const most = weights.reduce((a, b) => (b > a ? b : a))
  return serves.map(({ labels }, index) => ({
    more: labels,
    part: {
      ...charge,
      id: index === 0 ? charge.id : `${charge.id}#${index + 1}/${serves.length}`,
      cost: costs?.[index] ?? 0n,
      cacheReads: cacheReads?.[index] ?? 0n,
      otherTokens: otherTokens?.[index] ?? 0n,
      calls: weights.indexOf(most) === index ? charge.calls : 0n,
      place: { index, weights },
    },
  }))
}

/** Each gets the whole units of its share; the rest are dealt out one by one to those who miss most, the earlier of equals first. */
export function deal(amount: bigint, weights: readonly bigint[]): bigint[] {
  const all = weights.reduce((a, b) => a + b, 0n)
  const shares = weights.map((weight, index) => ({ index, given: (amount * weight) / all, missing: (amount * weight) % all }))
  const order = shares.toSorted((a, b) => Number(b.missing - a.missing) || a.index - b.index)
  const rest = Number(amount - shares.reduce((sum, { given }) => sum + given, 0n))
  for (const share of order.slice(0, rest)) share.given += 1n
  return shares.map(({ given }) => given)
}
