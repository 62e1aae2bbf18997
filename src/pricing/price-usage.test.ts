import { describe, expect, test } from 'vitest'
import type { Card } from './card.ts'
import { createCatalog } from './catalog.ts'
import { priceUsage } from './price-usage.ts'
import type { Priced, PriceRequest } from './priced.ts'

const checkedAt = '2026-08-01'
const later = Date.parse('2026-09-01')
const million = 1_000_000

function card(more: Partial<Card> & Pick<Card, 'rates'>): Card {
  return { provider: 'acme', model: 'm1', source: 'https://acme.example/prices', checkedAt, ...more }
}

function priceBy(cards: Card | Card[], request: Partial<PriceRequest>): Priced {
  const catalog = createCatalog({ owner: [], refreshed: [], shipped: [cards].flat() })
  return priceUsage(catalog, { provider: 'acme', model: 'm1', usage: {}, at: later, ...request })
}

/** Cost, and each line as `meter quantity at rate = nanos`. */
function summary(priced: Priced): unknown {
  if (priced.status === 'unpriced') return priced.reason
  const lines = priced.lines.map((line) => `${line.meter} ${line.quantity} at ${line.rateUsd}/${line.per} = ${line.costNanos}`)
  return [priced.status, priced.costNanos, ...lines]
}

const inAndOut = card({
  rates: [
    { meter: 'inputTokens', usd: '2.5', per: million },
    { meter: 'outputTokens', usd: '10', per: million },
  ],
})

