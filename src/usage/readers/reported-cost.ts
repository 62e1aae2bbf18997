import { parseDecimal } from '../../money/nanos.ts'
import { asDollars, asFields, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/** Fields of a usage that say what a call cost. */
export const costFields: readonly string[] = ['cost', 'cost_details', 'cost_in_usd_ticks', 'is_byok']

/**
 * What a server says the call cost, in dollars: `cost` (OpenRouter, where a credit is a dollar:
 * https://openrouter.ai/docs/use-cases/usage-accounting), `cost.total_cost` (Perplexity), or `cost_in_usd_ticks`
 * (xAI, 1e10 ticks to the dollar: https://docs.x.ai/developers/cost-tracking).
 */
export function readReportedCost(draft: UsageDraft, usage: Fields): string | undefined {
  const ticks = asDollars(usage['cost_in_usd_ticks'])
  if (ticks !== undefined) return fromTicks(ticks)
  if (usage['is_byok'] === true) {
    const upstream = asDollars(asFields(usage['cost_details'])?.['upstream_inference_cost'])
    draft.warn(
      'assumed',
      `The call ran on the owner's own key: usage.cost is the gateway's fee, the model cost ${upstream ?? 'an amount not reported'} more.`,
    )
  }
  return asDollars(asFields(usage['cost'])?.['total_cost'] ?? usage['cost'])
}

function fromTicks(ticks: string): string {
  const { digits, scale } = parseDecimal(ticks)
  const places = scale + 10
  const text = digits.toString().padStart(places + 1, '0')
  return `${text.slice(0, -places)}.${text.slice(-places)}`.replace(/\.?0+$/, '')
}
