import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createCatalog } from './catalog.ts'
import { parseOwnerCards, staleOwnerPrices } from './owner-cards.ts'
import { priceUsage } from './price-usage.ts'
import type { Priced, PriceRequest } from './priced.ts'

const source = 'purser.yaml'
const at = Date.parse('2026-03-01')

function read(yaml: string) {
  return parseOwnerCards(parse(yaml), { source })
}

/** The cost in nanos that the prices give a usage. */
function cost(yaml: string, request: Omit<PriceRequest, 'at'>): bigint | string {
  const catalog = createCatalog({ owner: read(yaml).cards, refreshed: [], shipped: [] })
  const priced: Priced = priceUsage(catalog, { at, ...request })
  return priced.status === 'priced' ? priced.costNanos : `${priced.status}: ${JSON.stringify(priced, (_, value) => String(value))}`
}

const agentPlatform = `
last_updated: "2026-02-01"
models:
  haiku: { input_per_million: 0.25, output_per_million: 1.25 }
  sonnet: { input_per_million: 3.00, output_per_million: 15.00 }
  opus: { input_per_million: 15.00, output_per_million: 75.00 }
`

describe('the prices of haiku, sonnet and opus per million', () => {
  test('are for those names at Anthropic', () => {
    // 1,000,000 × $0.25 / 1M + 200,000 × $1.25 / 1M = $0.25 + $0.25
    const usage = { inputTokens: 1_000_000, outputTokens: 200_000 }
    expect(cost(agentPlatform, { provider: 'anthropic', model: 'haiku', usage })).toBe(500_000_000n)
    // 1,500 × $15 / 1M + 300 × $75 / 1M = $0.0225 + $0.0225
    expect(cost(agentPlatform, { provider: 'claude', model: 'opus', usage: { inputTokens: 1500, outputTokens: 300 } })).toBe(45_000_000n)
  })

  test('carry the date on which they were last updated', () => {
    expect(read(agentPlatform).cards.map((card) => [card.model, card.checkedAt, card.source])).toEqual([
      ['haiku', '2026-02-01', source],
      ['sonnet', '2026-02-01', source],
      ['opus', '2026-02-01', source],
    ])
  })

  test('price cached tokens as input, and say so', () => {
    // (1,000 + 9,000) × $3 / 1M
    const usage = { inputTokens: 1000, cacheReadTokens: 9000 }
    expect(cost(agentPlatform, { provider: 'anthropic', model: 'sonnet', usage })).toBe(30_000_000n)
    expect(read(agentPlatform).warnings).toContain(
      'pricing.models.sonnet gives no cache prices; cached tokens of sonnet are priced as input.',
    )
  })

  test('may have cache prices of their own', () => {
    const yaml = `
last_updated: "2026-02-01"
models:
  sonnet:
    input_per_million: 3
    output_per_million: 15
    cache_read_per_million: 0.30
    cache_write_per_million: 3.75
    cache_write_1h_per_million: 6
`
    // 9,000 × $0.30 + 2,000 × $3.75 + 1,000 × $6, all / 1M = $0.0027 + $0.0075 + $0.006
    const usage = { cacheReadTokens: 9000, cacheWrite5mTokens: 2000, cacheWrite1hTokens: 1000 }
    expect(cost(yaml, { provider: 'anthropic', model: 'sonnet', usage })).toBe(16_200_000n)
    expect(read(yaml).warnings).toEqual([])
  })

  test('may name the models that they stand for', () => {
    const yaml = `{ models: { haiku: { input_per_million: 1, output_per_million: 5, match: ["claude-haiku-*", "claude-mini"] } } }`
    const usage = { inputTokens: 1_000_000 }
    expect(cost(yaml, { provider: 'anthropic', model: 'claude-haiku-9-20270101', usage })).toBe(1_000_000_000n)
    expect(cost(yaml, { provider: 'anthropic', model: 'claude-mini', usage })).toBe(1_000_000_000n)
    expect(cost(yaml, { provider: 'anthropic', model: 'my-claude-haiku-9', usage })).toMatch('unpriced')
  })
})