describe('a usage priced by its card', () => {
  test('every quantity is a line, and the lines sum to the cost', () => {
    // 1000 × $2.5 / 1M = $0.0025; 200 × $10 / 1M = $0.002
    expect(summary(priceBy(inAndOut, { usage: { inputTokens: 1000, outputTokens: 200 } }))).toEqual([
      'priced',
      4_500_000n,
      'inputTokens 1000 at 2.5/1000000 = 2500000',
      'outputTokens 200 at 10/1000000 = 2000000',
    ])
  })

  test('the card, its origin and the revision of the catalog are kept', () => {
    const priced = priceBy(inAndOut, { usage: { inputTokens: 1 } })
    expect(priced).toMatchObject({
      match: 'exact',
      unratedMeters: [],
      card: { provider: 'acme', model: 'm1', origin: 'shipped', source: 'https://acme.example/prices', checkedAt },
    })
    expect(priced.status === 'priced' && priced.card.revision).toMatch(/^[0-9a-f]{12}$/)
  })

  test('lines stand in the order of the meters, whatever order the usage has', () => {
    const priced = priceBy(inAndOut, { usage: { outputTokens: 200, attributes: { a: 'b' }, inputTokens: 1000 } })
    expect(priced.status === 'priced' && priced.lines.map((line) => line.meter)).toEqual(['inputTokens', 'outputTokens'])
  })

  test('a call that used nothing costs zero, because the model has a price', () => {
    expect(summary(priceBy(inAndOut, { usage: {} }))).toEqual(['priced', 0n])
    expect(summary(priceBy(inAndOut, { usage: { inputTokens: 0 } }))).toEqual(['priced', 0n])
  })

  test('the charge is rounded once, half-even, and its lines are allotted so that they sum to it', () => {
    // $0.0005 per million tokens is half a nano per token.
    const halves = card({
      rates: [
        { meter: 'inputTokens', usd: '0.0005', per: million },
        { meter: 'cacheReadTokens', usd: '0.0005', per: million },
        { meter: 'outputTokens', usd: '0.0005', per: million },
      ],
    })
    // 0.5 → 0, 1.5 → 2, 2.5 → 2: half-even. Rounded line by line, 3 × 0.5 would have been 0.
    expect(priceBy(halves, { usage: { inputTokens: 1 } })).toMatchObject({ costNanos: 0n })
    expect(priceBy(halves, { usage: { inputTokens: 5 } })).toMatchObject({ costNanos: 2n })
    expect(summary(priceBy(halves, { usage: { inputTokens: 1, cacheReadTokens: 1, outputTokens: 1 } }))).toEqual([
      'priced',
      2n,
      'inputTokens 1 at 0.0005/1000000 = 1',
      'cacheReadTokens 1 at 0.0005/1000000 = 1',
      'outputTokens 1 at 0.0005/1000000 = 0',
    ])
  })

  test('amounts beyond the exact range of doubles are exact too', () => {
    // 9,007,199,254,740,991 × 2,500 nanos is far above 2^63: out of the range of the ledger, and said so.
    expect(() => priceBy(inAndOut, { usage: { inputTokens: Number.MAX_SAFE_INTEGER } })).toThrowError(
      expect.objectContaining({ code: 'PURSER_AMOUNT_OUT_OF_RANGE' }),
    )
    // 3,000,000,000,001 × 2,500 = 7,500,000,000,002,500 and 1,000,000,000,001 × 10,000 = 10,000,000,000,010,000
    expect(priceBy(inAndOut, { usage: { inputTokens: 3_000_000_000_001, outputTokens: 1_000_000_000_001 } })).toMatchObject({
      costNanos: 17_500_000_000_012_500n,
    })
  })

  test('a rate with eighteen decimal digits is kept to the last one', () => {
    const tiny = card({ rates: [{ meter: 'requests', usd: '0.000000000000000001', per: 1 }] })
    // 2,000,000,000 × 1e-18 dollars = 2e-9 dollars = 2 nanos
    expect(summary(priceBy(tiny, { usage: { requests: 2_000_000_000 } }))).toEqual([
      'priced',
      2n,
      'requests 2000000000 at 0.000000000000000001/1 = 2',
    ])
  })

  test('seconds are billed to the microsecond', () => {
    const whisper = card({ rates: [{ meter: 'audioSeconds', usd: '0.006', per: 60 }] })
    // 12.345678 s × $0.006 / 60 s = $0.0012345678 = 1,234,567.8 nanos
    expect(summary(priceBy(whisper, { usage: { audioSeconds: 12.345678 } }))).toEqual([
      'priced',
      1_234_568n,
      'audioSeconds 12.345678 at 0.006/60 = 1234568',
    ])
  })

  test('a usage that no reader lets through is refused, not priced', () => {
    for (const usage of [{ inputTokens: -1 }, { inputTokens: 1.5 }, { inputTokens: Number.NaN }]) {
      expect(() => priceBy(inAndOut, { usage })).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
    }
    const unknown = { inputTokens: 1, tokens: 5 } as PriceRequest['usage']
    expect(() => priceBy(inAndOut, { usage: unknown })).toThrowError(expect.objectContaining({ code: 'PURSER_UNKNOWN_METER' }))
  })
})

