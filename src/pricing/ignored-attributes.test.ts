import { describe, expect, test } from 'vitest'
import type { Attributes } from '../usage/usage.ts'
import type { Card } from './card.ts'
import { createCatalog } from './catalog.ts'
import { ignoredAttributeWarnings } from './ignored-attributes.ts'
import { priceUsage } from './price-usage.ts'
import type { Priced, PriceRequest } from './priced.ts'

const painter: Card = {
  provider: 'acme',
  model: 'painter',
  rates: [
    { meter: 'images', usd: '0.04', per: 1 },
    { meter: 'images', usd: '0.12', per: 1, when: { attributes: { size: '4k' } } },
    { meter: 'images', usd: '0.08', per: 1, when: { attributes: { quality: 'hd' } } },
    { meter: 'requests', usd: '0', per: 1 },
    { meter: 'outputTokens', usd: '10', per: 1_000_000 },
  ],
  modifiers: [{ when: { attributes: { region: 'moon' } }, factor: '2' }],
  defaults: { size: ['1k'], quality: ['standard'] },
  source: 'https://acme.example/prices',
  checkedAt: '2026-08-01',
}
const catalog = createCatalog({ owner: [], refreshed: [], shipped: [painter] })

function priced(usage: PriceRequest['usage']): Priced {
  return priceUsage(catalog, { provider: 'acme', model: 'painter', usage, at: Date.parse('2026-09-01') })
}

function ignored(attributes: Attributes, usage: PriceRequest['usage'] = { images: 1 }): string[] {
  const price = priced({ ...usage, attributes })
  return price.status === 'unpriced' ? [price.reason] : (price.ignoredAttributes ?? []).map(({ name }) => name)
}

describe('an attribute by which the card does not go', () => {
  test('is named where one by which it goes is left out: the price is that of the default', () => {
    expect(ignored({ resolution: '4K' })).toEqual(['resolution'])
    expect(ignored({ resolution: '4K', quality: 'hd' })).toEqual(['resolution'])
    expect(ignored({ Size: '4k', style: 'vivid' })).toEqual(['Size', 'style'])
    expect(priced({ images: 1, attributes: { resolution: '4K' } })).toMatchObject({ status: 'priced', costNanos: 40_000_000n })
  })

  test('is not named where all by which it goes are given: the card has no need of more', () => {
    expect(ignored({ size: '1k', quality: 'hd', style: 'vivid' })).toEqual([])
    expect(priced({ images: 1, attributes: { size: '1k', quality: 'hd', style: 'vivid' } })).not.toHaveProperty('ignoredAttributes')
  })

  test('is not named where what was used costs the same whatever the attributes', () => {
    expect(ignored({ style: 'vivid' }, { requests: 1 })).toEqual([])
    expect(ignored({ style: 'vivid' }, { images: 0, requests: 1 })).toEqual([])
  })

  test('is named where a modifier on what was used goes by another one', () => {
    expect(ignored({ zone: 'moon' }, { outputTokens: 1 })).toEqual(['zone'])
  })

  test('is nothing of which an attribute that the card knows is one', () => {
    expect(ignored({ size: '1k' })).toEqual([])
    expect(ignored({ region: 'moon' })).toEqual([])
    expect(ignored({})).toEqual([])
  })

  test('becomes a warning that says by what the card goes', () => {
    expect(ignoredAttributeWarnings(priced({ images: 1, attributes: { resolution: '4K', quality: 'hd' } }))).toEqual([
      {
        code: 'ignored-attribute',
        message: 'The price of acme/painter does not go by "resolution" but by size (1k, 4k), which is not given: the default was taken.',
      },
    ])
    expect(ignoredAttributeWarnings(priced({ images: 1 }))).toEqual([])
    expect(ignoredAttributeWarnings(priced({ images: 1, attributes: { size: '8k' } }))).toEqual([])
  })
})
