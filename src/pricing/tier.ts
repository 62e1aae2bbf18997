import type { Usage } from '../usage/usage.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import type { TierRule } from './card.ts'

/** What holds where a card has tiers and does not say how: the whole request, above the threshold. */
export const defaultTierRule: TierRule = { mode: 'whole', comparison: '>' }

const promptMeters = new Set<string>(meterNames.filter((meter) => meters[meter].prompt))

/** The whole prompt of one request: every token that went in, cached or not, of any modality. */
export function promptTokens(usage: Usage): number {
  let tokens = 0
  for (const name in usage) {
    if (promptMeters.has(name)) tokens += usage[name as Meter] ?? 0
  }
  return tokens
}

/** The place of the tier that a prompt reaches, among thresholds in rising order; 0 is the base tier. */
export function tierOf(prompt: number, thresholds: readonly number[], rule: TierRule): number {
  let tier = 0
  for (const from of thresholds) {
    if (rule.comparison === '>' ? prompt > from : prompt >= from) tier += 1
  }
  return tier
}

/** A share of one quantity that one tier rates. */
export interface TierShare {
  readonly meter: Meter
  readonly tier: number
  readonly quantity: number
}

/**
 * Splits a usage over marginal tiers, where each tier rates the tokens within its bounds. The prompt is filled in the
 * order of the registry of meters, uncached text first; every token is whole and falls into exactly one tier. With `>`
 * the token at the threshold is still below it, with `>=` it is the first above. What is not prompt is rated by the
 * base tier, since no threshold lies in it.
 */
export function splitMarginal(
  quantities: readonly (readonly [Meter, number])[],
  thresholds: readonly number[],
  rule: TierRule,
): TierShare[] {
  const bounds = thresholds.map((from) => (rule.comparison === '>' ? from : Math.max(0, from - 1)))
  const shares: TierShare[] = []
  let filled = 0
  for (const [meter, quantity] of quantities) {
    if (!meters[meter].prompt) {
      shares.push({ meter, tier: 0, quantity })
      continue
    }
    let left = quantity
    for (let tier = 0; left > 0; tier += 1) {
      const taken = Math.min(left, Math.max(0, (bounds[tier] ?? Infinity) - filled))
      if (taken > 0) shares.push({ meter, tier, quantity: taken })
      filled += taken
      left -= taken
    }
  }
  return shares
}