describe('quantities for which a card has no rate', () => {
  test('make the call partly priced, and are named', () => {
    expect(priceBy(inAndOut, { usage: { inputTokens: 1000, images: 2, searches: 1 } })).toMatchObject({
      status: 'partial',
      costNanos: 2_500_000n,
      unratedMeters: ['images', 'searches'],
    })
  })

  test('make it unpriced where nothing else was used', () => {
    const priced = priceBy(inAndOut, { usage: { images: 2 } })
    expect(priced).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
    expect(priced.status === 'unpriced' && priced.message).toContain('has no rate for images')
    expect(priced.status === 'unpriced' && priced.message).toContain('per_image: …')
  })

  test('take the rate of their parent where the source defines its prices so', () => {
    const asParent = { ...inAndOut, unrated: 'as-parent' } as const
    // Cache write of an hour → of five minutes → input.
    expect(summary(priceBy(asParent, { usage: { cacheWrite1hTokens: 10, audioOutputTokens: 3 } }))).toEqual([
      'priced',
      55_000n,
      'cacheWrite1hTokens 10 at 2.5/1000000 = 25000',
      'audioOutputTokens 3 at 10/1000000 = 30000',
    ])
    expect(priceBy(asParent, { usage: { images: 1 } })).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
  })

  test('audio has no rate where the card says that only the rest is rated by its parent', () => {
    const text = { ...inAndOut, unrated: 'as-parent-but-audio' } as const
    expect(priceBy(text, { usage: { inputTokens: 1, imageInputTokens: 1 } })).toMatchObject({ status: 'priced', costNanos: 5000n })
    expect(priceBy(text, { usage: { inputTokens: 1, audioInputTokens: 1 } })).toMatchObject({
      status: 'partial',
      unratedMeters: ['audioInputTokens'],
    })
    expect(priceBy(text, { usage: { audioOutputTokens: 1 } })).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
  })

  test('an audio model with audio rates never bills audio as text', () => {
    const audio = card({ ...inAndOut, rates: [...inAndOut.rates, { meter: 'audioInputTokens', usd: '40', per: million }] })
    // 20 × 2.5 + 44 × 40 = 50 + 1760 millionths
    expect(priceBy(audio, { usage: { inputTokens: 20, audioInputTokens: 44 } })).toMatchObject({ costNanos: 1_810_000n })
    expect(priceBy(audio, { usage: { inputTokens: 20, audioOutputTokens: 1 } })).toMatchObject({
      status: 'partial',
      unratedMeters: ['audioOutputTokens'],
    })
  })
})

describe('reasoning', () => {
  const usage = { inputTokens: 100, outputTokens: 500, reasoningTokens: 400 }

  test('is part of the output line where the card does not rate it apart', () => {
    expect(summary(priceBy(inAndOut, { usage }))).toEqual([
      'priced',
      5_250_000n,
      'inputTokens 100 at 2.5/1000000 = 250000',
      'outputTokens 500 at 10/1000000 = 5000000',
    ])
  })

  const apart = card({ ...inAndOut, rates: [...inAndOut.rates, { meter: 'reasoningTokens', usd: '3', per: million }] })

  test('is a line of its own where it is rated, and then not in the output line', () => {
    expect(summary(priceBy(apart, { usage }))).toEqual([
      'priced',
      2_450_000n,
      'inputTokens 100 at 2.5/1000000 = 250000',
      'outputTokens 100 at 10/1000000 = 1000000',
      'reasoningTokens 400 at 3/1000000 = 1200000',
    ])
    expect(summary(priceBy(apart, { usage: { outputTokens: 400, reasoningTokens: 400 } }))).toEqual([
      'priced',
      1_200_000n,
      'reasoningTokens 400 at 3/1000000 = 1200000',
    ])
  })

  test('more reasoning than output is refused', () => {
    expect(() => priceBy(apart, { usage: { outputTokens: 3, reasoningTokens: 4 } })).toThrowError(
      expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }),
    )
  })
})

describe('minimum and increment', () => {
  const billed = card({
    rates: [
      { meter: 'audioSeconds', usd: '0.6', per: 60, minimum: 10 },
      { meter: 'characters', usd: '1', per: 1000, increment: 100 },
      { meter: 'videoSeconds', usd: '1', per: 1, minimum: 4, increment: 4 },
    ],
  })

  test.each([
    [{ audioSeconds: 3 }, 100_000_000n, 10],
    [{ audioSeconds: 10.5 }, 105_000_000n, 10.5],
    [{ characters: 101 }, 200_000_000n, 200],
    [{ characters: 200 }, 200_000_000n, 200],
    [{ videoSeconds: 4.000001 }, 8_000_000_000n, 8],
    [{ videoSeconds: 1 }, 4_000_000_000n, 4],
  ])('%o costs %s nanos, for %s units', (usage, costNanos, quantity) => {
    expect(priceBy(billed, { usage })).toMatchObject({ costNanos, lines: [{ quantity }] })
  })

  test('what was not used is not billed at its minimum', () => {
    expect(summary(priceBy(billed, { usage: { audioSeconds: 0 } }))).toEqual(['priced', 0n])
  })
})

