import { parseDecimal, type Nanos, nanos } from '../money/nanos.ts'
import { splitAmount, splitRows } from '../money/split-amount.ts'
import type { PriceLine } from '../pricing/priced.ts'
import type { Meter } from '../usage/meters.ts'
import { fromScaled, toScaled, type Usage } from '../usage/usage.ts'
import type { Charge, PartPlace, Served } from './charge.ts'
import { partId } from './charge-id.ts'
import type { ChargeDraft } from './draft-charge.ts'
import { parseLabels } from './labels.ts'

/**
 * The charges of a call: itself, or one for each of those that it serves, with the labels of the call and its own. The call
 * is priced once; its cost, each line and each quantity are split by weight, and sum to the whole to the last unit.
 * @throws PURSER_BAD_LABEL, PURSER_SECRET_IN_LABEL
 */
export function splitCall(call: ChargeDraft, serves: readonly Served[] | undefined): [ChargeDraft, ...ChargeDraft[]] {
  if (serves === undefined) return [call]
  const weights = serves.map(({ weight }) => weight)
  const parts = shareOut(call, weights).map((share, index) => ({
    ...partWith(call, { index: index + 1, weights }, share),
    labels: parseLabels({ ...call.labels, ...serves[index]?.labels }),
  }))
  return parts as [ChargeDraft, ...ChargeDraft[]]
}

/** One part of a call by itself, with the labels that the draft has. */
export function partOf(call: ChargeDraft, { index, weights }: PartPlace): ChargeDraft {
  return partWith(call, { index, weights }, shareOut(call, weights)[index - 1] as Share)
}

/** What the whole call was said to be, told by one of its parts. */
export function wholeOf<T extends ChargeDraft>(charge: T): T {
  const { part, usage } = charge
  if (part === null) return charge
  const { attributes } = usage
  const { statedNanos, reportedNanos } = part
  const whole = attributes === undefined ? part.usage : { ...part.usage, attributes }
  return { ...charge, id: part.of, usage: whole, statedNanos, reportedNanos, part: null }
}

/** What a part has of the quantities and amounts of its call. */
type Share = Pick<Charge, 'usage' | 'lines' | 'costNanos' | 'statedNanos' | 'reportedNanos'>

function partWith(call: ChargeDraft, { index, weights }: PartPlace, share: Share): ChargeDraft {
  const { attributes: _, ...usage } = call.usage
  const { statedNanos, reportedNanos } = call
  const addsCall = index - 1 === heaviest(weights)
  const part = { of: call.id, index, weights, addsCall, usage, statedNanos, reportedNanos }
  return { ...call, ...share, id: partId(call.id, index, weights.length), part }
}

function shareOut(call: ChargeDraft, weights: readonly string[]): Share[] {
  const by = inOneUnit(weights)
  const usages = splitUsage(call.usage, by)
  const lines = splitLines(call.lines, by)
  const [costs, stated, reported] = [call.costNanos, call.statedNanos, call.reportedNanos].map((amount) => splitNanos(amount, by))
  return by.map((_, index) => ({
    usage: usages[index] ?? {},
    lines: lines.map((parts) => parts[index] as PriceLine),
    costNanos: costs?.[index] ?? null,
    statedNanos: stated?.[index] ?? null,
    reportedNanos: reported?.[index] ?? null,
  }))
}

/** Decimals as integers of one unit. */
function inOneUnit(weights: readonly string[]): bigint[] {
  const decimals = weights.map((weight) => parseDecimal(weight))
  const scale = Math.max(...decimals.map((each) => each.scale))
  return decimals.map((each) => each.digits * 10n ** BigInt(scale - each.scale))
}

/** The place of the largest, the first of equal ones, from 0. */
function heaviest(weights: readonly string[]): number {
  return inOneUnit(weights).reduce((best, weight, index, all) => (weight > (all[best] ?? 0n) ? index : best), 0)
}

function splitNanos(amount: Nanos | null, weights: readonly bigint[]): Nanos[] | undefined {
  return amount === null ? undefined : splitAmount(amount, weights).map(nanos)
}

/** Every part says every meter, be it none of it, so that each tells that the usage is known. */
function splitUsage(usage: Usage, weights: readonly bigint[]): Usage[] {
  const parts = weights.map((): Record<string, unknown> => ({}))
  for (const [meter, amounts] of splitQuantities(usage, weights)) {
    for (const [index, amount] of amounts.entries()) (parts[index] ?? {})[meter] = fromScaled(meter, Number(amount))
  }
  if (usage.attributes !== undefined) for (const part of parts) part['attributes'] = usage.attributes
  return parts as Usage[]
}

function* splitQuantities(usage: Usage, weights: readonly bigint[]): Iterable<[Meter, bigint[]]> {
  const { reasoningTokens, outputTokens = 0 } = usage
  for (const name in usage) {
    const meter = name as Meter | 'attributes'
    if (meter === 'attributes' || meter === 'reasoningTokens') continue
    yield [meter, splitAmount(BigInt(toScaled(meter, usage[meter] ?? 0)), weights)]
  }
  if (reasoningTokens === undefined) return
  // It is a share of the output, and no part may reason more than it puts out.
  const [reasoned = []] = splitRows([BigInt(reasoningTokens), BigInt(outputTokens - reasoningTokens)], weights)
  yield ['reasoningTokens', reasoned]
}

/** Each line as its parts. Lines of one meter are split together, so that tiers of a meter fit its quantity. */
function splitLines(lines: readonly PriceLine[], weights: readonly bigint[]): PriceLine[][] {
  const costs = splitRows(
    lines.map(({ costNanos }) => costNanos),
    weights,
  )
  const quantities = lines.map((): bigint[] => [])
  for (const meter of new Set(lines.map((line) => line.meter))) {
    const places = lines.flatMap((line, place) => (line.meter === meter ? [place] : []))
    const scaled = places.map((place) => BigInt(toScaled(meter, lines[place]?.quantity ?? 0)))
    for (const [index, row] of splitRows(scaled, weights).entries()) quantities[places[index] ?? 0] = row
  }
  return lines.map((line, place) =>
    weights.map((_, index) => ({
      ...line,
      quantity: fromScaled(line.meter, Number(quantities[place]?.[index] ?? 0n)),
      costNanos: nanos(costs[place]?.[index] ?? 0n),
    })),
  )
}
