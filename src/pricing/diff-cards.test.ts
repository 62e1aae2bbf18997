import { describe, expect, test } from 'vitest'
import type { Card } from './card.ts'
import { diffCards } from './diff-cards.ts'

const million = 1_000_000

function card(model: string, usd: string, more: Partial<Card> = {}): Card {
  return {
    provider: 'acme',
    model,
    rates: [{ meter: 'inputTokens', usd, per: million }],
    source: 'https://acme.example/prices',
    checkedAt: '2026-08-01',
    ...more,
  }
}

describe('what a new list changes', () => {
  test('models that come and go, in order of their names', () => {
    expect(diffCards([card('b', '1'), card('a', '1')], [card('d', '1'), card('b', '1'), card('c', '1')])).toEqual({
      added: [
        { provider: 'acme', model: 'c' },
        { provider: 'acme', model: 'd' },
      ],
      removed: [{ provider: 'acme', model: 'a' }],
      changed: [],
    })
  })

  test('a rate that changes, in percent', () => {
    expect(diffCards([card('m1', '2.5')], [card('m1', '2')]).changed).toEqual([
      {
        provider: 'acme',
        model: 'm1',
        rates: [{ meter: 'inputTokens', before: { usd: '2.5', per: million }, after: { usd: '2', per: million }, percent: -20 }],
        other: [],
      },
    ])
  })

  test('a rate that is new, is gone, or was free', () => {
    const before = card('m1', '0', {
      rates: [
        { meter: 'inputTokens', usd: '0', per: million },
        { meter: 'images', usd: '1', per: 1 },
      ],
    })
    const after = card('m1', '1', {
      rates: [
        { meter: 'inputTokens', usd: '1', per: million },
        { meter: 'inputTokens', usd: '2', per: million, from: 200_000 },
      ],
    })
    expect(diffCards([before], [after]).changed[0]?.rates).toEqual([
      { meter: 'inputTokens', before: { usd: '0', per: million }, after: { usd: '1', per: million }, percent: null },
      { meter: 'inputTokens', from: 200_000, before: null, after: { usd: '2', per: million }, percent: null },
      { meter: 'images', before: { usd: '1', per: 1 }, after: null, percent: null },
    ])
  })

  test('periods of one model are compared each with its own', () => {
    const first = card('m1', '1', { validUntil: '2026-06-01' })
    const second = card('m1', '2', { validFrom: '2026-06-01' })
    expect(
      diffCards([first, second], [first, { ...second, rates: [{ meter: 'inputTokens', usd: '3', per: million }] }]).changed,
    ).toMatchObject([{ model: 'm1', validFrom: '2026-06-01', rates: [{ percent: 50 }] }])
  })

  test('the same amount in other units, order, source or date is no change', () => {
    const two = [{ meter: 'inputTokens', usd: '2', per: million } as const, { meter: 'outputTokens', usd: '8', per: million } as const]
    const same = card('m1', '', {
      rates: [
        { meter: 'outputTokens', usd: '8.00', per: million },
        { meter: 'inputTokens', usd: '0.002', per: 1000 },
      ],
      source: 'elsewhere',
      checkedAt: '2026-09-01',
      note: 'read again',
    })
    expect(diffCards([card('m1', '', { rates: two })], [same])).toEqual({ added: [], removed: [], changed: [] })
  })

  test('other parts of a card that differ are named', () => {
    const after = card('m1', '1', { modifiers: [{ when: { serviceTier: 'batch' }, factor: '0.5' }], aliases: ['m-one'] })
    expect(diffCards([card('m1', '1')], [after]).changed).toEqual([
      { provider: 'acme', model: 'm1', rates: [], other: ['modifiers', 'aliases'] },
    ])
  })
})