describe('a price for each request', () => {
  const perCall = card({ rates: [...inAndOut.rates, { meter: 'requests', usd: '5', per: 1000 }] })

  test('is billed once for a call, also where its usage does not count requests', () => {
    expect(summary(priceBy(perCall, { usage: { inputTokens: 1000 } }))).toEqual([
      'priced',
      7_500_000n,
      'inputTokens 1000 at 2.5/1000000 = 2500000',
      'requests 1 at 5/1000 = 5000000',
    ])
    expect(priceBy(perCall, { usage: { inputTokens: 1000, requests: 3 } })).toMatchObject({ costNanos: 17_500_000n })
    expect(priceBy(perCall, { usage: { inputTokens: 1000, requests: 0 } })).toMatchObject({ costNanos: 2_500_000n })
  })

  test('is not billed for a call that used nothing, and adds no line where it is zero', () => {
    expect(summary(priceBy(perCall, { usage: {} }))).toEqual(['priced', 0n])
    const free = card({ rates: [...inAndOut.rates, { meter: 'requests', usd: '0', per: 1 }] })
    expect(summary(priceBy(free, { usage: { inputTokens: 2 } }))).toEqual(['priced', 5000n, 'inputTokens 2 at 2.5/1000000 = 5000'])
  })
})

describe('service tier, speed and region as served', () => {
  const rated = card({
    rates: [
      ...inAndOut.rates,
      { meter: 'inputTokens', usd: '5', per: million, when: { serviceTier: 'priority' } },
      { meter: 'outputTokens', usd: '17', per: million, when: { serviceTier: 'priority' } },
      { meter: 'searches', usd: '10', per: 1000 },
    ],
    modifiers: [
      { when: { serviceTier: 'batch' }, factor: '0.5' },
      { when: { region: 'us' }, factor: '1.1' },
      { when: { speed: 'fast' }, factor: '6' },
    ],
  })

  test.each([
    ['standard', { serviceTier: 'standard' }, 12_500n],
    ['batch, at half', { serviceTier: 'batch' }, 6250n],
    ['priority, at rates of its own', { serviceTier: 'priority' }, 22_000n],
    ['fast', { speed: 'fast' }, 75_000n],
    ['in a region with an uplift', { region: 'us' }, 13_750n],
    ['batch in that region: both factors', { serviceTier: 'batch', region: 'us' }, 6875n],
    // 5 × 1.1 + 17 × 1.1: the region's factor applies to the priority rate, which is final for priority only.
    ['priority in that region', { serviceTier: 'priority', region: 'us' }, 24_200n],
    ['in a region that the card does not know: standard', { region: 'mars' }, 12_500n],
  ])('%s', (_name, level, costNanos) => {
    expect(priceBy(rated, { usage: { inputTokens: 1, outputTokens: 1 }, ...level })).toMatchObject({ status: 'priced', costNanos })
  })

  test('the rate on the line has the factors in it', () => {
    expect(summary(priceBy(rated, { usage: { inputTokens: 1000 }, serviceTier: 'batch', region: 'us' }))).toEqual([
      'priced',
      1_375_000n,
      'inputTokens 1000 at 1.375/1000000 = 1375000',
    ])
  })

  test('a modifier concerns tokens unless it names meters: a search costs the same in a batch', () => {
    // 100 × 1.25 + 1 × 10,000,000
    expect(priceBy(rated, { usage: { inputTokens: 100, searches: 1 }, serviceTier: 'batch' })).toMatchObject({ costNanos: 10_125_000n })
    expect(priceBy(rated, { usage: { inputTokens: 100, searches: 1 }, serviceTier: 'priority' })).toMatchObject({ costNanos: 10_500_000n })
    const images = card({
      rates: [{ meter: 'images', usd: '0.04', per: 1 }],
      modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5', meters: ['images'] }],
    })
    expect(priceBy(images, { usage: { images: 1 }, serviceTier: 'batch' })).toMatchObject({ costNanos: 20_000_000n })
  })

  test('tokens without a rate for a tier that others have are not billed at the standard rate', () => {
    const cached = card({ ...rated, rates: [...rated.rates, { meter: 'cacheReadTokens', usd: '1.25', per: million }] })
    expect(priceBy(cached, { usage: { inputTokens: 1, cacheReadTokens: 1 }, serviceTier: 'priority' })).toMatchObject({
      status: 'partial',
      costNanos: 5000n,
      unratedMeters: ['cacheReadTokens'],
    })
    // Where the source rates by parent, the parent's rate of that tier: cached input without a batch price is batch input.
    expect(priceBy({ ...cached, unrated: 'as-parent' }, { usage: { cacheReadTokens: 1 }, serviceTier: 'priority' })).toMatchObject({
      status: 'priced',
      costNanos: 5000n,
    })
  })

  test('a tier or speed that the card does not know leaves the call unpriced, and says how to add it', () => {
    const priced = priceBy(rated, { usage: { inputTokens: 1 }, serviceTier: 'flex' })
    expect(priced).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
    expect(priced.status === 'unpriced' && priced.message).toContain('no price for service tier "flex"')
    expect(priced.status === 'unpriced' && priced.message).toContain('{ when: { serviceTier: flex }, factor: "…" }')
    expect(priceBy(inAndOut, { usage: { inputTokens: 1 }, speed: 'fast' })).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
  })

  test('a star stands for any tier', () => {
    const free = card({ rates: [{ meter: 'inputTokens', usd: '0', per: million, when: { serviceTier: '*', speed: '*' } }] })
    expect(summary(priceBy(free, { usage: { inputTokens: 7 }, serviceTier: 'whatever', speed: 'fast' }))).toEqual([
      'priced',
      0n,
      'inputTokens 7 at 0/1000000 = 0',
    ])
  })
})

