import { describe, expect, test } from 'vitest'
import { inputPlace, pathText } from '../../budgets/input-place.ts'
import type { Card } from '../../pricing/card.ts'
import { type Catalog, createCatalog } from '../../pricing/catalog.ts'
import { parseOwnerCards } from '../../pricing/owner-cards.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { parseProfiles } from '../profiles/parse-profiles.ts'
import { compareEstimates } from './compare-estimates.ts'
import { estimatePlan } from './estimate-plan.ts'
import { parsePlan } from './parse-plan.ts'

const at = Date.parse('2026-11-20T12:00:00Z')
const place = inputPlace((path, predicate) => {
  throw new Error(`${pathText(path)} ${predicate}`)
})

function catalogOf(pricing: object): Catalog {
  const owner: readonly Card[] = parseOwnerCards(pricing, { source: 'purser.yaml' }).cards
  return createCatalog({ owner, refreshed: [], shipped: [] })
}

/** Dollars a million tokens: small 1 in and 4 out, large 10 in and 40 out; tiny costs a third of a nano a token. */
const acme = catalogOf({
  acme: {
    small: { input_per_million: 1, output_per_million: 4, cache_read_per_million: 0.1 },
    large: { input_per_million: 10, output_per_million: 40 },
    tiny: { input_per_million: '0.000333333333333333', output_per_million: 0 },
    painter: { per_image: 0.05 },
    ear: { per_audio_minute: 0.006 },
  },
})
const profiles = parseProfiles(
  {
    cheap: { default: 'acme/small' },
    good: { default: 'acme/small', stages: { review: 'acme/large' } },
    partial: { stages: { review: 'acme/large' } },
  },
  (name) => place.in(name),
)

function estimate(plan: unknown, { profile = 'cheap', catalog = acme } = {}): CostEstimate {
  return estimatePlan(parsePlan(plan, place), { catalog, at, profile: profiles.get(profile) ?? null })
}

test('the cost of a video, as a video factory works it out, with a buffer for errors', () => {
  // Its example prices: $0.00025 for 1,000 tokens whether in or out, $0.02 an image, $0.30 for 1,000 characters.
  const catalog = catalogOf({
    gemini: { 'story-writer': { per_1k_tokens: 0.00025 } },
    nanobanana: { painter: { per_image: 0.02 } },
    elevenlabs: { voice: { per_1k_characters: 0.3 } },
  })
  const video = (stories: number, images: number, dialogue: number, avgTokensPerStory = 500): object => ({
    buffer: '10%',
    counts: { stories, images },
    calls: [
      { stage: 'gemini_story', model: 'gemini/story-writer', per: 'story', input: 100, output: avgTokensPerStory },
      { stage: 'gemini_script', model: 'gemini/story-writer', input: 200, output: 800 },
      { stage: 'images', model: 'nanobanana/painter', per: 'image', images: 1 },
      { stage: 'voice', model: 'elevenlabs/voice', characters: dialogue },
    ],
  })
  const { parts, costNanos, unpriced, calls } = estimate(video(3, 12, 2500), { catalog })
  expect(parts.map(({ stage, costNanos: cost }) => [stage, cost])).toEqual([
    ['gemini_story', 450_000n], // 3 × 600 tokens × $0.00000025
    ['gemini_script', 250_000n], // 1,000 tokens × $0.00000025
    ['images', 240_000_000n], // 12 × $0.02
    ['voice', 750_000_000n], // 2,500 characters × $0.0003
  ])
  // 0.00045 + 0.00025 + 0.24 + 0.75 = 0.9907, and a tenth of it on top.
  expect([costNanos, unpriced, calls]).toEqual([1_089_770_000n, [], 3 + 1 + 12 + 1])
})