describe('the other forms in which prices are written', () => {
  test('per thousand tokens, by service and model', () => {
    const yaml = `{ openai: { gpt-4o: { input_per_1k: 0.03, output_per_1k: 0.06 } } }`
    // 1 × $0.03 + 0.2 × $0.06
    expect(cost(yaml, { provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 } })).toBe(42_000_000n)
  })

  test('one combined rate for every token alike', () => {
    const yaml = `{ gemini: { gemini-1.5-pro: { per_1k_tokens: 0.00025 } } }`
    // (100 + 500) / 1,000 × $0.00025
    expect(cost(yaml, { provider: 'gemini', model: 'gemini-1.5-pro', usage: { inputTokens: 100, outputTokens: 500 } })).toBe(150_000n)
    const usage = { cacheReadTokens: 400, audioInputTokens: 600 }
    expect(cost(yaml, { provider: 'google', model: 'gemini-1.5-pro', usage })).toBe(250_000n)
  })

  test('a service with one price for all of its models', () => {
    const yaml = `{ nanobanana: { per_image: 0.02 }, elevenlabs: { per_1k_characters: 0.30 } }`
    // 12 × $0.02; 1,200 / 1,000 × $0.30
    expect(cost(yaml, { provider: 'nanobanana', model: 'nanobanana', usage: { images: 12 } })).toBe(240_000_000n)
    expect(cost(yaml, { provider: 'elevenlabs', model: 'eleven_v9', usage: { characters: 1200 } })).toBe(360_000_000n)
  })

  test.each([
    ['per_audio_second: 0.0001', { audioSeconds: 90.5 }, 9_050_000n],
    ['per_audio_minute: 0.006', { audioSeconds: 90 }, 9_000_000n],
    ['per_audio_hour: 0.36', { audioSeconds: 90 }, 9_000_000n],
    ['per_video_second: 0.4', { videoSeconds: 8 }, 3_200_000_000n],
    ['per_page: 0.001', { pages: 3 }, 3_000_000n],
    ['per_request: 0.005', { requests: 2 }, 10_000_000n],
    ['per_search: 0.01', { searches: 2 }, 20_000_000n],
    ['per_1k_searches: 10', { searches: 2 }, 20_000_000n],
    ['per_1k_file_searches: 2.5', { fileSearches: 4 }, 10_000_000n],
    ['per_container_session: 0.03', { containerSessions: 0.5 }, 15_000_000n],
    ['per_container_hour: 0.05', { containerHours: 0.25 }, 12_500_000n],
    ['per_map_grounding: 0.025', { mapGroundings: 2 }, 50_000_000n],
    ['per_code_execution: 0.005', { codeExecutions: 3 }, 15_000_000n],
    ['per_1k_posts: 5, per_1k_profiles: 10', { postsFetched: 44, profilesFetched: 3 }, 250_000_000n],
    ['per_million_characters: 15', { characters: 1000 }, 15_000_000n],
    ['per_million_tokens: "0.5"', { inputTokens: 3, outputTokens: 3 }, 3000n],
  ])('%s', (price, usage, nanos) => {
    expect(cost(`{ models: { m1: { provider: acme, ${price} } } }`, { provider: 'acme', model: 'm1', usage })).toBe(nanos)
  })

  test('free models, and a price of zero', () => {
    const yaml = `{ models: { mine: { provider: acme, free: true }, zero: { provider: acme, per_million_tokens: 0 } } }`
    expect(cost(yaml, { provider: 'acme', model: 'mine', usage: { inputTokens: 5, images: 2, audioSeconds: 60 } })).toBe(0n)
    expect(cost(yaml, { provider: 'acme', model: 'zero', usage: { inputTokens: 5 } })).toBe(0n)
  })

  test('a card in full, beside or instead of the short names', () => {
    const yaml = `
models:
  m1:
    provider: acme
    input_per_million: 2
    rates:
      - { meter: images, usd: "0.04", per: 1 }
      - { meter: images, usd: "0.08", per: 1, when: { attributes: { quality: hd } } }
    modifiers: [{ when: { serviceTier: batch }, factor: "0.5" }]
    validFrom: "2026-01-01"
    checkedAt: "2026-02-15"
    source: the contract
`
    expect(cost(yaml, { provider: 'acme', model: 'm1', usage: { images: 2, attributes: { quality: 'hd' } } })).toBe(160_000_000n)
    expect(cost(yaml, { provider: 'acme', model: 'm1', usage: { inputTokens: 1_000_000 }, serviceTier: 'batch' })).toBe(1_000_000_000n)
    expect(read(yaml).cards[0]).toMatchObject({ validFrom: '2026-01-01', checkedAt: '2026-02-15', source: 'the contract' })
  })

  test('nothing at all', () => {
    expect(read('models:')).toEqual({ cards: [], warnings: [] })
  })

  test('the numbers are those that stand in the file', () => {
    const [card] = read('{ models: { m1: { provider: acme, input_per_million: 0.1, output_per_1k: 3e-7 } } }').cards
    expect(card?.rates.map((rate) => rate.usd)).toEqual(['0.1', '0.0000003'])
  })
})