describe('rates by attributes', () => {
  const painter = card({
    rates: [
      { meter: 'images', usd: '0.04', per: 1, when: { attributes: { size: '1024x1024' } } },
      { meter: 'images', usd: '0.08', per: 1, when: { attributes: { size: '1024x1024', quality: 'hd' } } },
      { meter: 'images', usd: '0.12', per: 1, when: { attributes: { size: '1792x1024', quality: 'hd' } } },
    ],
    defaults: { quality: ['standard'] },
  })

  test.each([
    [{ size: '1024x1024' }, 40_000_000n],
    [{ size: '1024x1024', quality: 'standard' }, 40_000_000n],
    [{ size: '1024x1024', quality: 'hd' }, 80_000_000n],
    [{ size: '1792x1024', quality: 'hd', style: 'vivid' }, 120_000_000n],
    [{ size: '1792X1024', quality: 'HD' }, 120_000_000n],
    [{ size: '1024x1024', quality: 'Standard' }, 40_000_000n],
  ])('%o: the rate that names most of it', (attributes, costNanos) => {
    expect(priceBy(painter, { usage: { images: 1, attributes } })).toMatchObject({ status: 'priced', costNanos })
  })

  test.each([{ size: '512x512' }, { quality: 'hd' }, {}])('%o has no rate, and is not given the nearest one', (attributes) => {
    expect(priceBy(painter, { usage: { images: 1, attributes } })).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
  })
})