describe('a plan', () => {
  test('takes the models of the profile where it names none, and its own where it does', () => {
    const plan = {
      counts: { scenes: 40 },
      calls: [
        { stage: 'extract', per: 'scene', input: 3000, output: 500 },
        { stage: 'review', pass: 'refine', calls: 2, per: 'scenes', input: 1000, output: 100 },
        { stage: 'extract', model: 'acme/large', input: 1000 },
      ],
    }
    const { parts, costNanos, tokens, profile } = estimate(plan, { profile: 'good' })
    expect(parts).toEqual([
      // 40 × (3,000 × $1 + 500 × $4) a million = 40 × $0.005
      expect.objectContaining({
        model: 'small',
        calls: 40,
        usage: { inputTokens: 120_000, outputTokens: 20_000 },
        costNanos: 200_000_000n,
      }),
      // 80 × (1,000 × $10 + 100 × $40) a million = 80 × $0.014
      expect.objectContaining({ stage: 'review', pass: 'refine', model: 'large', calls: 80, costNanos: 1_120_000_000n }),
      expect.objectContaining({ stage: 'extract', model: 'large', calls: 1, costNanos: 10_000_000n }),
    ])
    expect([costNanos, tokens, profile]).toEqual([1_330_000_000n, 140_000 + 88_000 + 1000, 'good'])
    expect(estimate({ calls: [{ model: 'acme/small', input: 1 }] }, { profile: 'good' }).profile).toBeNull()
  })

  test('adds up calls of one stage, role, pass and model, however many lines say them', () => {
    const line = { stage: 'a', role: 'r', model: 'acme/small', calls: 2 }
    const { parts } = estimate({
      calls: [
        { ...line, input: 100, cached: 1000 },
        { ...line, input: 300 },
        { ...line, role: 'q', input: 1 },
      ],
    })
    // 2 × (100 × 1,000 + 1,000 × 100) + 2 × 300 × 1,000 nanos
    expect(parts).toMatchObject([
      { role: 'r', calls: 4, usage: { inputTokens: 800, cacheReadTokens: 2000 }, costNanos: 1_000_000n },
      { role: 'q', calls: 2, costNanos: 2000n },
    ])
  })

  test('costs exactly as many times what one of its calls would be booked at', () => {
    // 10 tokens of a third of a nano are 3.33 nanos, which a ledger books as 3; a million such calls are 3 million nanos.
    expect(estimate({ calls: [{ model: 'acme/tiny', calls: 1_000_000, input: 10 }] }).costNanos).toBe(3_000_000n)
    // Beyond what a binary fraction could hold: 9,007,199,254,740,991 calls of 1 nano each.
    const most = { model: 'acme/tiny', calls: Number.MAX_SAFE_INTEGER, input: 3 }
    expect(estimate({ calls: [most] }).costNanos).toBe(9_007_199_254_740_991n)
  })

  test('takes minutes as seconds, and images beside tokens', () => {
    const { parts } = estimate({
      calls: [
        { stage: 'asr', model: 'acme/ear', audio_minutes: 1.5 },
        { stage: 'art', model: 'acme/painter', images: 3 },
      ],
    })
    // 1.5 minutes at $0.006, 3 images at $0.05
    expect(parts).toMatchObject([
      { usage: { audioSeconds: 90 }, costNanos: 9_000_000n },
      { usage: { images: 3 }, costNanos: 150_000_000n },
    ])
  })

  test('names calls without a price, and is a lower bound without them', () => {
    const plan = {
      calls: [
        { stage: 'a', model: 'acme/small', calls: 1000, input: 1000 },
        { stage: 'b', role: 'r', model: 'acme/smal', calls: 7, input: 1000 },
        { stage: 'b', role: 'r', model: 'acme/smal', calls: 3, input: 5000 },
        { stage: 'c', model: 'acme/large', input: 100, images: 1 },
      ],
    }
    const { costNanos, unpriced, parts } = estimate(plan)
    // 1,000 × $0.001 and 100 × $0.00001; the image that the card has no rate for is not counted as free.
    expect(costNanos).toBe(1_001_000_000n)
    expect(unpriced).toEqual([
      {
        stage: 'b',
        role: 'r',
        provider: 'acme',
        model: 'smal',
        calls: 10,
        message: 'No price is known for the model "acme/smal". Nearest known: acme/small.',
      },
      {
        stage: 'c',
        role: null,
        provider: 'acme',
        model: 'large',
        calls: 1,
        message: 'Its card has no rate for images; the rest is counted.',
      },
    ])
    expect(parts.map(({ stage, costNanos: cost }) => [stage, cost])).toEqual([
      ['a', 1_000_000_000n],
      ['b', null],
      ['c', 1_000_000n],
    ])
  })

  test('without a model, and without a profile that has one, says so', () => {
    const plan = { calls: [{ stage: 'extract', calls: 4, input: 10 }] }
    expect(estimate(plan, { profile: 'none' })).toMatchObject({
      costNanos: 0n,
      unpriced: [{ model: null, calls: 4, message: 'The plan names no model, and no profile is in force that could.' }],
    })
    expect(estimate(plan, { profile: 'partial' }).unpriced).toMatchObject([
      { message: expect.stringContaining('Profile "partial" has no model') as string },
    ])
  })

  test('of 10,000 lines takes no seconds', () => {
    const calls = Array.from({ length: 10_000 }, (_, line) => ({
      stage: `s${line % 50}`,
      model: 'acme/small',
      calls: line % 9,
      input: 1000 + line,
    }))
    const started = performance.now()
    const { parts } = estimate({ calls })
    expect(performance.now() - started).toBeLessThan(1000)
    expect(parts).toHaveLength(50)
  })
})

