import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { promptTokensAtMost } from '../usage/requests/call-request.ts'
import type { CallRequest } from '../usage/requests/call-request.ts'
import { type Meter, meterNames, meters } from '../usage/meters.ts'
import type { Usage } from '../usage/usage.ts'
import { boundRequest } from './bound-request.ts'
import type { Card, Rate } from './card.ts'
import { createCatalog, type Catalog } from './catalog.ts'
import { loadShippedCatalog } from './load-shipped.ts'
import { priceUsage } from './price-usage.ts'

const shipped = loadShippedCatalog()
const cards = shipped.cards()
const hour = 3_600_000

/** Numbers that lie on both sides of every threshold that cards have. */
const promptSize = fc.oneof(
  fc.integer({ min: 0, max: 500 }),
  fc.integer({ min: 0, max: 600_000 }),
  fc
    .tuple(fc.constantFrom(32_000, 100_000, 128_000, 200_000, 256_000, 272_000), fc.integer({ min: -1, max: 1 }))
    .map(([from, by]) => from + by),
)
const share = fc.double({ min: 0, max: 1, noNaN: true })
const part = (whole: number, of: number) => Math.floor(whole * of)

/** What a usage does with what its request allows. */
const choice = fc.record({
  used: fc.oneof(fc.constant(1), share),
  cached: share,
  written: share,
  writtenLong: share,
  media: share,
  answered: fc.oneof(fc.constant(1), share),
  reasoned: share,
  otherOutput: share,
  quantities: fc.oneof(fc.constant(1), share),
  later: share,
  tier: fc.nat(),
  region: fc.nat(),
  speed: fc.nat(),
  attribute: fc.nat(),
})
type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never

const sold = ['images', 'characters', 'audioSeconds', 'videoSeconds', 'searches', 'pages'] as const satisfies readonly Meter[]
const shape = fc.record({
  prompt: promptSize,
  image: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 })),
  audio: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 })),
  output: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 130_000 })),
  choices: fc.integer({ min: 1, max: 4 }),
  writes: fc.subarray(['cacheWrite5mTokens', 'cacheWrite1hTokens'] as const),
  tiers: fc.oneof(
    fc.constantFrom([''], ['', 'flex', 'priority', 'fast'], ['', 'batch']),
    fc.uniqueArray(fc.constantFrom('', 'batch', 'flex', 'priority', 'fast'), { minLength: 1 }),
  ),
  speeds: fc.constantFrom([''], ['', 'fast'], ['fast', '']),
  regions: fc.subarray(['', 'us', 'eu'], { minLength: 1 }),
  outputMeters: fc.subarray(['audioOutputTokens', 'imageOutputTokens', 'videoOutputTokens'] as const),
  sold: fc.dictionary(fc.constantFrom(...sold), fc.integer({ min: 1, max: 5000 })),
  open: fc.boolean(),
  minutes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 * 24 * 8 })),
})
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

function toRequest(card: Card, given: Shape, tokensOnly: boolean): CallRequest {
  const rated = new Set(card.rates.map((rate) => rate.meter))
  const asked = Object.entries(given.sold).filter(([meter]) => !tokensOnly && rated.has(meter as Meter))
  const media = { imageInputTokens: given.image, audioInputTokens: given.audio }
  const ratedMedia = Object.entries(media).filter(([meter, tokens]) => tokens > 0 && rated.has(meter as Meter))
  const names = new Set(card.rates.flatMap((rate) => Object.keys(rate.when?.attributes ?? {})))
  return {
    provider: card.provider,
    model: card.model,
    fallbacks: [],
    fallbacksAddUp: false,
    promptBytes: rated.has('inputTokens') ? given.prompt : 0,
    overheadTokens: 0,
    promptReadings: 1,
    maxOutputTokens: given.output,
    outputTokensOnTop: 0,
    leastOutputTokens: 1,
    choices: given.choices,
    outputMeters: rated.has('outputTokens') ? ['outputTokens'] : [],
    possibleOutputMeters: given.outputMeters,
    quantities: Object.fromEntries([...asked, ...ratedMedia]),
    cacheWrites: given.writes,
    serviceTiers: given.tiers,
    speeds: given.speeds,
    regions: given.regions,
    attributes: given.open ? Object.fromEntries([...names].map((name) => [name, '*'])) : {},
    unbounded: [],
  }
}

