import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createCatalog } from '../../src/pricing/catalog.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { parseOwnerCards } from '../../src/pricing/owner-cards.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { PriceRequest } from '../../src/pricing/priced.ts'

/** What the owner does: paste the YAML of the message, put a number where an ellipsis stands, and ask again. */
function pasteAndAsk(request: PriceRequest, amount: string): unknown {
  const shipped = loadShippedCatalog()
  const before = priceUsage(shipped, request)
  if (before.status !== 'unpriced') return before.status
  const yaml = before.message.slice(before.message.indexOf('\npricing:')).replaceAll('…', amount)
  const { cards } = parseOwnerCards((parse(yaml) as { pricing: unknown }).pricing, { source: 'purser.yaml' })
  const after = priceUsage(createCatalog({ owner: cards, refreshed: [], shipped: shipped.cards() }), request)
  return after.status === 'unpriced' ? after.message : [after.status, after.costNanos, after.card.origin]
}

const at = Date.parse('2026-11-01')

test.each<[string, Partial<PriceRequest>, bigint]>([
  // 1000 + 100 tokens at $2 per million
  ['tokens', { provider: 'acme', model: 'brain-7', usage: { inputTokens: 1000, outputTokens: 100 } }, 2_200_000n],
  // 500 characters at $2 per 1000
  ['characters', { provider: 'acme', model: 'voice: loud', usage: { characters: 500 } }, 1_000_000_000n],
  ['audio seconds', { provider: 'whisperx', model: 'large-v3', usage: { audioSeconds: 1.5 } }, 3_000_000_000n],
  ['images', { provider: 'acme', model: '42', usage: { images: 3 } }, 6_000_000_000n],
  ['video seconds', { provider: 'acme', model: 'true', usage: { videoSeconds: 2 } }, 4_000_000_000n],
  ['tokens and searches', { provider: 'acme', model: 'seeker', usage: { inputTokens: 1000, searches: 1 } }, 2_002_000_000n],
])('the YAML that a message shows gives a model a price for its %s', (_unit, request, costNanos) => {
  expect(pasteAndAsk({ usage: {}, at, ...request } as PriceRequest, '2')).toEqual(['priced', costNanos, 'owner'])
})

test('the YAML that a message shows gives a card a price for a service tier it does not know', () => {
  const request = { provider: 'openai', model: 'gpt-4o-2024-08-06', usage: { inputTokens: 1000 }, serviceTier: 'scale', at }
  // $2.50 per million × 2
  expect(pasteAndAsk(request, '2')).toEqual(['priced', 5_000_000n, 'owner'])
})
