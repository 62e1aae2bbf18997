import { describe, expect, test } from 'vitest'
import { readRequest } from '../usage/requests/read-request.ts'
import { boundRequest } from './bound-request.ts'
import type { Card } from './card.ts'
import { createCatalog } from './catalog.ts'
import { loadShippedCatalog } from './load-shipped.ts'

const shipped = loadShippedCatalog()
const at = Date.parse('2026-11-01')
const plain = (body: object, provider = 'openai') => readRequest({ provider, api: 'plain', body })

function worst(card: Partial<Card>, body: object, period = { at }) {
  const full: Card = { provider: 'p', model: 'm', rates: [], source: 's', checkedAt: '2026-01-01', ...card }
  const bound = boundRequest(
    createCatalog({ owner: [], refreshed: [], shipped: [full] }),
    plain({ model: 'm', cacheWrites: [], ...body }, 'p'),
    period,
  )
  return bound.kind === 'bounded' ? bound.cost.worst : bound
}

const io = (input: string, output: string, from?: number) => [
  { meter: 'inputTokens', usd: input, per: 1_000_000, ...(from === undefined ? {} : { from }) } as const,
  { meter: 'outputTokens', usd: output, per: 1_000_000, ...(from === undefined ? {} : { from }) } as const,
]

describe('the dearest tier that a prompt can reach', () => {
  const rates = [...io('1', '10'), ...io('2', '20', 1000)]

  test.each([
    ['at the threshold, where it begins above', '>', 1000, 1_000n * 1000n + 10_000n * 10n],
    ['one above it', '>', 1001, 2_000n * 1001n + 20_000n * 10n],
    ['at the threshold, where it begins with it', '>=', 1000, 2_000n * 1000n + 20_000n * 10n],
    ['one below it', '>=', 999, 1_000n * 999n + 10_000n * 10n],
  ] as const)('%s', (_, comparison, inputTokens, nanos) => {
    expect(worst({ rates, tier: { mode: 'whole', comparison } }, { inputTokens, maxOutputTokens: 10 })).toBe(nanos)
  })

  test('a lower tier that costs more counts, with the largest prompt in it', () => {
    // A prompt of 1000 at $4 costs more than one of 1500 at $2.
    const falling = [...io('4', '10'), ...io('2', '10', 1000)]
    expect(worst({ rates: falling }, { inputTokens: 1500, maxOutputTokens: 0 })).toBe(4_000n * 1000n)
    expect(worst({ rates: falling }, { inputTokens: 2500, maxOutputTokens: 0 })).toBe(2_000n * 2500n)
  })

  test('marginal tiers charge each token by its place', () => {
    const tier = { mode: 'marginal', comparison: '>' } as const
    // 1000 × $1 + 500 × $2, output by the base tier.
    expect(worst({ rates, tier }, { inputTokens: 1500, maxOutputTokens: 10 })).toBe(1_000n * 1000n + 2_000n * 500n + 10_000n * 10n)
  })
})

describe('a bound rounds up', () => {
  test('to the nano, once', () => {
    // 1 × $0.0000000015 + 1 × $0.0000000005 = 2 nanos; a fraction more is three.
    expect(worst({ rates: io('0.0015', '0.0005') }, { inputTokens: 1, maxOutputTokens: 1 })).toBe(2n)
    expect(worst({ rates: io('0.0015', '0.00050000001') }, { inputTokens: 1, maxOutputTokens: 1 })).toBe(3n)
  })

  test('and never beyond what a ledger can hold, as no charge is either', () => {
    expect(worst({ rates: io('1000000', '1') }, { inputTokens: 2 ** 52, maxOutputTokens: 1 })).toBe(2n ** 63n - 1n)
  })
})

describe('what a card bills beside the rates', () => {
  test('a request, a minimum and an increment', () => {
    const requests = { meter: 'requests', usd: '0.005', per: 1 } as const
    expect(worst({ rates: [...io('1', '1'), requests] }, { inputTokens: 0, maxOutputTokens: 1 })).toBe(5_001_000n)
    const seconds = { meter: 'audioSeconds', usd: '0.06', per: 60, minimum: 10, increment: 60 } as const
    expect(worst({ rates: [seconds] }, { quantities: { audioSeconds: 61 } })).toBe(120_000_000n)
  })

  test('an attribute that the provider chooses takes its dearest value', () => {
    const rates = [
      { meter: 'images', usd: '0.04', per: 1 },
      { meter: 'images', usd: '0.08', per: 1, when: { attributes: { quality: 'hd' } } },
    ] as const
    expect(worst({ rates }, { quantities: { images: 2 } })).toBe(80_000_000n)
    expect(worst({ rates }, { quantities: { images: 2 }, attributes: { quality: '*' } })).toBe(160_000_000n)
  })
})

describe('other models', () => {
  test('of another provider may be served in any way and write to any cache', () => {
    // $5 × 2 for a write of an hour × 1.1 in the US; $25 × 1.1.
    const request = plain({
      model: 'gpt-4o-mini',
      inputTokens: 1000,
      maxOutputTokens: 100,
      fallbacks: [{ provider: 'anthropic', model: 'claude-opus-5' }],
    })
    expect(boundRequest(shipped, request, { at })).toMatchObject({
      kind: 'bounded',
      cost: { worst: 11_000_000n + 2_750_000n },
      dearest: { provider: 'anthropic', model: 'claude-opus-5', region: 'us' },
      calls: 1,
      maxOutputTokens: 100,
      revision: shipped.revision,
    })
  })

  test('one without a price leaves all unpriced, with the tokens known', () => {
    const request = plain({ model: 'gpt-4o-mini', inputTokens: 1000, maxOutputTokens: 100, fallbacks: ['unheard-of'] })
    expect(boundRequest(shipped, request, { at })).toMatchObject({
      kind: 'unpriced',
      tokens: { worst: 1100 },
      message: expect.stringContaining('unheard-of'),
    })
  })
})

describe('a period', () => {
  test('in which a dearer card begins is bounded by it', () => {
    // eleven_v4 costs $0.022 for 1000 characters until 2026-10-12, then $0.08.
    const request = plain({ model: 'eleven_v4', quantities: { characters: 1000 } }, 'elevenlabs')
    const before = Date.parse('2026-10-11T23:59:00Z')
    expect(boundRequest(shipped, request, { at: before })).toMatchObject({ cost: { worst: 22_000_000n } })
    expect(boundRequest(shipped, request, { at: before, untilMs: before + 60_000 })).toMatchObject({ cost: { worst: 80_000_000n } })
  })
})
