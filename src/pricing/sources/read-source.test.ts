import { describe, expect, test } from 'vitest'
import { readPriceSource } from './read-source.ts'

const at = { checkedAt: '2026-08-01' }
const card = {
  provider: 'acme',
  model: 'm1',
  rates: [
    { meter: 'inputTokens', usd: '2', per: 1_000_000, when: { hours: [{ from: '22:00', to: '06:00', zone: 'UTC', weekdays: [5] }] } },
  ],
  source: 'https://acme.example/prices',
  checkedAt: '2026-07-01',
}

describe('a price list in whatever form', () => {
  test('a list of cards, alone or under "cards", is our own', () => {
    expect(readPriceSource([card], at)).toEqual({ format: 'purser', cards: [card], skipped: [] })
    expect(readPriceSource({ cards: [card] }, at).cards).toEqual([card])
  })

  test('providers with models are genai-prices', () => {
    const list = [{ id: 'acme', models: [{ id: 'm1', match: { equals: 'm1' }, prices: { input_mtok: 2 } }] }]
    expect(readPriceSource(list, at)).toMatchObject({ format: 'genai-prices', cards: [{ model: 'm1', checkedAt: '2026-08-01' }] })
  })

  test('models by name are LiteLLM', () => {
    const list = { m1: { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 2e-6 } }
    expect(readPriceSource(list, at)).toMatchObject({ format: 'litellm', cards: [{ provider: 'openai', model: 'm1' }] })
  })

  test.each([[null], [[]], [{}], ['text'], [[1]], [{ prices: {} }]])('%j is no price list', (input) => {
    expect(() => readPriceSource(input, at)).toThrow(expect.objectContaining({ code: 'PURSER_CATALOG_REJECTED' }))
  })

  test.each([
    [{ rates: [] }, 'rates'],
    [{ rates: [{ meter: 'inputToken', usd: '2', per: 1 }] }, 'rates.0.meter'],
    [{ rates: [{ meter: 'inputTokens', usd: '-2', per: 1 }] }, 'rates.0.usd'],
    [{ rates: [{ meter: 'inputTokens', usd: '2', per: 0 }] }, 'rates.0.per'],
    [{ checkedAt: 'yesterday' }, 'checkedAt'],
    [{ price: 1 }, 'price'],
  ])('a card with %j is refused and named', (wrong, place) => {
    const read = () => readPriceSource([card, { ...card, ...wrong }], at)
    expect(read).toThrow('Card 2 (acme/m1)')
    expect(read).toThrow(place)
    expect(read).toThrow(expect.objectContaining({ code: 'PURSER_BAD_CARD' }))
  })
})
