import { describe, expect, test } from 'vitest'
import type { Card } from './card.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { priceUsage } from './price-usage.ts'

const now = Date.parse('2026-09-01')

function card(model: string, usd: string, more: Partial<Card> = {}): Card {
  const rates = [{ meter: 'inputTokens', usd, per: 1 } as const]
  return { provider: 'acme', model, rates, source: 'https://acme.example', checkedAt: '2026-08-01', ...more }
}

function catalogOf(shipped: Card[], owner: Card[] = [], refreshed: Card[] = []): Catalog {
  return createCatalog({ owner, refreshed, shipped })
}

function found(catalog: Catalog, model: string, at = now): string | undefined {
  const result = catalog.find('acme', model, at)
  return result && `${result.card.model} at ${result.card.rates[0]?.usd} (${result.origin}, ${result.match})`
}

describe('a name climbs the ladder', () => {
  const catalog = catalogOf([
    card('m-4o', '1', { aliases: ['m-4o-latest', 'big/m-4o'] }),
    card('m-4o-2024-05-13', '2'),
    card('m-mini', '3', { patterns: [{ prefix: 'm-mini' }] }),
    card('haiku-3', '4', { patterns: [{ contains: 'haiku-3' }] }),
  ])

  test.each([
    ['m-4o', 'm-4o at 1 (shipped, exact)'],
    ['m-4o-2024-05-13', 'm-4o-2024-05-13 at 2 (shipped, exact)'],
    ['m-4o-latest', 'm-4o at 1 (shipped, alias)'],
    ['m-4o-2025-01-31', 'm-4o at 1 (shipped, normalised)'],
    ['m-4o-20250131', 'm-4o at 1 (shipped, normalised)'],
    ['m-4o@20250131', 'm-4o at 1 (shipped, normalised)'],
    ['m-4o[1m]', 'm-4o at 1 (shipped, normalised)'],
    ['m-4o-20250131[1m]', 'm-4o at 1 (shipped, normalised)'],
    ['m-4o-20250131-v1:0', 'm-4o at 1 (shipped, normalised)'],
    ['M-4O', 'm-4o at 1 (shipped, normalised)'],
    ['us.m-4o-v1:0', 'm-4o at 1 (shipped, normalised)'],
    ['eu.m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['apac.m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['global.m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['models/m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['publishers/google/models/m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['projects/p1/locations/eu/publishers/google/models/m-4o@20250131', 'm-4o at 1 (shipped, normalised)'],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.m-4o-20250131-v1:0', 'm-4o at 1 (shipped, normalised)'],
    ['acme/m-4o', 'm-4o at 1 (shipped, normalised)'],
    ['m-mini-0613', 'm-mini at 3 (shipped, pattern)'],
    ['us.anthropic.haiku-3-20240307-v1:0', 'haiku-3 at 4 (shipped, pattern)'],
    ['m-4o-evil', undefined],
    ['my-m-4o', undefined],
    ['m-4', undefined],
    ['m-4o-mini', undefined],
    ['m-mini-pro', undefined],
    ['m-mini-preview-05-06', undefined],
    ['m-mini-exp-0827', undefined],
    ['m-mini-experimental', undefined],
    ['m-mini-beta', undefined],
    ['m-mini-5', undefined],
    ['m-mini.5', undefined],
    ['not-haiku-3', undefined],
    ['haiku-3.5', undefined],
    ['m-4o-2024-13-45', undefined],
    ['', undefined],
  ])('"%s": %s', (model, expected) => {
    expect(found(catalog, model)).toBe(expected)
  })

  test('every rung is asked in all layers before the next, the owner first on each', () => {
    const shipped = [card('m', '1', { aliases: ['m-alias'] })]
    expect(found(catalogOf(shipped, [card('m', '9')], [card('m', '5')]), 'm')).toBe('m at 9 (owner, exact)')
    expect(found(catalogOf(shipped, [], [card('m', '5')]), 'm')).toBe('m at 5 (refreshed, exact)')
    // The owner's entry is for `m` and leads to the alias only on a lower rung.
    expect(found(catalogOf(shipped, [card('m', '9')]), 'm-alias')).toBe('m at 1 (shipped, alias)')
    expect(found(catalogOf(shipped, [card('mine', '9', { aliases: ['m-alias'] })]), 'm-alias')).toBe('mine at 9 (owner, alias)')
    expect(found(catalogOf(shipped, [card('m', '9')]), 'm-20250101')).toBe('m at 9 (owner, normalised)')
  })

  test('the pattern that says more of the name wins', () => {
    const overlapping = catalogOf([
      card('any', '1', { patterns: [{ regex: '^.*$' }] }),
      card('short', '2', { patterns: [{ prefix: 'm' }] }),
      card('long', '3', { patterns: [{ prefix: 'm-2024' }] }),
    ])
    expect(found(overlapping, 'm-2024-05-13')).toBe('long at 3 (shipped, pattern)')
    expect(found(overlapping, 'm-0513')).toBe('short at 2 (shipped, pattern)')
    expect(found(overlapping, 'anything at all')).toBe('any at 1 (shipped, pattern)')
  })

  test('a regular expression holds for the whole name', () => {
    const numbered = catalogOf([card('m', '1', { patterns: [{ regex: 'm-\\d+' }] })])
    expect(found(numbered, 'm-12')).toBe('m at 1 (shipped, pattern)')
    expect(found(numbered, 'm-12x')).toBeUndefined()
    expect(found(numbered, 'xm-12')).toBeUndefined()
  })
})

describe('a model that the owner prices', () => {
  const shipped = [
    card('m-4o', '2', { aliases: ['m-4o-2024-08-06', 'm-4o-2024-11-20', 'm-4o-latest'] }),
    card('m-4o-2024-05-13', '5'),
    card('m-4o-2025-02-02', '2'),
    card('n-latest', '3', { aliases: ['n-20250219'] }),
    card('old', '8', { aliases: ['p-20240101'] }),
    card('p', '7'),
  ]
  const catalog = catalogOf(shipped, [card('m-4o', '1'), card('n', '1'), card('p', '1')])

  test.each([
    ['m-4o', 'm-4o at 1 (owner, exact)'],
    ['m-4o-2024-08-06', 'm-4o at 1 (owner, normalised)'],
    ['m-4o-2024-11-20', 'm-4o at 1 (owner, normalised)'],
    ['us.m-4o-2024-11-20-v1:0', 'm-4o at 1 (owner, normalised)'],
    // Listed apart, at the same price: the same model.
    ['m-4o-2025-02-02', 'm-4o at 1 (owner, normalised)'],
    // Listed apart, at a price of its own: another model.
    ['m-4o-2024-05-13', 'm-4o-2024-05-13 at 5 (shipped, exact)'],
    ['m-4o-latest', 'm-4o at 2 (shipped, alias)'],
    ['n-20250219', 'n at 1 (owner, normalised)'],
    ['p-20240101', 'old at 8 (shipped, alias)'],
  ])('%s: %s', (model, expected) => {
    expect(found(catalog, model)).toBe(expected)
  })

  test('has its shipped price under every name while the card of the owner is not in force', () => {
    const dated = catalogOf(shipped, [card('m-4o', '1', { validFrom: '2026-08-15' })])
    expect(found(dated, 'm-4o-2024-08-06', Date.parse('2026-08-14'))).toBe('m-4o at 2 (shipped, alias)')
    expect(found(dated, 'm-4o-2024-08-06', Date.parse('2026-08-15'))).toBe('m-4o at 1 (owner, normalised)')
  })

  test('is another one under a dated name that the owner prices too', () => {
    const both = catalogOf(shipped, [card('m-4o', '1'), card('m-4o-2024-05-13', '4')])
    expect(found(both, 'm-4o-2024-05-13')).toBe('m-4o-2024-05-13 at 4 (owner, exact)')
  })
})

describe('regions that have prices of their own', () => {
  const catalog = catalogOf([
    card('global.claude-opus', '10', { patterns: [{ contains: 'global.claude-opus' }] }),
    card('regional.claude-opus', '11', { aliases: ['claude-opus'], patterns: [{ contains: 'us.claude-opus' }] }),
    card('regional.claude-old', '15', { aliases: ['claude-old'] }),
  ])

  test('are not taken for one another', () => {
    expect(found(catalog, 'global.claude-opus-20260101-v1:0')).toBe('global.claude-opus at 10 (shipped, normalised)')
    expect(found(catalog, 'us.claude-opus-20260101-v1:0')).toMatch('regional.claude-opus at 11')
    expect(found(catalog, 'eu.claude-opus-20260101-v1:0')).toMatch('regional.claude-opus at 11')
    expect(found(catalog, 'global.claude-old')).toBeUndefined()
  })
})

describe('cards with dates', () => {
  const catalog = catalogOf([
    card('m', '3', { validUntil: '2026-03-13' }),
    card('m', '2', { validFrom: '2026-03-13', validUntil: '2026-08-21' }),
    card('m', '1', { validFrom: '2026-08-21' }),
    card('late', '1', { validFrom: '2026-03-13' }),
  ])

  test.each([
    ['2026-03-12T23:59:59.999Z', 'm at 3 (shipped, exact-undated)'],
    ['2026-03-13T00:00:00Z', 'm at 2 (shipped, exact)'],
    ['2026-08-20T23:59:59.999Z', 'm at 2 (shipped, exact)'],
    ['2026-08-21T00:00:00Z', 'm at 1 (shipped, exact)'],
  ])('at %s: %s', (at, expected) => {
    expect(found(catalog, 'm', Date.parse(at))).toBe(expected)
  })

  test('a call before the first of them is unpriced, and says which periods there are', () => {
    const at = Date.parse('2026-03-12')
    const priced = priceUsage(catalog, { provider: 'acme', model: 'late', usage: { inputTokens: 1 }, at })
    expect(priced).toMatchObject({ status: 'unpriced', reason: 'no-card-at-date' })
    expect(priced.status === 'unpriced' && priced.message).toContain('late 2026-03-13 to …')
  })

  test("outside the period of the owner's card the shipped one holds", () => {
    const owned = catalogOf([card('m', '3')], [card('m', '9', { validFrom: '2026-08-15', validUntil: '2026-08-20' })])
    expect(found(owned, 'm', Date.parse('2026-08-16'))).toBe('m at 9 (owner, exact)')
    expect(found(owned, 'm', Date.parse('2026-08-20'))).toBe('m at 3 (shipped, exact)')
  })

  test('of two cards for the same time the one that began later holds, of equals the one written later', () => {
    expect(found(catalogOf([card('m', '1', { validFrom: '2026-02-01' }), card('m', '2', { validFrom: '2026-01-01' })]), 'm')).toMatch(
      'm at 1',
    )
    expect(found(catalogOf([card('m', '1'), card('m', '2')]), 'm')).toMatch('m at 2')
  })
})

describe('a call earlier than what is known of an undated card', () => {
  test('is priced, and its match says so', () => {
    const catalog = catalogOf([card('m', '1', { aliases: ['n'] }), card('k', '2', { knownSince: '2025-01-01' })])
    const before = Date.parse('2026-02-20')
    expect(found(catalog, 'm', before)).toBe('m at 1 (shipped, exact-undated)')
    expect(found(catalog, 'n', before)).toBe('m at 1 (shipped, alias-undated)')
    expect(found(catalog, 'm', Date.parse('2026-08-01'))).toBe('m at 1 (shipped, exact)')
    expect(found(catalog, 'k', before)).toBe('k at 2 (shipped, exact)')
    expect(found(catalog, 'k', Date.parse('2024-12-31'))).toBe('k at 2 (shipped, exact-undated)')
    const priced = priceUsage(catalog, { provider: 'acme', model: 'm-20260101', usage: { inputTokens: 2 }, at: before })
    expect(priced).toMatchObject({ status: 'priced', costNanos: 2_000_000_000n, match: 'normalised-undated' })
  })
})

describe('providers', () => {
  const catalog = catalogOf(
    [card('m', '1', { provider: 'google' }), card('n', '2', { provider: 'aws' })],
    [card('o', '3', { provider: 'Gemini' })],
  )

  test.each(['google', 'gemini', 'Vertex', 'vertex_ai', 'google-vertex', 'gcp.vertex_ai'])('%s is google', (provider) => {
    expect(catalog.find(provider, 'm', now)?.card.provider).toBe('google')
    expect(catalog.find(provider, 'o', now)?.origin).toBe('owner')
  })

  test.each(['bedrock', 'aws', 'amazon-bedrock', 'aws.bedrock'])('%s is aws', (provider) => {
    expect(catalog.find(provider, 'n', now)?.card.provider).toBe('aws')
  })

  test('no provider is given the price of another', () => {
    expect(catalog.find('azure', 'm', now)).toBeUndefined()
    expect(catalog.find('aws', 'm', now)).toBeUndefined()
  })

  test('can be listed, with their cards', () => {
    expect(catalog.providers()).toEqual(['aws', 'google'])
    expect(catalog.cardsOf('vertex').map((each) => each.model)).toEqual(['o', 'm'])
    expect(catalog.cards().map((each) => each.model)).toEqual(['o', 'm', 'n'])
    expect(catalog.cards('owner').map((each) => each.model)).toEqual(['o'])
  })
})

describe('the revision of a catalog', () => {
  test('is the same for the same cards, and another where one differs or moves to another layer', () => {
    const one = catalogOf([card('m', '1')]).revision
    expect(catalogOf([card('m', '1')]).revision).toBe(one)
    expect(catalogOf([card('m', '2')]).revision).not.toBe(one)
    expect(catalogOf([], [card('m', '1')]).revision).not.toBe(one)
    expect(one).toMatch(/^[0-9a-f]{12}$/)
  })
})

test('a name is found however many others were asked for before', () => {
  const catalog = catalogOf([card('m', '1')])
  for (let count = 0; count < 20_050; count += 1) catalog.candidates('acme', `x${count}`)
  expect(found(catalog, 'm')).toBe('m at 1 (shipped, exact)')
  expect(found(catalog, 'x1')).toBeUndefined()
})

describe('a model without a card', () => {
  const catalog = catalogOf([card('m-large', '1'), card('m-small', '2')])
  const message = (provider: string, model: string, usage = {}) => {
    const priced = priceUsage(catalog, { provider, model, usage, at: now })
    return priced.status === 'unpriced' ? priced.message : priced.status
  }

  test('is unpriced, and the message names it, what is near, and the YAML that gives it a price', () => {
    expect(message('acme', 'm-larg', { inputTokens: 1 })).toBe(
      [
        'No price is known for model "m-larg" of provider "acme". Nearest known: m-large. Give it one in purser.yaml:',
        'pricing:',
        '  models:',
        '    m-larg:',
        '      provider: acme',
        '      input_per_million: …',
        '      output_per_million: …',
      ].join('\n'),
    )
  })

  test('asks for the price of what was used', () => {
    expect(message('acme', 'voice', { characters: 12 })).toContain('      per_1k_characters: …')
    expect(message('acme', 'voice', { characters: 12 })).not.toContain('input_per_million')
  })

  test('of an unknown provider is told which provider is near', () => {
    expect(message('acne', 'm-large')).toContain('No card names this provider. Did you mean "acme"?')
  })

  test('with a name that YAML would misread is quoted', () => {
    expect(message('acme', 'weird: name')).toContain('    "weird: name":')
    expect(message('acme', '4')).toContain('    "4":')
    expect(message('acme', 'null')).toContain('    "null":')
  })
})
