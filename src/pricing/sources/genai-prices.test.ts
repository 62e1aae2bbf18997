import { describe, expect, test } from 'vitest'
import { fromGenaiPrices } from './genai-prices.ts'

const million = 1_000_000
const at = { checkedAt: '2026-09-23' }

function read(model: object) {
  return fromGenaiPrices(
    [{ id: 'acme', pricing_urls: ['https://acme.example/prices'], models: [{ match: { equals: 'm1' }, ...model }] }],
    at,
  )
}

describe('a list of genai-prices', () => {
  test('prices per million tokens and per thousand searches become rates, exactly', () => {
    const { cards, skipped } = read({
      id: 'm1',
      match: { equals: 'm1' },
      prices: { input_mtok: 0.15, cache_read_mtok: 0.075, web_searches_kcount: 10 },
    })
    expect(skipped).toEqual([])
    expect(cards).toEqual([
      {
        provider: 'acme',
        model: 'm1',
        rates: [
          { meter: 'inputTokens', usd: '0.15', per: million },
          { meter: 'cacheReadTokens', usd: '0.075', per: million },
          { meter: 'searches', usd: '10', per: 1000 },
        ],
        unrated: 'as-parent-but-audio',
        source: 'https://acme.example/prices',
        checkedAt: '2026-09-23',
      },
    ])
  })

  test('an hour of audio is 3600 seconds, a thousand pages are 1000 pages', () => {
    const { cards } = read({ id: 'm1', prices: { audio_hours: 0.36, input_audio_hours: 0.36, input_document_kpages: 4 } })
    expect(cards[0]?.rates).toEqual([
      { meter: 'audioSeconds', usd: '0.36', per: 3600 },
      { meter: 'pages', usd: '4', per: 1000 },
    ])
  })

  test('a tier holds above its start, for the whole request', () => {
    const { cards } = read({ id: 'm1', prices: { input_mtok: { base: 1.25, tiers: [{ start: 200_000, price: 2.5 }] } } })
    expect(cards[0]).toMatchObject({
      tier: { mode: 'whole', comparison: '>' },
      rates: [
        { meter: 'inputTokens', usd: '1.25', per: million },
        { meter: 'inputTokens', usd: '2.5', per: million, from: 200_000 },
      ],
    })
  })

  test('a price from a date is a card of its own and ends the one before', () => {
    const { cards } = read({
      id: 'm1',
      prices: [{ prices: { input_mtok: 10 } }, { constraint: { type: 'start_date', start_date: '2025-06-10' }, prices: { input_mtok: 2 } }],
    })
    expect(cards.map(({ validFrom, validUntil, rates }) => [validFrom, validUntil, rates[0]?.usd])).toEqual([
      [undefined, '2025-06-10', '10'],
      ['2025-06-10', undefined, '2'],
    ])
  })

  test('a price by the time of day leaves the model out and says so', () => {
    const { cards, skipped } = read({
      id: 'm1',
      prices: [
        { prices: { input_mtok: 1 } },
        { constraint: { type: 'time_of_date', start_time: '01:00', end_time: '04:00' }, prices: { input_mtok: 2 } },
      ],
    })
    expect(cards).toEqual([])
    expect(skipped).toMatchObject([{ model: 'm1', key: 'prices', reason: expect.stringContaining('time of day') }])
  })

  test('a unit that no meter counts is named, and the rest of the model kept', () => {
    const { cards, skipped } = read({ id: 'm1', prices: { input_mtok: 2, storage_searches_kcount: 2.5 } })
    expect(cards[0]?.rates).toHaveLength(1)
    expect(skipped).toEqual([{ provider: 'acme', model: 'm1', key: 'storage_searches_kcount', reason: 'no meter counts this unit' }])
  })

  test('no price at all is not free, unless the name says so', () => {
    expect(read({ id: 'm1', prices: {} })).toMatchObject({ cards: [], skipped: [{ key: 'prices' }] })
    expect(read({ id: 'm1:free', prices: {} }).cards[0]?.rates.map((rate) => rate.usd)).toEqual(['0', '0'])
  })

  test('equal names are aliases; beginnings, parts and ends are patterns; only a whole regular expression is kept', () => {
    const { cards, skipped } = read({
      id: 'm1',
      match: {
        or: [
          { equals: 'm1' },
          { equals: 'm-one' },
          { starts_with: 'm1-' },
          { contains: 'acme.m1' },
          { ends_with: 'acme-m1' },
          { regex: '^m1-\\d{8}$' },
          { regex: '^m1-\\d' },
          { and: [{ starts_with: 'm1-preview' }, { regex: '^(?!.*-tts)' }] },
        ],
      },
      prices: { input_mtok: 1 },
    })
    expect(cards[0]?.aliases).toEqual(['m-one'])
    expect(cards[0]?.patterns).toEqual([
      { prefix: 'm1-' },
      { contains: 'acme.m1' },
      { contains: 'acme-m1' },
      { regex: '^m1-\\d{8}$' },
      { prefix: 'm1-preview' },
    ])
    expect(skipped).toMatchObject([{ key: 'match', reason: expect.stringContaining('^m1-\\\\d') }])
  })

  test('audio is never priced as text by accident', () => {
    expect(read({ id: 'm1-audio-preview', prices: { input_mtok: 2.5, output_mtok: 10 } }).cards[0]?.unrated).toBe('partial')
    expect(read({ id: 'm1-audio', prices: { input_mtok: 2.5, input_audio_mtok: 32 } }).cards[0]?.unrated).toBe('as-parent-but-audio')
    expect(read({ id: 'm1-image', prices: { input_mtok: 2.5, output_mtok: 10 } }).cards[0]?.unrated).toBe('partial')
  })

  test('Google alone sells audio at the price of text where it names no other', () => {
    const models = [{ id: 'm1', match: { equals: 'm1' }, prices: { input_mtok: 1 } }]
    const { cards } = fromGenaiPrices(
      ['google', 'openai', 'anthropic'].map((id) => ({ id, models })),
      at,
    )
    expect(cards.map((card) => card.unrated)).toEqual(['as-parent', 'as-parent-but-audio', 'as-parent-but-audio'])
  })

  test("OpenAI's long context begins above 272,000 tokens as its page says, not above 271,999; both are named", () => {
    const prices = { input_mtok: { base: 2.5, tiers: [{ start: 271_999, price: 5 }] } }
    const models = [{ id: 'm1', match: { equals: 'm1' }, prices }]
    const { cards, skipped } = fromGenaiPrices(
      [
        { id: 'openai', models },
        { id: 'acme', models },
      ],
      at,
    )
    expect(cards.map((card) => card.rates[1]?.from)).toEqual([272_000, 271_999])
    expect(skipped).toMatchObject([{ provider: 'openai', model: 'm1', key: 'inputTokens', reason: expect.stringContaining('271999') }])
  })

  test('models that OpenAI does not sell have no card of OpenAI, and are named', () => {
    const models = [{ id: 'gpt-oss-120b', match: { equals: 'gpt-oss-120b' }, prices: { input_mtok: 0.1 } }]
    const { cards, skipped } = fromGenaiPrices(
      [
        { id: 'openai', models },
        { id: 'cerebras', models },
      ],
      at,
    )
    expect(cards.map((card) => card.provider)).toEqual(['cerebras'])
    expect(skipped).toMatchObject([{ provider: 'openai', model: 'gpt-oss-120b', key: 'model' }])
  })

  test('anything else is refused, and nothing is applied', () => {
    expect(() => fromGenaiPrices({ models: [] }, at)).toThrow(expect.objectContaining({ code: 'PURSER_CATALOG_REJECTED' }))
    expect(() => fromGenaiPrices([{ id: 'acme', models: [{ id: 'm1', match: {}, prices: { input_mtok: true } }] }], at)).toThrow(
      '0.models.0.prices',
    )
  })
})
