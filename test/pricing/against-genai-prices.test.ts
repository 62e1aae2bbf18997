import { calcPrice } from '@pydantic/genai-prices'
import { expect, test } from 'vitest'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'

const catalog = loadShippedCatalog()
const at = Date.parse('2026-09-23')

/** Ours and theirs, in dollars; undefined where they do not know the model, or rate it by something else than tokens. */
function bothPrices(provider: string, model: string, inputTokens: number, cacheReadTokens: number) {
  const usage = { input_tokens: inputTokens + cacheReadTokens, cache_read_tokens: cacheReadTokens, output_tokens: 50 }
  const theirs = calcPrice(usage, model, { providerId: provider, timestamp: new Date(at) })
  const ours = priceUsage(catalog, { provider, model, at, usage: { inputTokens, cacheReadTokens, outputTokens: 50 } })
  if (theirs === null || ours.status !== 'priced') return undefined
  return { ours: Number(ours.costNanos) / 1e9, theirs: theirs.total_price }
}

test('plain calls of over a thousand generated models cost what genai-prices makes of its own list, below and above long-context tiers', () => {
  const generated = catalog.cards().filter((card) => card.checkedAt === '2026-09-23' && card.validFrom === undefined)
  const differing: string[] = []
  let compared = 0
  for (const { provider, model } of generated) {
    for (const [input, cached] of [
      [1000, 100],
      [300_000, 0],
      [1000, 300_000],
    ] as const) {
      const prices = bothPrices(provider, model, input, cached)
      if (prices === undefined) continue
      compared += 1
      // Their doubles, our nanos: half a nano for the rounding, and as much for the noise of sums of doubles.
      if (Math.abs(prices.ours - prices.theirs) > 1e-9)
        differing.push(`${provider}/${model} ${input}: ${prices.ours}, theirs ${prices.theirs}`)
    }
  }
  expect(differing).toEqual([])
  expect(compared).toBeGreaterThan(3000)
})