describe('a value of an attribute that no rate knows', () => {
  const video = card({
    rates: [
      { meter: 'videoSeconds', usd: '0.4', per: 1 },
      { meter: 'videoSeconds', usd: '0.6', per: 1, when: { attributes: { resolution: '4k' } } },
      { meter: 'requests', usd: '0.01', per: 1 },
    ],
    defaults: { resolution: ['720p', '1080p'] },
  })
  const priceOf = (resolution: string, more = {}) => priceBy(video, { usage: { videoSeconds: 2, attributes: { resolution }, ...more } })

  test.each([
    ['4k', 1_210_000_000n],
    ['4K', 1_210_000_000n],
    ['720p', 810_000_000n],
    ['1080P', 810_000_000n],
  ])('%s is known, in whatever case', (resolution, costNanos) => {
    expect(priceOf(resolution)).toMatchObject({ status: 'priced', costNanos })
  })

  test('is not priced as if it had not been said: what it concerns has no rate', () => {
    expect(priceOf('8k')).toMatchObject({ status: 'partial', costNanos: 10_000_000n, unratedMeters: ['videoSeconds'] })
    expect(priceOf('8k')).toEqual(priceOf('16k'))
    expect(priceBy(video, { usage: { videoSeconds: 2 } })).toMatchObject({ status: 'priced', costNanos: 810_000_000n })
  })

  test('is named with those that are known', () => {
    const priced = priceOf('8k', { requests: 0 })
    expect(priced.status === 'unpriced' && priced.message).toContain('It knows no resolution "8k", only 720p, 1080p, 4k.')
  })

  test('does not fall to the rate of the parent either', () => {
    const drawing = card({
      ...inAndOut,
      rates: [...inAndOut.rates, { meter: 'imageOutputTokens', usd: '40', per: million, when: { attributes: { quality: 'high' } } }],
      unrated: 'as-parent',
    })
    const usage = { imageOutputTokens: 1, attributes: { quality: 'ultra' } }
    expect(priceBy(drawing, { usage })).toMatchObject({ status: 'unpriced', reason: 'no-rate' })
  })
})

describe('a quantity that another one bills already', () => {
  const painter = card({
    rates: [
      { meter: 'outputTokens', usd: '2.5', per: million },
      { meter: 'imageOutputTokens', usd: '30', per: million },
      { meter: 'images', usd: '0.039', per: 1 },
    ],
    alternatives: [{ meter: 'images', billedBy: ['imageOutputTokens'] }],
  })

  test('has no line and is not unrated', () => {
    // 1290 × 30 millionths
    const priced = priceBy(painter, { usage: { images: 1, imageOutputTokens: 1290 } })
    expect(summary(priced)).toEqual(['priced', 38_700_000n, 'imageOutputTokens 1290 at 30/1000000 = 38700000'])
    expect(priced).toMatchObject({ unratedMeters: [] })
    const byTokenOnly = card({ ...painter, rates: painter.rates.slice(0, 2) })
    expect(priceBy(byTokenOnly, { usage: { images: 1, imageOutputTokens: 1290 } })).toEqual({ ...priced, card: expect.anything() })
  })

  test('is billed where the other one is not there', () => {
    expect(priceBy(painter, { usage: { images: 2, outputTokens: 1000 } })).toMatchObject({ costNanos: 80_500_000n })
    expect(priceBy(painter, { usage: { images: 2, imageOutputTokens: 0 } })).toMatchObject({ costNanos: 78_000_000n })
  })
})