/** Some usage within a request: its prompt split over caches, its media counted as such or as text, any part of its answer. */
function usageWithin(request: CallRequest, card: Card, given: Choice): Usage {
  const prompt = part(promptTokensAtMost(request), given.used)
  const usage: { -readonly [M in Meter]?: number } = {}
  const add = (meter: Meter, tokens: number) => {
    if (tokens > 0) usage[meter] = (usage[meter] ?? 0) + tokens
  }
  const cached = part(prompt, given.cached)
  const written = part(prompt - cached, given.written)
  const long = part(written, given.writtenLong)
  add('cacheReadTokens', cached)
  add(request.cacheWrites.includes('cacheWrite1hTokens') ? 'cacheWrite1hTokens' : 'inputTokens', long)
  add(request.cacheWrites.includes('cacheWrite5mTokens') ? 'cacheWrite5mTokens' : 'inputTokens', written - long)
  add('inputTokens', prompt - cached - written)
  for (const [name, most = 0] of Object.entries(request.quantities)) {
    const meter = name as Meter
    const quantity = part(most, given.quantities)
    const asText = meters[meter].unit === 'token' ? part(quantity, given.media) : 0
    add(meter, quantity - asText)
    add('inputTokens', asText)
  }
  const output = request.outputMeters.length === 0 ? 0 : part((request.maxOutputTokens ?? 0) * request.choices, given.answered)
  const other = request.possibleOutputMeters[0]
  const inOther = other === undefined ? 0 : part(output, given.otherOutput)
  if (other !== undefined) add(other, inOther)
  add('outputTokens', output - inOther)
  add('reasoningTokens', part(output - inOther, given.reasoned))
  const open = Object.keys(request.attributes)
  const attributes = open.flatMap((name) => {
    const values = card.rates.flatMap((rate) => rate.when?.attributes?.[name] ?? [])
    const value = [...values, undefined][given.attribute % (values.length + 1)]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...usage, ...(attributes.length > 0 ? { attributes: Object.fromEntries(attributes) } : {}) }
}

interface Tally {
  bounded: number
  priced: number
}

/** Nothing that the request allows may cost more than its bound. */
function checkSound(catalog: Catalog, card: Card, given: Shape, choices: readonly Choice[], tokensOnly: boolean, tally: Tally): void {
  const from = card.validFrom === undefined ? Date.parse('2026-10-20T00:00:00Z') : Date.parse(card.validFrom)
  const at = Math.min(from + given.prompt * 977, card.validUntil === undefined ? Infinity : Date.parse(card.validUntil) - 1)
  const untilMs = at + given.minutes * 60_000
  const request = toRequest(card, given, tokensOnly)
  const bound = boundRequest(catalog, request, { at, untilMs })
  if (bound.kind !== 'bounded') return
  tally.bounded += 1
  for (const each of choices) {
    const usage = usageWithin(request, card, each)
    const priced = priceUsage(catalog, {
      provider: card.provider,
      model: card.model,
      usage,
      at: at + Math.floor(each.later * (untilMs - at)),
      serviceTier: request.serviceTiers[each.tier % request.serviceTiers.length] ?? '',
      speed: request.speeds[each.speed % request.speeds.length] ?? '',
      region: request.regions[each.region % request.regions.length] ?? '',
    })
    if (priced.status === 'unpriced') continue
    tally.priced += 1
    if (priced.costNanos > bound.cost.worst) {
      expect.fail(`${card.provider}/${card.model} costs ${priced.costNanos}, bounded by ${bound.cost.worst}: ${JSON.stringify(usage)}`)
    }
    const tokens = meterNames.reduce(
      (sum, meter) => (meters[meter].unit === 'token' && meter !== 'reasoningTokens' ? sum + (usage[meter] ?? 0) : sum),
      0,
    )
    expect(tokens).toBeLessThanOrEqual(bound.tokens.worst)
  }
}

describe('no call costs more than the bound of its request', () => {
  test('on every shipped card, served in any way that the request allows', { timeout: 120_000 }, () => {
    const tally = { bounded: 0, priced: 0 }
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: cards.length - 1 }),
        shape,
        fc.array(choice, { minLength: 3, maxLength: 6 }),
        fc.boolean(),
        (index, given, choices, tokensOnly) => checkSound(shipped, cards[index] as Card, given, choices, tokensOnly, tally),
      ),
      { numRuns: 9000 },
    )
    expect(tally.bounded).toBeGreaterThan(3000)
    expect(tally.priced).toBeGreaterThan(5000)
  })

  test('on the cards with conditions, which are few, and their hours', { timeout: 120_000 }, () => {
    const special = cards.filter(
      (card) =>
        (card.modifiers ?? []).length > 0 ||
        card.rates.some((rate) => rate.when !== undefined || rate.minimum !== undefined || rate.from !== undefined),
    )
    const tally = { bounded: 0, priced: 0 }
    fc.assert(
      fc.property(
        fc.constantFrom(...special),
        shape,
        fc.array(choice, { minLength: 3, maxLength: 6 }),
        fc.boolean(),
        (card, given, choices, tokensOnly) => checkSound(shipped, card, given, choices, tokensOnly, tally),
      ),
      { numRuns: 9000 },
    )
    expect(tally.bounded).toBeGreaterThan(2500)
    expect(tally.priced).toBeGreaterThan(5000)
  })

  test(
    'on made-up cards: marginal tiers, cheaper higher tiers, minimums, increments, alternatives, dear caches',
    { timeout: 120_000 },
    () => {
      const tally = { bounded: 0, priced: 0 }
      fc.assert(
        fc.property(madeUpCard, shape, fc.array(choice, { minLength: 3, maxLength: 6 }), (card, given, choices) =>
          checkSound(createCatalog({ owner: [], refreshed: [], shipped: [card] }), card, given, choices, false, tally),
        ),
        { numRuns: 9000 },
      )
      expect(tally.bounded).toBeGreaterThan(1500)
      expect(tally.priced).toBeGreaterThan(4000)
    },
  )
})

