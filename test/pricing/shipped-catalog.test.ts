import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildCatalog } from '../../scripts/build-catalog.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import type { PriceRequest } from '../../src/pricing/priced.ts'
import { meters } from '../../src/usage/meters.ts'

const catalog = loadShippedCatalog()
const now = Date.parse('2026-11-01')

test('the committed files are what the script makes of the pinned list and our YAML', async () => {
  const { files } = await buildCatalog()
  expect(Object.keys(files)).toEqual(['genai-prices.json', 'own-cards.json'])
  for (const [name, text] of Object.entries(files)) {
    const committed = readFileSync(new URL(`../../catalog/${name}`, import.meta.url), 'utf8')
    expect(committed === text, `catalog/${name} is out of date: run npm run build:catalog`).toBe(true)
  }
})

test('nothing of the list is dropped without being named in the file', async () => {
  const { skipped } = await buildCatalog()
  const file = JSON.parse(readFileSync(new URL('../../catalog/genai-prices.json', import.meta.url), 'utf8')) as {
    skipped: unknown
  }
  expect(file.skipped).toEqual(skipped)
  expect(skipped.length).toBeGreaterThan(0)
})

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
}

test('the list is that of the release pinned in package.json', () => {
  const { devDependencies } = readJson('package.json') as { devDependencies: Record<string, string> }
  expect(readJson('catalog/genai-prices.json')).toMatchObject({
    generatedFrom: `@pydantic/genai-prices ${devDependencies['@pydantic/genai-prices']}`,
    revision: catalog.revision,
  })
})

describe('every shipped card', () => {
  const cards = catalog.cards()

  test('there are more than 1,600 models of more than 40 providers', () => {
    expect(new Set(cards.map((card) => `${card.provider}/${card.model}`)).size).toBeGreaterThan(1600)
    expect(catalog.providers().length).toBeGreaterThan(40)
  })

  test('is found by its own name, in each of its periods', () => {
    const lost = cards.filter((card) => {
      const at = card.validFrom === undefined ? Date.parse(card.validUntil ?? '2026-11-02') - 1 : Date.parse(card.validFrom)
      return catalog.find(card.provider, card.model, at)?.card !== card
    })
    expect(lost.map((card) => `${card.provider}/${card.model}`)).toEqual([])
  })

  test('names meters that exist, exact amounts, and where and when they were read', () => {
    const wrong = cards.filter(
      (card) =>
        !card.rates.every(
          ({ meter, usd, per }) => Object.hasOwn(meters, meter) && /^\d+(\.\d+)?$/.test(usd) && Number.isSafeInteger(per) && per > 0,
        ) ||
        card.rates.length === 0 ||
        card.source === '' ||
        !/^\d{4}-\d\d-\d\d$/.test(card.checkedAt),
    )
    expect(wrong).toEqual([])
  })

  test('has no amount that is noise of binary fractions', () => {
    const noisy = cards.flatMap((card) =>
      card.rates.filter(({ usd }) => /9{6}|0{6}[1-9]/.test(usd.replace(/^0\.0*/, ''))).map(({ usd }) => `${card.model} ${usd}`),
    )
    expect(noisy).toEqual([])
  })
})

function price(request: Partial<PriceRequest>): unknown {
  const priced = priceUsage(catalog, { provider: '', model: '', usage: {}, at: now, ...request })
  return priced.status === 'unpriced' ? priced.reason : [priced.status, priced.costNanos, priced.match]
}

