import type { Meter } from '../usage/meters.ts'
import { meters } from '../usage/meters.ts'
import { divideCeil } from '../money/round.ts'
import { billedUnits } from './bill.ts'
import type { Alternative, Card } from './card.ts'
import type { CompiledCard, ServedRates } from './compile-card.ts'
import type { CompiledRate, RateTable } from './compile-rate.ts'
import type { Pot } from './request-pots.ts'
import { tierOf } from './tier.ts'

/**
 * The most that any usage within the pots can cost in nanos where a call is served so, rounded up. Every prompt up to
 * the largest may occur, so every long-context tier that one of them selects is tried with the largest prompt in it.
 */
export function worstOfPots(card: CompiledCard, served: ServedRates, given: readonly Pot[]): bigint {
  const { tables, thresholds } = served
  const base = tables[0]
  if (base === undefined || given.length === 0) return 0n
  const pots = base.ratesRequests && !given.some((pot) => pot.meters.includes('requests')) ? [...given, oneRequest] : given
  const prompt = pots.reduce((sum, pot) => (isPrompt(pot) ? sum + pot.quantity : sum), 0)
  const highest = tierOf(prompt, thresholds, card.tierRule)
  if (highest > 0 && card.tierRule.mode === 'marginal') return worstMarginal(card, served, pots, prompt)
  let worst = 0n
  for (let tier = 0; tier <= highest; tier += 1) {
    const table = tables[tier] ?? base
    const largest = largestPrompt(card, thresholds[tier])
    const capped = pots.map((pot) => (isPrompt(pot) ? { ...pot, quantity: Math.min(pot.quantity, largest) } : pot))
    const cost = divideCeil(sumOf(card.card, table, capped), table.denominator)
    if (cost > worst) worst = cost
  }
  return worst
}

const oneRequest: Pot = { quantity: 1, meters: ['requests'] }

/** The largest prompt below the next tier. */
function largestPrompt(card: CompiledCard, next: number | undefined): number {
  if (next === undefined) return Infinity
  return card.tierRule.comparison === '>' ? next : Math.max(0, next - 1)
}

function isPrompt(pot: Pot): boolean {
  return pot.meters.every((meter) => meters[meter].prompt)
}

/** Nanos of all pots over the table's denominator; of two ways of counting one thing, the dearer is counted once. */
function sumOf({ alternatives = [] }: Card, table: RateTable, pots: readonly Pot[]): bigint {
  const amounts = new Map(pots.map((pot) => [pot, amountOf(table, pot)]))
  for (const alternative of alternatives) countOnce(alternative, table, amounts)
  return [...amounts.values()].reduce((sum, amount) => sum + amount, 0n)
}

/** Holds where every meter that a pot can be counted by bills the other one: then only one of them is ever billed. */
function countOnce({ meter, billedBy }: Alternative, table: RateTable, amounts: Map<Pot, bigint>): void {
  const pots = [...amounts.keys()]
  const alone = pots.find((pot) => pot.meters.length === 1 && pot.meters[0] === meter)
  const instead = pots.filter(
    (pot) => pot !== alone && ratedMeters(table, pot).every((each) => billedBy.includes(each)) && ratedMeters(table, pot).length > 0,
  )
  if (alone === undefined || instead.length === 0) return
  const sum = instead.reduce((total, pot) => total + (amounts.get(pot) ?? 0n), 0n)
  const own = amounts.get(alone) ?? 0n
  amounts.set(alone, own > sum ? own - sum : 0n)
}

function ratedMeters(table: RateTable, pot: Pot): readonly Meter[] {
  return pot.meters.filter((meter) => table.rates.has(meter))
}

/**
 * The whole quantity at the dearest rate of its meters. A minimum or increment is met by each meter of a split by
 * itself, so where there are several, each may add its own.
 */
function amountOf(table: RateTable, pot: Pot): bigint {
  const rates = pot.meters.flatMap((meter) => table.rates.get(meter) ?? [])
  const [only] = rates
  if (only === undefined || pot.quantity <= 0) return 0n
  if (rates.length === 1) return BigInt(billedUnits(only, pot.quantity)) * only.numerator
  let dearest = 0n
  let added = 0n
  for (const rate of rates) {
    if (rate.numerator > dearest) dearest = rate.numerator
    added += roundedUpBy(rate) * rate.numerator
  }
  return BigInt(Math.ceil(pot.quantity * only.unitScale)) * dearest + added
}

function roundedUpBy({ minimum, increment, unitScale }: CompiledRate): bigint {
  return BigInt(Math.ceil((minimum + increment) * unitScale))
}

/**
 * Where tiers are marginal, each token costs what its place in the prompt says: the tokens of each tier at the dearest
 * rate that any meter of the prompt has in it. What is not prompt is rated by the base tier.
 */
function worstMarginal(card: CompiledCard, { tables, thresholds }: ServedRates, pots: readonly Pot[], prompt: number): bigint {
  const denominator = tables.reduce((product, table) => product * table.denominator, 1n)
  const inPrompt = [...new Set(pots.filter(isPrompt).flatMap((pot) => pot.meters))]
  let sum = 0n
  let filled = 0
  for (const [tier, table] of tables.entries()) {
    const until = Math.min(prompt, largestPrompt(card, thresholds[tier]))
    const amount = amountOf(table, { quantity: until - filled, meters: inPrompt })
    sum += amount * (denominator / table.denominator)
    filled = Math.max(filled, until)
  }
  const [base] = tables
  if (base === undefined) return 0n
  const rest = pots.filter((pot) => !isPrompt(pot))
  return divideCeil(sum + sumOf(card.card, base, rest) * (denominator / base.denominator), denominator)
}