describe('what cannot be right', () => {
  test.each([
    [
      '{ models: { haiku: { input_per_milion: 1 } } }',
      'pricing.models.haiku.input_per_milion is not a key that purser knows. Did you mean "input_per_million"?',
    ],
    ['{ modles: { haiku: { input_per_million: 1 } } }', 'pricing.modles is not a key that purser knows. Did you mean "models"?'],
    ['{ last_update: "2026-02-01" }', 'Did you mean "last_updated"?'],
    [
      '{ models: { gpt-4o: { input_per_million: 1 } } }',
      'pricing.models.gpt-4o does not say whose model it is; add a line like "provider: openai".',
    ],
    ['{ models: { haiku: {} } }', 'pricing.models.haiku has no price'],
    ['{ models: { haiku: { free: true, per_image: 1 } } }', 'pricing.models.haiku is free and has prices'],
    ['{ models: { haiku: { input_per_million: 1, input_per_1k: 1 } } }', 'prices inputTokens a second time'],
    ['{ models: { haiku: { input_per_million: -1 } } }', 'pricing.models.haiku.input_per_million is -1'],
    ['{ models: { haiku: { input_per_million: cheap } } }', 'pricing.models.haiku.input_per_million is "cheap"'],
    ['{ models: { haiku: { input_per_million: .nan } } }', 'pricing.models.haiku.input_per_million is'],
    ['{ models: { haiku: { rates: [{ meter: inputTokens, usd: 2, per: 1 }] } } }', 'pricing.models.haiku.rates.0.usd'],
    ['{ models: [haiku] }', 'pricing.models is ["haiku"]'],
    ['{ last_updated: last week }', 'pricing.last_updated is "last week"'],
    ['- haiku', 'pricing is ["haiku"]'],
  ])('%s', (yaml, message) => {
    expect(() => read(yaml)).toThrow(message)
    expect(() => read(yaml)).toThrow(expect.objectContaining({ code: 'PURSER_BAD_CONFIG' }))
  })
})

describe('prices that were not checked for long', () => {
  test('are named with their age after 30 days', () => {
    const { cards } = read(agentPlatform)
    expect(staleOwnerPrices(cards, Date.parse('2026-03-03'))).toEqual([])
    expect(staleOwnerPrices(cards, Date.parse('2026-03-04'))).toEqual([
      "The prices of haiku, sonnet, opus were last checked on 2026-02-01, 31 days ago. Compare them with the provider's price page and set pricing.last_updated.",
    ])
  })

  test('that are zero cannot grow old', () => {
    const { cards } = read('{ last_updated: "2020-01-01", models: { mine: { provider: acme, free: true } } }')
    expect(staleOwnerPrices(cards, at)).toEqual([])
  })

  test('and those without a date are pointed out when they are read', () => {
    const { cards, warnings } = read('{ models: { m1: { provider: acme, per_image: 1 } } }')
    expect(warnings).toEqual(['pricing.last_updated is missing; add the date on which you last compared these prices with their source.'])
    expect(staleOwnerPrices(cards, at)).toEqual([])
  })
})