describe('long-context tiers', () => {
  const tiered = card({
    rates: [
      { meter: 'inputTokens', usd: '1', per: million },
      { meter: 'cacheReadTokens', usd: '0.1', per: million },
      { meter: 'outputTokens', usd: '4', per: million },
      { meter: 'inputTokens', usd: '2', per: million, from: 200_000 },
      { meter: 'outputTokens', usd: '6', per: million, from: 200_000 },
      { meter: 'inputTokens', usd: '3', per: million, from: 500_000 },
    ],
    tier: { mode: 'whole', comparison: '>' },
  })

  test.each([
    ['at the threshold: the base tier', { inputTokens: 200_000, outputTokens: 10 }, 200_040_000n],
    ['a token above: every token at the tier', { inputTokens: 200_001, outputTokens: 10 }, 400_062_000n],
    // 1 × 2,000 + 200,000 × 100 (the tier gives cached tokens no rate of their own) + 10 × 6,000
    ['cached tokens count into the prompt', { inputTokens: 1, cacheReadTokens: 200_000, outputTokens: 10 }, 20_062_000n],
    ['output does not', { inputTokens: 1, outputTokens: 300_000 }, 1_200_001_000n],
    // 500,001 × 3,000 + 10 × 6,000: the highest tier has no output rate, so that of the tier below holds.
    ['the highest tier reached', { inputTokens: 500_001, outputTokens: 10 }, 1_500_063_000n],
  ])('%s', (_name, usage, costNanos) => {
    expect(priceBy(tiered, { usage })).toMatchObject({ status: 'priced', costNanos })
  })

  test('where the vendor says "from", the threshold itself is in the tier', () => {
    const from = { ...tiered, tier: { mode: 'whole', comparison: '>=' } } as const
    expect(priceBy(from, { usage: { inputTokens: 200_000 } })).toMatchObject({ costNanos: 400_000_000n })
    expect(priceBy(from, { usage: { inputTokens: 199_999 } })).toMatchObject({ costNanos: 199_999_000n })
  })

  test('a modifier multiplies the tier that was reached', () => {
    const batch = { ...tiered, modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5' }] }
    expect(priceBy(batch, { usage: { inputTokens: 200_001 }, serviceTier: 'batch' })).toMatchObject({ costNanos: 200_001_000n })
  })

  test('marginal tiers rate the tokens between their thresholds, uncached text first; output stays at the base', () => {
    const marginal = { ...tiered, tier: { mode: 'marginal', comparison: '>' } } as const
    expect(summary(priceBy(marginal, { usage: { inputTokens: 600_000, outputTokens: 10 } }))).toEqual([
      'priced',
      1_100_040_000n,
      'inputTokens 200000 at 1/1000000 = 200000000',
      'inputTokens 300000 at 2/1000000 = 600000000',
      'inputTokens 100000 at 3/1000000 = 300000000',
      'outputTokens 10 at 4/1000000 = 40000',
    ])
    // 150,000 uncached fill the base tier; of the cached, 50,000 are in it and 10,000 above it, at the rate that holds there.
    expect(summary(priceBy(marginal, { usage: { inputTokens: 150_000, cacheReadTokens: 60_000 } }))).toEqual([
      'priced',
      156_000_000n,
      'inputTokens 150000 at 1/1000000 = 150000000',
      'cacheReadTokens 50000 at 0.1/1000000 = 5000000',
      'cacheReadTokens 10000 at 0.1/1000000 = 1000000',
    ])
    const from = { ...tiered, tier: { mode: 'marginal', comparison: '>=' } } as const
    expect(priceBy(from, { usage: { inputTokens: 200_000 } })).toMatchObject({ costNanos: 199_999_000n + 2000n })
  })
})

describe('hours of the week', () => {
  const peak = card({
    rates: [
      { meter: 'inputTokens', usd: '1', per: million },
      {
        meter: 'inputTokens',
        usd: '2',
        per: million,
        when: { hours: [{ from: '09:00', to: '12:00', zone: 'Asia/Shanghai', weekdays: [1, 2, 3, 4, 5] }] },
      },
    ],
  })

  test.each([
    // 2026-09-02 is a Wednesday; Shanghai is eight hours ahead of UTC.
    ['2026-09-02T00:59:59.999Z', 1000n],
    ['2026-09-02T01:00:00Z', 2000n],
    ['2026-09-02T03:59:59.999Z', 2000n],
    ['2026-09-02T04:00:00Z', 1000n],
    ['2026-09-05T02:00:00Z', 1000n],
  ])('a call at %s costs %s nanos a token', (at, costNanos) => {
    expect(priceBy(peak, { usage: { inputTokens: 1 }, at: Date.parse(at) })).toMatchObject({ costNanos })
  })
})
