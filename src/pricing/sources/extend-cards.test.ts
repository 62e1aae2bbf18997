import { describe, expect, test } from 'vitest'
import type { Card } from '../card.ts'
import { extendCards } from './extend-cards.ts'

const million = 1_000_000
const base: Card = {
  provider: 'acme',
  model: 'm1',
  aliases: ['m-one'],
  rates: [{ meter: 'inputTokens', usd: '2', per: million }],
  unrated: 'as-parent',
  source: 'https://list.example',
  checkedAt: '2026-09-23',
}
const page = { source: 'https://acme.example/prices', checkedAt: '2026-08-01' }

describe('our entries beside generated cards', () => {
  test('a whole card replaces every generated card of its model', () => {
    const whole = { provider: 'acme', model: 'm1', rates: [{ meter: 'images', usd: '0.04', per: 1 }], ...page }
    const old = { ...base, validUntil: '2026-01-01' }
    expect(extendCards([old, base, { ...base, model: 'm2' }], [whole])).toEqual({ own: [whole], generated: [{ ...base, model: 'm2' }] })
  })

  test('an extension keeps the generated card and adds to it, the older date of checking holding', () => {
    const extension = {
      provider: 'acme',
      models: ['m1'],
      extends: 'genai-prices',
      aliases: ['m-uno'],
      rates: [{ meter: 'searches', usd: '10', per: 1000 }],
      modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5' }],
      knownSince: '2026-01-01',
      ...page,
    }
    expect(extendCards([base], [extension])).toEqual({
      own: [
        {
          ...base,
          aliases: ['m-one', 'm-uno'],
          rates: [...base.rates, { meter: 'searches', usd: '10', per: 1000 }],
          modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5' }],
          knownSince: '2026-01-01',
          source: 'https://list.example, https://acme.example/prices',
          checkedAt: '2026-08-01',
        },
      ],
      generated: [],
    })
  })

  test('a rate of the same meter, tier and conditions takes the place of the generated one', () => {
    const extension = {
      provider: 'acme',
      model: 'm1',
      extends: 'genai-prices',
      rates: [{ meter: 'inputTokens', usd: '3', per: million }],
      ...page,
    }
    expect(extendCards([base], [extension]).own[0]?.rates).toEqual([{ meter: 'inputTokens', usd: '3', per: million }])
  })

  test('several extensions of one model follow each other', () => {
    const batch = {
      provider: 'acme',
      model: 'm1',
      extends: 'genai-prices',
      modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5' }],
      ...page,
    }
    const fast = { provider: 'acme', model: 'm1', extends: 'genai-prices', modifiers: [{ when: { speed: 'fast' }, factor: '2' }], ...page }
    expect(extendCards([base], [batch, fast]).own[0]?.modifiers).toEqual([
      { when: { serviceTier: 'batch' }, factor: '0.5' },
      { when: { speed: 'fast' }, factor: '2' },
    ])
  })

  test('an extension for one period leaves the others as they are', () => {
    const before = { ...base, validUntil: '2026-03-13' }
    const after = { ...base, validFrom: '2026-03-13' }
    const extension = {
      provider: 'acme',
      model: 'm1',
      extends: 'genai-prices',
      inForceOn: '2026-04-01',
      modifiers: [{ when: { speed: 'fast' }, factor: '2' }],
      ...page,
    }
    expect(extendCards([before, after], [extension]).own.map((card) => card.modifiers?.length)).toEqual([undefined, 1])
  })

  test('a model that was not generated cannot be extended', () => {
    const extension = { provider: 'acme', model: 'm9', extends: 'genai-prices', ...page }
    expect(() => extendCards([base], [extension])).toThrow('acme/m9 extends genai-prices, which has no such model left')
  })

  test('a mistyped key is refused with the entry it stands in', () => {
    const entry = { provider: 'acme', model: 'm1', rates: [{ meter: 'inputTokens', usd: 2, per: million }], ...page }
    expect(() => extendCards([], [entry])).toThrow('Card 1 (acme/m1), rates.0.usd')
  })
})