describe("prices worked out by hand from the vendors' pages", () => {
  test('gpt-4o: 1000 × $2.50 + 200 × $10.00 per million', () => {
    const priced = priceUsage(catalog, {
      provider: 'openai',
      model: 'gpt-4o',
      usage: { inputTokens: 1000, outputTokens: 200 },
      at: Date.parse('2026-02-20'),
    })
    expect(priced).toMatchObject({ status: 'priced', costNanos: 4_500_000n, match: 'exact' })
    expect(priced.status === 'priced' && priced.lines).toEqual([
      { meter: 'inputTokens', quantity: 1000, rateUsd: '2.5', per: 1_000_000, costNanos: 2_500_000n },
      { meter: 'outputTokens', quantity: 200, rateUsd: '10', per: 1_000_000, costNanos: 2_000_000n },
    ])
  })

  test('gpt-4o in a batch: half', () => {
    expect(price({ provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 200 }, serviceTier: 'batch' })).toEqual([
      'priced',
      2_250_000n,
      'exact',
    ])
  })

  test('Claude Sonnet 4.5: a cache write of an hour costs twice the input, a read a tenth', () => {
    // 3 × 3,000 + 100 × 300 + 10 × 3,750 + 20 × 6,000 + 50 × 15,000
    const usage = { inputTokens: 3, cacheReadTokens: 100, cacheWrite5mTokens: 10, cacheWrite1hTokens: 20, outputTokens: 50 }
    expect(price({ provider: 'anthropic', model: 'claude-sonnet-4-5', usage })).toEqual(['priced', 946_500n, 'exact'])
  })

  test('Gemini 2.5 Pro: above 200,000 tokens of prompt, $2.50 and $15.00 instead of $1.25 and $10.00, cached tokens counted in', () => {
    const model = { provider: 'gemini', model: 'gemini-2.5-pro' }
    expect(price({ ...model, usage: { inputTokens: 200_000, outputTokens: 100 } })).toEqual(['priced', 251_000_000n, 'exact'])
    expect(price({ ...model, usage: { inputTokens: 200_001, outputTokens: 100 } })).toEqual(['priced', 501_502_500n, 'exact'])
    // 100,001 × 2,500 + 100,000 × 250
    expect(price({ ...model, usage: { inputTokens: 100_001, cacheReadTokens: 100_000 } })).toEqual(['priced', 275_002_500n, 'exact'])
  })

  test.each(['gpt-5.4', 'gpt-5.5', 'gpt-6-sol'])('%s: long context above 272,000 tokens, not from there on', (model) => {
    // https://developers.openai.com/api/docs/models/gpt-5.4: "prompts with >272K input tokens" at twice the input price
    const at = (inputTokens: number) => price({ provider: 'openai', model, usage: { inputTokens } })
    const [, base] = at(1000) as [string, bigint]
    expect(at(272_000)).toEqual(['priced', base * 272n, 'exact'])
    expect(at(272_001)).toEqual(['priced', (base * 2n * 272_001n) / 1000n, 'exact'])
  })

  test('Claude Opus 4.6: the long-context price ended on 2026-03-13', () => {
    const call = { provider: 'anthropic', model: 'claude-opus-4-6', usage: { inputTokens: 200_001 } }
    expect(price({ ...call, at: Date.parse('2026-03-12') })).toMatchObject(['priced', 2_000_010_000n, expect.stringContaining('exact')])
    expect(price({ ...call, at: Date.parse('2026-03-13') })).toEqual(['priced', 1_000_005_000n, 'exact'])
  })

  test('a web search of Claude: $10 per thousand', () => {
    expect(price({ provider: 'anthropic', model: 'claude-sonnet-4-5', usage: { searches: 3 } })).toEqual(['priced', 30_000_000n, 'exact'])
  })

  test('DeepSeek V4 Pro: twice the price from 9 to 12 in Beijing, on weekdays', () => {
    const call = { provider: 'deepseek', model: 'deepseek-v4-pro', usage: { inputTokens: 1000 } }
    // 2026-09-02 is a Wednesday, 2026-09-05 a Saturday; 02:00 UTC is 10:00 in Beijing.
    expect(price({ ...call, at: Date.parse('2026-09-02T02:00:00Z') })).toEqual(['priced', 1_320_000n, 'exact'])
    expect(price({ ...call, at: Date.parse('2026-09-02T05:00:00Z') })).toEqual(['priced', 660_000n, 'exact'])
    expect(price({ ...call, at: Date.parse('2026-09-05T02:00:00Z') })).toEqual(['priced', 660_000n, 'exact'])
  })

  test('a local model is free, a hosted WhisperX is unpriced', () => {
    expect(price({ provider: 'ollama', model: 'llama3:8b', usage: { inputTokens: 5, outputTokens: 5 } })).toEqual(['priced', 0n, 'pattern'])
    expect(price({ provider: 'whisperx', model: 'large-v3', usage: { audioSeconds: 5 } })).toBe('unknown-model')
  })
})