test('profiles side by side: a row for each stage, and the difference to the first', () => {
  const plan = {
    buffer: 10,
    calls: [
      { stage: 'extract', calls: 10, input: 1000 },
      { stage: 'review', calls: 10, input: 1000 },
      { stage: 'dub', model: 'acme/nobody', input: 1 },
    ],
  }
  const named = new Map(['cheap', 'good'].map((profile) => [profile, estimate(plan, { profile })]))
  const comparison = compareEstimates(named)
  expect(comparison.rows).toEqual([
    { stage: 'extract', costs: [10_000_000n, 10_000_000n], isLowerBound: [false, false] },
    { stage: 'review', costs: [10_000_000n, 100_000_000n], isLowerBound: [false, false] },
    { stage: 'dub', costs: [null, null], isLowerBound: [true, true] },
  ])
  // 1.1 × 20,000,000 and 1.1 × 110,000,000
  expect(comparison.estimates.map(({ costNanos }) => costNanos)).toEqual([22_000_000n, 121_000_000n])
  // Of neither is it known what the dubbing comes to.
  expect(comparison.differences).toEqual([null, null])
  const priced = ['cheap', 'good'].map((profile) => [profile, estimate({ ...plan, calls: plan.calls.slice(0, 2) }, { profile })] as const)
  expect(compareEstimates(new Map(priced)).differences).toEqual([0n, 99_000_000n])
})

describe('a plan is refused at the place that is wrong', () => {
  const line = { model: 'acme/small', input: 1 }
  test.each<[unknown, string]>([
    ['calls', ' is "calls"; it must be a plan'],
    [{ calls: [] }, 'calls is []; it must be a list of calls'],
    [{ lines: [line] }, 'lines is not a key that purser knows'],
    [{ calls: [{ ...line, calls: -1 }] }, 'calls[1].calls is -1; it must be a whole number, 0 or more'],
    [{ calls: [{ ...line, calls: 1.5 }] }, 'calls[1].calls is 1.5; it must be a whole number'],
    [
      { counts: { scenes: 40 }, calls: [{ ...line, calls: 'scenes' }] },
      'calls[1].calls is "scenes"; it must be a whole number, 0 or more. For a call for each of them write per: scenes, and how many there are under counts',
    ],
    [{ calls: [line, { model: 'acme/small' }] }, 'calls[2] says nothing of what a call consumes'],
    [{ calls: [{ ...line, input: 2.5 }] }, 'calls[1].input is 2.5; it must be a whole number, 0 or more, of tokens of one call'],
    [{ calls: [{ ...line, input: 'many' }] }, 'calls[1].input is "many"; it must be a whole number'],
    [{ calls: [{ ...line, inptu: 3 }] }, 'calls[1].inptu is not a key that purser knows; did you mean "input"?'],
    [{ calls: [{ ...line, inputTokens: 3 }] }, 'calls[1].inputTokens says inputTokens a second time'],
    [{ calls: [{ ...line, output: 5, reasoning: 6 }] }, 'calls[1] has more reasoning (6) than output (5)'],
    [
      { calls: [{ ...line, per: 'scene' }] },
      'calls[1].per is "scene", and nothing says how many there are; say it under counts, like counts: { scenes: 40 }',
    ],
    [{ counts: { shots: 3 }, calls: [{ ...line, per: 'scene' }] }, 'counts has shots'],
    [{ counts: { scenes: '40' }, calls: [line] }, 'counts.scenes is "40"; it must be a whole number'],
    [{ calls: [{ ...line, calls: 2 ** 52, per: 'scene' }], counts: { scenes: 1000 } }, 'more than can be counted'],
    [{ calls: [{ provider: 'acme', input: 1 }] }, 'calls[1].provider stands without a model'],
    [{ calls: [{ ...line, stage: { name: 'x' } }] }, 'calls[1].stage is {"name":"x"}; it must be text'],
    [{ buffer: 0.1, calls: [line] }, 'buffer is 0.1; it must be a percent from 1 to 1000 with at most two decimals, like 10%, or 0'],
    [{ buffer: '-5%', calls: [line] }, 'buffer is "-5%"; it must be a percent'],
    [{ buffer: '2.345%', calls: [line] }, 'buffer is "2.345%"; it must be a percent'],
  ])('%o', (plan, message) => {
    expect(() => parsePlan(plan, place)).toThrow(message)
  })

  test('and every name of a quantity is one of a meter', () => {
    const { usage } =
      parsePlan(
        {
          calls: [
            { input_tokens: 1, cacheRead: 2, cache_write_1h: 3, output: 9, reasoning: 4, video_seconds: 5.5, pages: 6, audioMinutes: 2 },
          ],
        },
        place,
      ).calls[0] ?? {}
    expect(usage).toEqual({
      inputTokens: 1,
      cacheReadTokens: 2,
      cacheWrite1hTokens: 3,
      outputTokens: 9,
      reasoningTokens: 4,
      videoSeconds: 5.5,
      pages: 6,
      audioSeconds: 120,
    })
  })
})