const usd = fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 2, max: 7 })).map(([digits, scale]) => {
  const text = String(digits).padStart(scale + 1, '0')
  return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`
})
const rates = fc.uniqueArray(fc.constantFrom(...meterNames), { minLength: 3, maxLength: 12 }).chain((named) =>
  fc.tuple(
    ...[...new Set<Meter>(['inputTokens', 'outputTokens', ...named])].map((meter) =>
      fc.record(
        {
          meter: fc.constant(meter),
          usd,
          per: fc.constantFrom(1000, 60, 1_000_000),
          from: fc.constantFrom(32_000, 128_000, 200_000),
          minimum: fc.constantFrom(10, 1000),
          increment: fc.constantFrom(7, 60),
          when: fc.constantFrom(
            { serviceTier: 'priority' },
            { region: 'us' },
            { hours: [{ from: '09:00', to: '17:30', zone: 'Europe/Paris', weekdays: [1, 2, 3] }] },
            { hours: [{ from: '22:00', to: '02:00', zone: 'America/New_York' }] },
          ),
        },
        { requiredKeys: ['meter', 'usd', 'per'] },
      ),
    ),
  ),
)
const madeUpCard: fc.Arbitrary<Card> = fc
  .tuple(
    rates,
    fc.array(
      fc.record({
        meter: fc.constantFrom<Meter>('inputTokens', 'outputTokens', 'cacheReadTokens'),
        usd,
        per: fc.constant(1_000_000),
        from: fc.constantFrom(32_000, 128_000, 200_000),
      }),
    ),
    fc.constantFrom('whole', 'marginal'),
    fc.constantFrom('>', '>='),
    fc.array(
      fc.record({
        when: fc.constantFrom({ serviceTier: 'priority' }, { serviceTier: 'batch' }, { region: 'us' }, { speed: 'fast' }),
        factor: fc.constantFrom('0', '0.5', '1.1', '2', '6'),
      }),
      { maxLength: 3 },
    ),
    fc.constantFrom(undefined, 'as-parent', 'partial'),
    fc.boolean(),
  )
  .map(([first, tiers, mode, comparison, modifiers, unrated, once]) => ({
    provider: 'p',
    model: 'm',
    // Each meter has a rate that always holds, so that a plain call is priced.
    rates: [...first.map((rate): Rate => ({ meter: rate.meter, usd: rate.usd, per: rate.per })), ...(first as Rate[]), ...tiers],
    modifiers,
    tier: { mode, comparison } as const,
    ...(unrated === undefined ? {} : { unrated: unrated as 'as-parent' | 'partial' }),
    ...(once ? { alternatives: [{ meter: 'images', billedBy: ['imageInputTokens', 'outputTokens', 'imageOutputTokens'] }] as const } : {}),
    source: 's',
    checkedAt: '2026-01-01',
  }))

test('a longer period never has a lower bound', () => {
  const deepSeek = cards.filter((card) => card.rates.some((rate) => rate.when?.hours !== undefined))
  fc.assert(
    fc.property(fc.constantFrom(...deepSeek), shape, fc.integer({ min: 0, max: 24 * 7 }), (card, given, hours) => {
      const at = Date.parse(card.validFrom ?? '2026-10-20T00:00:00Z') + hour
      const request = toRequest(card, given, true)
      const [short, long] = [0, hours * hour].map((span) => boundRequest(shipped, request, { at, untilMs: at + span }))
      if (short?.kind !== 'bounded' || long?.kind !== 'bounded') return true
      return long.cost.worst >= short.cost.worst
    }),
    { numRuns: 300 },
  )
})