describe('audio that a vendor names no price for', () => {
  const status = (provider: string, model: string, usage: PriceRequest['usage']) =>
    priceUsage(catalog, { provider, model, usage, at: now }).status

  test('is not billed as text, save on Google, which says so', () => {
    expect(status('openai', 'gpt-4o', { inputTokens: 10, audioInputTokens: 10 })).toBe('partial')
    expect(status('openai', 'gpt-4.1', { audioOutputTokens: 10 })).toBe('unpriced')
    expect(status('anthropic', 'claude-sonnet-4-5', { inputTokens: 10, audioInputTokens: 10 })).toBe('partial')
    expect(status('google', 'gemini-2.5-pro', { inputTokens: 10, audioInputTokens: 10 })).toBe('priced')
    expect(status('openai', 'gpt-4o', { inputTokens: 10, imageInputTokens: 10 })).toBe('priced')
    expect(status('openai', 'gpt-4o-mini-tts', { inputTokens: 10, audioOutputTokens: 10 })).toBe('priced')
  })
})

describe("the owner's price of a model", () => {
  const rates = [{ meter: 'inputTokens', usd: '1', per: 1_000_000 }] as const
  const own = { provider: 'openai', model: 'gpt-4o', rates, source: 'purser.yaml', checkedAt: '2026-10-01' }
  const owned = loadShippedCatalog({ owner: [own] })

  test.each([
    ['gpt-4o', 'owner'],
    ['gpt-4o-2024-08-06', 'owner'],
    ['gpt-4o-2024-11-20', 'owner'],
    // $5 and $15: another model than what gpt-4o stands for.
    ['gpt-4o-2024-05-13', 'shipped'],
    ['gpt-4o-mini-2024-07-18', 'shipped'],
  ])('%s: %s', (model, origin) => {
    expect(owned.find('openai', model, now)?.origin).toBe(origin)
  })
})

describe('names in the wild', () => {
  test.each([
    ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-5-20250929[1m]', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-20250514', 'claude-sonnet-4-0'],
    ['anthropic', 'claude-3-5-sonnet-latest', 'claude-3-5-sonnet'],
    ['vertex', 'claude-3-5-haiku@20241022', 'claude-3-5-haiku'],
    ['vertex', 'publishers/google/models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['google', 'gemini-2.5-pro-preview-05-06', 'gemini-2.5-pro'],
    ['google', 'models/gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['bedrock', 'us.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0'],
    ['bedrock', 'anthropic.claude-3-sonnet-20240229-v1:0:200k', 'regional.anthropic.claude-3-sonnet-20240229-v1:0'],
    ['bedrock', 'us.anthropic.claude-opus-4-5-20251101-v1:0', 'regional.anthropic.claude-opus-4-5-v1:0'],
    ['bedrock', 'global.anthropic.claude-opus-4-5-20251101-v1:0', 'global.anthropic.claude-opus-4-5-v1:0'],
    [
      'aws',
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0',
      'regional.anthropic.claude-sonnet-4-20250514-v1:0',
    ],
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o'],
    ['openai', 'gpt-4o-2024-05-13', 'gpt-4o-2024-05-13'],
    ['openai', 'computer-use-preview-2025-03-11', 'computer-use'],
    ['openai', 'gpt-4o-realtime-preview-2024-12-17', 'gpt-4o-realtime-preview'],
    ['google', 'gemini-2.0-flash-exp', 'gemini-2.0-flash'],
    ['google', 'gemini-2.5-flash-lite-preview-06-17', 'gemini-2.5-flash-lite'],
    ['openai', 'GPT-4o', 'gpt-4o'],
  ])('%s %s is %s', (provider, model, expected) => {
    expect(catalog.find(provider, model, now)?.card.model).toBe(expected)
  })

  test.each([
    ['openai', 'gpt-4o-evil'],
    ['openai', 'not-gpt-4o'],
    ['anthropic', 'my-claude-sonnet-4'],
    ['anthropic', 'claude-sonnet-4-99'],
    ['google', 'gemini-2.5-pro-tts-preview'],
    ['google', 'gemini-1.5-flash-8b'],
    ['google', 'gemini-2.5-pro-exp-03-25'],
    ['google', 'gemini-1.5-pro-preview-0409'],
    ['openai', 'gpt-oss-120b'],
    ['openai', 'gpt-oss-20b'],
    ['azure', 'gpt-4o-realtime-preview'],
    ['azure', 'gpt-6.1-sol'],
    ['aws', 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6'],
  ])('%s %s is nobody we know, and has no price', (provider, model) => {
    expect(catalog.find(provider, model, now)).toBeUndefined()
  })
})
